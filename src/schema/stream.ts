import { readCursor, writeCursor, type StreamName } from "../domain/cursor.ts";
import type { LogEntry } from "../domain/log-entry.ts";
import { invalidInput } from "../domain/refusal.ts";
import type { StreamItem, StreamRequest, StreamStart } from "../domain/stream.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { asGraphQLError } from "./refusal.ts";

const LAST_MAX = 500;

/** One message, told to a subscriber of `stream`. */
export interface Message<Item extends StreamItem = StreamItem> {
  readonly item: Item;
  readonly stream: StreamName;
}
export type EntryMessage = Message<Extract<StreamItem, { type: "ENTRY" }>>;

export const StreamMessage = builder.interfaceRef<Message>("StreamMessage").implement({
  description:
    "One message of a live stream. Resume with the cursor of the last message you handled.",
  fields: (t) => ({
    cursor: t.field({
      type: "StreamCursor",
      description: "Pass it as `start: {after: …}` to go on behind this message.",
      resolve: ({ item, stream }, _args, { tenantId }) =>
        writeCursor(stream, tenantId, item.position),
    }),
    at: t.field({
      type: "DateTime",
      description: "When it happened.",
      resolve: ({ item }) => item.at,
    }),
  }),
});

export const StreamCaughtUp = builder
  .objectRef<Message<Extract<StreamItem, { type: "CAUGHT_UP" }>>>("StreamCaughtUp")
  .implement({
    description: "Everything up to here was history; what follows is live.",
    interfaces: [StreamMessage],
    fields: (t) => ({
      replayed: t.int({
        description: "Messages of the history.",
        resolve: ({ item }) => item.replayed,
      }),
    }),
  });

export const StreamProgress = builder.objectRef<Message>("StreamProgress").implement({
  description:
    "Nothing for this stream happened in the last 30 seconds; the cursor moves on all the same.",
  interfaces: [StreamMessage],
});

export const StreamGap = builder.objectRef<Message>("StreamGap").implement({
  description:
    "Updates are missing, since retention passed the cursor. The stream goes on from here; read the list again.",
  interfaces: [StreamMessage],
});

/** The type of a message; `ofEntry` says what a change of the log is in this stream. */
export function messageType({ item }: Message, ofEntry: (entry: LogEntry) => string): string {
  switch (item.type) {
    case "ENTRY":
      return ofEntry(item.entry);
    case "CAUGHT_UP":
      return "StreamCaughtUp";
    case "PROGRESS":
      return "StreamProgress";
    case "GAP":
      return "StreamGap";
  }
}

export const StreamStartInput = builder.inputType("StreamStart", {
  description: "Where a stream begins.",
  isOneOf: true,
  fields: (t) => ({
    after: t.field({
      type: "StreamCursor",
      description: "Everything after a cursor of this stream.",
    }),
    last: t.int({ description: `The last n that match, up to ${LAST_MAX}.` }),
  }),
});

/** A stream for the subscriber that asks; refuses a cursor that is not of this stream. */
export function openStream(
  context: Context,
  stream: StreamName,
  start: typeof StreamStartInput.$inferInput | null | undefined,
  what: Pick<StreamRequest, "filter" | "matches">,
): AsyncIterable<StreamItem> {
  const { tenantId } = context;
  return context.stream({ tenantId, start: startOf(tenantId, stream, start), ...what });
}

function startOf(
  tenantId: string,
  stream: StreamName,
  start: typeof StreamStartInput.$inferInput | null | undefined,
): StreamStart {
  if (start?.after != null) {
    const after = readCursor(stream, tenantId, start.after);
    if (after === undefined) throw invalid("after", "is not a cursor of this stream");
    return { after };
  }
  if (start?.last == null) return undefined;
  if (start.last < 1 || start.last > LAST_MAX) throw invalid("last", `must be 1 to ${LAST_MAX}`);
  return { last: start.last };
}

function invalid(field: string, message: string): Error {
  return asGraphQLError(invalidInput(["start", field], message));
}
