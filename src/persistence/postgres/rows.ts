/** Runs a statement that is prepared once for each connection. Its text must be one of few. */
export type Query = <R extends object>(text: string, values?: readonly unknown[]) => Promise<R[]>;

/** The column of a property. */
function columnOf(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Rows as one JSON text, each property under the name of its column: what `json_populate_recordset` takes. */
export function recordset(rows: readonly object[]): string {
  return JSON.stringify(rows.map(recordOf));
}

const columns = new Map<string, string>();

function recordOf(row: object): object {
  const record: Record<string, unknown> = {};
  for (const [property, value] of Object.entries(row)) {
    let column = columns.get(property);
    if (column === undefined) columns.set(property, (column = columnOf(property)));
    record[column] =
      value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : value;
  }
  return record;
}

/** An insert of all rows of a recordset. */
export function insertAll(table: string): string {
  return `insert into ${table} select * from json_populate_recordset(null::${table}, $1)`;
}
