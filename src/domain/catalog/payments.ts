import { defineCategory } from "./define.ts";
import { text, url } from "./fields.ts";
import { billing, customer, membership, payment } from "./groups.ts";

export const PAYMENTS = defineCategory("Payments", [
  {
    name: "payment_received",
    title: "Payment Received",
    description: "A gateway reported a payment, whatever its status.",
    groups: [payment, membership, customer],
    aliases: {
      payment_successful:
        "Comes for every payment that a gateway reports, not only for successful ones: look at payment_status.",
    },
    renamedFields: {
      user_id: "customer_user_id",
      amount: "payment_total",
      gateway: "payment_gateway",
      status: "payment_status",
      date: "payment_date_created",
    },
  },
  {
    name: "payment_created",
    title: "Payment Created",
    description: "A payment was saved for the first time.",
    groups: [payment, membership, customer, billing],
  },
  {
    name: "payment_updated",
    title: "Payment Updated",
    description: "A saved payment changed, a refund included.",
    groups: [payment, membership, customer, billing],
    aliases: {
      refund_issued:
        "Comes for every change of a payment, not only for refunds: filter on payment_status.",
    },
  },
  {
    name: "payment_failed",
    title: "Recurring Payment Failed",
    description: "An automatic renewal charge was declined by the gateway.",
    fields: { payment_gateway: text("Gateway that declined the charge.", "stripe") },
    groups: [membership, customer],
  },
  {
    name: "renewal_payment_created",
    title: "New Renewal Payment Created",
    description: "The payment for the next period of a membership was prepared.",
    fields: {
      default_payment_url: url(
        "Page where the payment can be made.",
        "https://network.example/pay/1",
      ),
    },
    groups: [payment, membership, customer],
  },
  {
    name: "invoice_sent",
    title: "Invoice Sent",
    description: "An administrator sent an invoice to a customer.",
    fields: {
      payment_url: url("Page where the invoice can be paid.", "https://network.example/pay/1"),
      invoice_message: text(
        "Note of the administrator to the customer.",
        "Thank you for your order.",
      ),
    },
    groups: [payment, customer],
  },
]);
