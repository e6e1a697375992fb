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

export interface StreamRequest {
  readonly tenantId: string;
  readonly start: StreamStart;
  readonly matches: (entry: LogEntry) => boolean | Promise<boolean>;
}
