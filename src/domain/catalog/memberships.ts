import { defineCategory } from "./define.ts";
import { billing, customer, membership } from "./groups.ts";

export const MEMBERSHIPS = defineCategory("Memberships", [
  {
    name: "membership_created",
    title: "Membership Created",
    description: "A membership was saved for the first time.",
    groups: [membership, customer, billing],
    aliases: {
      account_created:
        "Comes for every new membership, not for a new account: a customer may get several.",
    },
  },
  {
    name: "membership_updated",
    title: "Membership Updated",
    description: "A saved membership changed, a change of plan included.",
    groups: [membership, customer, billing],
    aliases: {
      plan_change:
        "Comes for every change of a membership, not only for a change of plan: compare the fields that matter to you.",
    },
  },
  {
    name: "membership_expired",
    title: "Membership Expired",
    description: "A membership ran out after its grace period.",
    groups: [membership, customer],
  },
]);
