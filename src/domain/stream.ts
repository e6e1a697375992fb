import type { LogEntry } from "./log-entry.ts";

/** What a subscriber is told. `position` is where it can go on from. */
export type StreamItem =
  | {
      readonly type: "ENTRY";
      readonly position: number;
      readonly at: Date;
      readonly entry: LogEntry;
    }
  | {
      readonly type: "CAUGHT_UP";
      readonly position: number;
      readonly at: Date;
      readonly replayed: number;
    }
  | { readonly type: "PROGRESS" | "GAP"; readonly position: number; readonly at: Date };

export type StreamStart = { readonly after: number } | { readonly last: number } | undefined;

type Filtered =
  | "change"
  | "webhookId"
  | "deliveryId"
  | "eventId"
  | "eventType"
  | "isTest"
  | "inboxId";

/** Entries with one of the values in each of these: what the database can look for in a long log. */
export type LogFilter = { readonly [K in Filtered]?: readonly LogEntry[K][] };

export interface StreamRequest {
  readonly tenantId: string;
  readonly start: StreamStart;
  readonly filter: LogFilter;
  /** Of what passes the filter, for what it can't say. */
  readonly matches?: (entry: LogEntry) => boolean | Promise<boolean>;
}

export function createTest(filter: LogFilter): (entry: LogEntry) => boolean {
  const sets = Object.entries(filter).map(
    ([property, values]) => [property as Filtered, new Set<unknown>(values)] as const,
  );
  return (entry) => sets.every(([property, values]) => values.has(entry[property]));
}
