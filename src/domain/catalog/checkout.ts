import { defineCategory } from "./define.ts";
import { flag, integer, ipv4, text, textByKey, textList } from "./fields.ts";
import { customer, membership, payment } from "./groups.ts";

const visitor = {
  user_id: integer("User, or 0 for a visitor who is not signed in.", 0),
};
const order = {
  cart_type: text("Kind of order.", "new"),
};

export const CHECKOUT = defineCategory("Checkout", [
  {
    name: "checkout_started",
    title: "Checkout Started",
    description: "A visitor opened a checkout form.",
    fields: {
      form_slug: text("Form that was opened.", "default-checkout"),
      ...visitor,
      ip_address: ipv4("Address of the visitor.", "192.0.2.1"),
      referrer: text("Page the visitor came from, or an empty text.", "https://www.example.com/"),
    },
  },
  {
    name: "checkout_step_completed",
    title: "Checkout Step Completed",
    description: "A step of a checkout was submitted and its order put together.",
    fields: { ...order, is_free: flag("Whether nothing has to be paid.", false) },
    groups: [membership, customer],
  },
  {
    name: "checkout_completed",
    title: "Checkout Completed",
    description: "A checkout went through and the gateway reported success.",
    fields: {
      ...order,
      gateway: text("Gateway used.", "stripe"),
      is_free: flag("Whether nothing had to be paid.", false),
    },
    groups: [payment, membership, customer],
  },
  {
    name: "checkout_failed",
    title: "Checkout Failed",
    description: "A checkout ended with errors of validation or of the gateway.",
    fields: {
      error_codes: textList("Codes of the errors.", ["card_declined"]),
      error_messages: textByKey("Error text by code.", {
        card_declined: "The card was declined.",
      }),
      ...visitor,
    },
  },
]);
