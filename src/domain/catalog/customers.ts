import { defineCategory } from "./define.ts";
import { url } from "./fields.ts";
import { billing, customer } from "./groups.ts";

export const CUSTOMERS = defineCategory("Customers", [
  {
    name: "customer_created",
    title: "Customer Created",
    description: "A customer was saved for the first time.",
    groups: [customer, billing],
  },
  {
    name: "customer_updated",
    title: "Customer Updated",
    description: "A saved customer changed.",
    groups: [customer, billing],
  },
  {
    name: "confirm_email_address",
    title: "Email Verification Needed",
    description: "A customer has to verify an e-mail address.",
    fields: {
      verification_link: url(
        "Link that completes the verification.",
        "https://network.example/verify/abc123",
      ),
    },
    groups: [customer],
  },
]);
