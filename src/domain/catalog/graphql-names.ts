/** What the schema itself calls its types, or may: an event type whose type would be called so can't have one. */
export const RESERVED_TYPE_NAMES: ReadonlySet<string> = new Set(["EventData", "CustomEventData"]);

/**
 * The GraphQL field of a JSON key. Letters that GraphQL does not know are written by their numbers, so that names of other
 * alphabets stay apart; still, two keys may come to the same name.
 */
export function fieldName(key: string): string {
  const name = key
    .replaceAll(/[^\0-\x7f]/gu, (letter) => `_u${numberOf(letter)}`)
    .replaceAll(/[^_A-Za-z0-9]/gu, "_")
    // Names with two underscores before them are GraphQL's own.
    .replace(/^__+/, "_")
    .replace(/^(?=\d)/, "_");
  return name || "_";
}

function numberOf(letter: string): string {
  return letter.codePointAt(0)!.toString(16).padStart(4, "0");
}

/** The GraphQL type of an event type's payload: PaymentReceivedData of payment_received. */
export function dataTypeName(eventTypeName: string): string {
  return `${pascal(eventTypeName)}Data`;
}

/**
 * The type of an object inside another: OrderCreatedData_Customer. A part never has an underscore of its own, so that `a_b` and
 * `b` within `a` are told apart.
 */
export function nestedTypeName(typeName: string, key: string): string {
  return `${typeName}_${pascal(fieldName(key)) || "_"}`;
}

/** payment_received, payment-received and paymentReceived: PaymentReceived. */
export function pascal(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/);
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

export interface TypeNameClash {
  readonly name: string;
  readonly typeName: string;
  /** The event type that has this GraphQL name already; null for one of the schema's own types. */
  readonly takenBy: string | null;
}

/** The event types whose GraphQL type has the name of an earlier one's, such as a1 after a_1. */
export function typeNameClashes(eventTypeNames: readonly string[]): readonly TypeNameClash[] {
  const taken = new Map<string, string | null>();
  for (const reserved of RESERVED_TYPE_NAMES) taken.set(reserved, null);
  const clashes: TypeNameClash[] = [];
  for (const name of new Set(eventTypeNames)) {
    const typeName = dataTypeName(name);
    const takenBy = taken.get(typeName);
    if (takenBy === undefined) taken.set(typeName, name);
    else clashes.push({ name, typeName, takenBy });
  }
  return clashes;
}
