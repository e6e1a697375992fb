import { defineCategory } from "./define.ts";
import { email, integer, text, type Fields } from "./fields.ts";
import { membership, site } from "./groups.ts";

function entry({ title, type }: { title: string; type: string }): Fields {
  return {
    post_id: integer("Id of the entry.", 1),
    post_title: text("Title of the entry.", title),
    post_type: text("Type of the entry.", type),
    post_status: text("State of the entry.", "publish"),
    post_author_id: integer("User who wrote it.", 1),
  };
}

export const SUBSITES = defineCategory("Subsites", [
  {
    name: "subsite_post_created",
    title: "Subsite Post Created",
    description: "A post or page was published for the first time on a customer's site.",
    fields: entry({ title: "Example Post", type: "post" }),
    groups: [site, membership],
    aliases: { site_post_published: null },
  },
  {
    name: "subsite_cpt_created",
    title: "Subsite Custom Post Type Entry Created",
    description: "An entry of a custom type was published for the first time on a customer's site.",
    fields: entry({ title: "Example Entry", type: "product" }),
    groups: [site, membership],
  },
  {
    name: "subsite_user_registered",
    title: "Subsite User Registered",
    description: "A user was added to a customer's site.",
    fields: {
      new_user_id: integer("Id of the new user.", 1),
      new_user_login: text("Login name.", "example_user"),
      new_user_email: email("E-mail address.", "user@example.com"),
      new_user_role: text("Role on the site.", "subscriber"),
    },
    groups: [site, membership],
    aliases: { site_user_registered: null },
  },
  {
    name: "subsite_woocommerce_order",
    title: "Subsite WooCommerce Order Placed",
    description: "A shop on a customer's site received an order.",
    fields: {
      order_id: integer("Order id.", 1),
      order_total: text("Total of the order, as text.", "99.00"),
      order_status: text("State of the order.", "pending"),
      order_items: integer("Number of lines in the order.", 1),
    },
    groups: [site, membership],
    aliases: { site_woocommerce_order: null },
  },
]);
