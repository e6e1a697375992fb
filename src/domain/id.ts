import { randomFillSync } from "node:crypto";
import { fromUUIDBytes } from "typeid-js";

/** Ids are TypeIDs (https://github.com/jetify-com/typeid): a prefix and a UUIDv7, so that they sort by time. */
export const ID_PREFIXES = {
  ten: "Tenant",
  wh: "Webhook",
  sec: "SigningSecret",
  evt: "Event",
  dlv: "Delivery",
  att: "DeliveryAttempt",
  inb: "Inbox",
  inr: "InboxRequest",
  typ: "EventType",
  key: "ApiKey",
  aud: "AuditEntry",
} as const;
export type IdPrefix = keyof typeof ID_PREFIXES;

/** Of the time in an id. */
const MS_MAX = 2 ** 48 - 1;
/** A clock that goes back this far was set; less is smoothed over. */
const STEP_MS = 10_000;
/** Random bytes are fetched for so many ids at once: a call for each costs more than all the rest. */
const IDS_AT_ONCE = 256;

/** Makes ids of the time that `now` tells, those of one millisecond in the order they are made. */
export function createIds(now: () => Date): (prefix: IdPrefix) => string {
  const random = Buffer.alloc(8 * IDS_AT_ONCE);
  let used = random.length;
  let lastMs = 0;
  let count = 0;
  return (prefix) => {
    const ms = now().getTime();
    if (ms > lastMs || ms < lastMs - STEP_MS) [lastMs, count] = [ms, 0];
    else if (++count > 0xfff) [lastMs, count] = [lastMs + 1, 0];
    if (used === random.length) {
      randomFillSync(random);
      used = 0;
    }
    const bytes = bytesAt(lastMs);
    bytes.writeUInt16BE(0x7000 | count, 6);
    random.copy(bytes, 8, used, (used += 8));
    bytes[8] = 0x80 | (bytes[8]! & 0x3f);
    return fromUUIDBytes(prefix, bytes);
  };
}

/** An id that is smaller than all that are made from `at` on, and larger than those made before. */
export function idBefore(prefix: IdPrefix, at: Date): string {
  const ms = Math.min(Math.max(0, at.getTime()), MS_MAX);
  return fromUUIDBytes(prefix, bytesAt(ms));
}

function bytesAt(ms: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(ms, 0, 6);
  return bytes;
}

/** The prefix of an id of ours; undefined for any other text. */
export function prefixOf(id: string): IdPrefix | undefined {
  const prefix = id.slice(0, Math.max(0, id.indexOf("_")));
  return Object.hasOwn(ID_PREFIXES, prefix) ? (prefix as IdPrefix) : undefined;
}
