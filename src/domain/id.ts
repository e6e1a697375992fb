import { TypeID, typeidUnboxed } from "typeid-js";

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
} as const;
export type IdPrefix = keyof typeof ID_PREFIXES;

export function newId(prefix: IdPrefix): string {
  return typeidUnboxed(prefix);
}

/** An id that is smaller than all that are made from `at` on, and larger than those made before. */
export function idBefore(prefix: IdPrefix, at: Date): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.max(0, at.getTime())) << 16n);
  return TypeID.fromUUIDBytes(prefix, bytes).toString();
}

/** The prefix of an id of ours; undefined for any other text. */
export function prefixOf(id: string): IdPrefix | undefined {
  const prefix = id.slice(0, Math.max(0, id.indexOf("_")));
  return Object.hasOwn(ID_PREFIXES, prefix) ? (prefix as IdPrefix) : undefined;
}
