import type { AuditChange } from "../../domain/audit.ts";
import type { Claim } from "../../domain/delivery.ts";
import type { Audit } from "../transaction.ts";
import { oneByOne } from "../writer.ts";
import { foldLog } from "./fold.ts";
import { keep, keepTest } from "./keep.ts";
import { receive } from "./receive.ts";
import { claimDue, record } from "./record.ts";
import { removeOld } from "./retention.ts";
import { cancelWaiting, endLeases, endLost, transition } from "./transition.ts";

export const FOLD = oneByOne(foldLog);
export const KEEP_TEST = oneByOne(keepTest);
export const RECEIVE = oneByOne(receive);
export const TRANSITION = oneByOne(transition);
export const CANCEL_WAITING = oneByOne(cancelWaiting);
export const CLAIM_DUE = oneByOne(claimDue);
export const RELEASE = oneByOne((transaction, claims: readonly Claim[]) =>
  Promise.resolve(transaction.sql.release(claims)),
);
export const AUDIT = oneByOne(
  (transaction, { change, ...about }: Audit & { change: AuditChange }) =>
    Promise.resolve(transaction.audit(change, about)),
);
export const USED_KEYS = oneByOne((transaction, uses: ReadonlyMap<string, Date>) =>
  Promise.resolve(transaction.sql.usedKeys(uses)),
);
export const REMOVE_OLD = oneByOne(removeOld);
export const END_LEASES = oneByOne(endLeases);
export const END_LOST = oneByOne(endLost);

/** What was sent is recorded before anybody looks whose lease has ended. Locks: keys, deliveries, lanes, the rest. */
export const ORDER: readonly unknown[] = [
  keep,
  KEEP_TEST,
  record,
  RELEASE,
  TRANSITION,
  CANCEL_WAITING,
  END_LOST,
  CLAIM_DUE,
  RECEIVE,
  USED_KEYS,
  REMOVE_OLD,
];
