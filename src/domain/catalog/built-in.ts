import { CHECKOUT } from "./checkout.ts";
import { CUSTOMERS } from "./customers.ts";
import { DOMAINS } from "./domains.ts";
import type { EventType } from "./entry.ts";
import { MEMBERSHIPS } from "./memberships.ts";
import { PAYMENTS } from "./payments.ts";
import { SITES } from "./sites.ts";
import { SUBSITES } from "./subsites.ts";

/** The event types that every tenant has, in the order in which they are listed. */
export const BUILT_IN: readonly EventType[] = [
  ...PAYMENTS,
  ...MEMBERSHIPS,
  ...CUSTOMERS,
  ...SITES,
  ...DOMAINS,
  ...CHECKOUT,
  ...SUBSITES,
];
