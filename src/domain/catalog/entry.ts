import type { GroupName } from "./groups.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface EventTypeAlias {
  readonly name: string;
  /** In what way the alias is wider than its old meaning; null when it is only another name. */
  readonly note: string | null;
}

export interface RenamedField {
  readonly from: string;
  readonly to: string;
}

/** One entry of the catalog. `name` is what is stored and sent; an alias is accepted wherever it is. */
export interface EventType {
  /** "typ_" and the name. */
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly aliases: readonly EventTypeAlias[];
  /** Fields that had another name in an older version of the source. */
  readonly renamedFields: readonly RenamedField[];
  readonly deprecationReason: string | null;
  readonly retiredAt: Date | null;
  readonly builtIn: boolean;
  readonly version: number;
  /** The groups whose fields it has; a tenant's own type has none. */
  readonly groups: readonly GroupName[];
  /** JSON Schema 2020-12 of the payload. */
  readonly schema: JsonObject;
  /** Has every field and satisfies `schema`. */
  readonly samplePayload: JsonObject;
}
