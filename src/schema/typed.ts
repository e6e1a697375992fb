import { validateSchema, type GraphQLSchema } from "graphql";
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { EventType } from "../domain/catalog/entry.ts";
import { dataTypeName } from "../domain/catalog/graphql-names.ts";
import { Lru } from "../domain/lru.ts";
import { ownTypesOf, withMembers, type OwnTypes } from "./own-types.ts";

/**
 * Bytes of all the schemas that are kept. Measured on Node.js 26, beside a main schema of 1,377 fields: one own type of 5
 * fields takes 360 KB; 20 of 33 fields 690 KB; 200 of 53 fields 6.1 MB. A stream holds the schema that it began with for as
 * long as it lasts.
 */
const KEPT = 64 * 1024 * 1024;
/** Of the copy of the main schema's types, and of each field. */
const MAIN_BYTES = 375_000;
const FIELD_BYTES = 600;

interface Known {
  /** What the schema was made from: a change makes another one. */
  readonly catalog: Catalog;
  readonly schema: GraphQLSchema;
  /** By the name of the GraphQL type. */
  readonly own: ReadonlyMap<string, Made>;
}

interface Made extends OwnTypes {
  readonly from: EventType;
}

/** The schema of each tenant: the main one, with the types of its own event types. Made when it is first asked for. */
export class TypedSchemas {
  readonly #main: GraphQLSchema;
  readonly #tenants = new Lru<string, Known>(KEPT);
  readonly #underWay = new Map<
    string,
    { readonly catalog: Catalog; readonly end: Promise<void> }
  >();

  constructor(main: GraphQLSchema) {
    this.#main = main;
  }

  /** Makes what `of` will return, with rests in between: of hundreds of types it takes as long as many deliveries. */
  prepare(tenantId: string, catalog: Catalog, rest: () => Promise<void>): Promise<void> {
    if (catalog.own.length === 0 || this.#tenants.get(tenantId)?.catalog === catalog)
      return Promise.resolve();
    const running = this.#underWay.get(tenantId);
    if (running?.catalog === catalog) return running.end;
    const end = this.#prepare(tenantId, catalog, rest).finally(() => {
      if (this.#underWay.get(tenantId)?.end === end) this.#underWay.delete(tenantId);
    });
    this.#underWay.set(tenantId, { catalog, end });
    return end;
  }

  of(tenantId: string, catalog: Catalog): GraphQLSchema {
    const known = this.#tenants.get(tenantId);
    if (known?.catalog === catalog) return known.schema;
    const added = this.#added(catalog);
    if (added.size === 0) return this.#main;
    const own = new Map([...added].map(([name, type]) => [name, this.#made(name, type, known)]));
    return this.#keep(tenantId, catalog, own);
  }

  async #prepare(tenantId: string, catalog: Catalog, rest: () => Promise<void>): Promise<void> {
    const known = this.#tenants.get(tenantId);
    const added = this.#added(catalog);
    if (added.size === 0) return;
    const own = new Map<string, Made>();
    let fields = 0;
    for (const [name, type] of added) {
      const made = this.#made(name, type, known);
      own.set(name, made);
      fields += made.fields;
      if (fields < FIELDS) continue;
      fields = 0;
      await rest();
    }
    await rest();
    const schema = this.#keep(tenantId, catalog, own);
    await rest();
    // Whatever is asked first would do it; what it finds is kept in the schema.
    validateSchema(schema);
    await rest();
  }

  /** Names are refused when they are taken; one that is all the same must not stop the endpoint. Retired types explain past events. */
  #added({ own }: Catalog): ReadonlyMap<string, EventType> {
    const byName = new Map(own.map((type) => [dataTypeName(type.name), type]));
    return new Map([...byName].filter(([name]) => !this.#main.getType(name)));
  }

  /** What has not changed is the same in one schema as in the next. */
  #made(name: string, type: EventType, known: Known | undefined): Made {
    const before = known?.own.get(name);
    return before && isSame(before.from, type)
      ? before
      : { from: type, ...ownTypesOf(this.#main, type) };
  }

  #keep(tenantId: string, catalog: Catalog, own: ReadonlyMap<string, Made>): GraphQLSchema {
    const schema = withMembers(this.#main, [...own.values()]);
    const fields = [...own.values()].reduce((sum, made) => sum + made.fields, 0);
    this.#tenants.set(tenantId, { catalog, schema, own }, MAIN_BYTES + fields * FIELD_BYTES);
    return schema;
  }
}

/** Fields that are made before others have their turn: about 2 ms of work. */
const FIELDS = 500;

/** Schemas of the same text are one object. */
function isSame(before: EventType, after: EventType): boolean {
  return (
    before.name === after.name &&
    before.description === after.description &&
    before.schema === after.schema
  );
}
