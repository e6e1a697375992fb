import { defineCategory } from "./define.ts";
import { text } from "./fields.ts";
import { customer, membership, site } from "./groups.ts";

export const SITES = defineCategory("Sites", [
  {
    name: "site_published",
    title: "Site Published",
    description: "The site of a membership was created, or went from pending to published.",
    groups: [site, customer, membership],
  },
  {
    name: "demo_site_expiring",
    title: "Demo Site Expiring",
    description: "A demo site will soon be removed.",
    fields: {
      demo_expires_at: text("When the demo site is removed; UTC is meant.", "2026-02-01 12:00:00"),
      demo_time_remaining: text("Time left, in words.", "23 hours"),
    },
    groups: [site, membership, customer],
  },
]);
