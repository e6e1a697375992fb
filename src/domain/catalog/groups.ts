import { email, integer, number, oneOf, text, textFlag, url, type Fields } from "./fields.ts";

/** The last field of every payload. */
export const always = {
  wu_version: text("Version of the system that raised the event.", "2.6.1"),
} satisfies Fields;

const PAYMENT_STATUSES = [
  "pending",
  "completed",
  "refunded",
  "partially-refunded",
  "partially-paid",
  "failed",
  "cancelled",
  "draft",
] as const;

export const payment = {
  payment_id: integer("Payment id.", 1),
  payment_status: oneOf(PAYMENT_STATUSES, "State of the payment.", "completed"),
  payment_reference_code: text("Short code shown to people.", "A1B2C3D4E5"),
  payment_subtotal: text("Subtotal, formatted for people.", "$29.99"),
  payment_subtotal_raw: number("Subtotal as a number in payment_currency.", 29.99),
  payment_tax_total: text("Tax, formatted for people.", "$0.00"),
  payment_tax_total_raw: number("Tax as a number in payment_currency.", 0),
  payment_total: text("Total, formatted for people.", "$29.99"),
  payment_total_raw: number("Total as a number in payment_currency.", 29.99),
  payment_currency: text("ISO 4217 currency code.", "USD"),
  payment_product_names: text("Names of the products paid for, comma-separated.", "Plan A, Add-on"),
  payment_date_created: text(
    "When the payment was created; no time zone, UTC is meant.",
    "2026-01-31 12:00:00",
  ),
  payment_gateway: text("Gateway that took the payment.", "stripe", "paypal", "manual", "free"),
  payment_invoice_url: url("Page of the invoice.", "https://network.example/invoice/1"),
  payment_manage_url: url(
    "Administration page of the payment.",
    "https://network.example/admin/payments/1",
  ),
} satisfies Fields;

const MEMBERSHIP_STATUSES = [
  "pending",
  "active",
  "trialing",
  "expired",
  "on-hold",
  "cancelled",
] as const;

export const membership = {
  membership_id: integer("Membership id.", 1),
  membership_status: oneOf(MEMBERSHIP_STATUSES, "State of the membership.", "active"),
  membership_reference_code: text("Short code shown to people.", "F6G7H8J9K0"),
  membership_initial_amount: text("First charge, formatted for people.", "$29.99"),
  membership_initial_amount_raw: number("First charge as a number in membership_currency.", 29.99),
  membership_amount: text("Recurring charge, formatted for people.", "$29.99"),
  membership_amount_raw: number("Recurring charge as a number in membership_currency.", 29.99),
  membership_currency: text("ISO 4217 currency code.", "USD"),
  membership_description: text("The price in words.", "$29.99 every month"),
  membership_gateway: text("Gateway that renews the membership.", "stripe"),
  membership_date_expiration: text(
    "When the membership runs out; no time zone, UTC is meant.",
    "2026-02-28 12:00:00",
  ),
  membership_manage_url: url(
    "Administration page of the membership.",
    "https://network.example/admin/memberships/1",
  ),
} satisfies Fields;

const EMAIL_VERIFICATIONS = ["none", "pending", "verified"] as const;

export const customer = {
  customer_id: integer("Customer id.", 1),
  customer_name: text("Display name.", "Jane Example"),
  customer_user_id: text("Id of the user account behind the customer, as text.", "1"),
  customer_user_email: email("E-mail address.", "jane@example.com"),
  customer_email_verification: oneOf(
    EMAIL_VERIFICATIONS,
    "State of the e-mail verification.",
    "none",
  ),
  customer_avatar: text(
    "Avatar as an HTML image tag.",
    "<img alt='' src='https://network.example/avatar/1.png' />",
  ),
  customer_billing_address: text(
    "Billing address, one line each.",
    "Example Co.\nbilling@example.com",
  ),
  customer_manage_url: url(
    "Administration page of the customer.",
    "https://network.example/admin/customers/1",
  ),
} satisfies Fields;

export const site = {
  site_id: integer("Site id.", 2),
  site_title: text("Title of the site.", "Example Site"),
  site_description: text("Description of the site.", "An example of a site."),
  site_url: text("Address of the site, without a scheme.", "shop.example.com"),
  site_admin_url: url("Dashboard of the site.", "https://shop.example.com/wp-admin/"),
  site_manage_url: url("Administration page of the site.", "https://network.example/admin/sites/2"),
} satisfies Fields;

const DOMAIN_STAGES = [
  "checking-dns",
  "checking-ssl-cert",
  "done",
  "done-without-ssl",
  "failed",
  "ssl-failed",
] as const;

export const domain = {
  domain_id: integer("Domain mapping id.", 1),
  domain_domain: text("The mapped domain name.", "example.com"),
  domain_site_id: integer("Site that the domain points to.", 2),
  domain_stage: oneOf(DOMAIN_STAGES, "Step of the set-up.", "checking-dns"),
  domain_active: textFlag("Whether the mapping is on, as text.", "true"),
  domain_primary: textFlag("Whether it is the main domain of the site, as text.", "true"),
  domain_secure: textFlag("Whether it is served over TLS, as text.", "false"),
  domain_date_created: text(
    "When the mapping was created; no time zone, UTC is meant.",
    "2026-01-31 12:00:00",
  ),
  domain_manage_url: url(
    "Administration page of the mapping.",
    "https://network.example/admin/domains/1",
  ),
} satisfies Fields;

/** No built-in event has these yet; they are part of the source's vocabulary. */
export const product = {
  product_id: integer("Product id.", 1),
  product_amount: text("Price, formatted for people.", "$29.99"),
  product_amount_raw: number("Price as a number in product_currency.", 29.99),
  product_setup_fee: text("Set-up fee, formatted for people.", "$0.00"),
  product_setup_fee_raw: number("Set-up fee as a number in product_currency.", 0),
  product_currency: text("ISO 4217 currency code.", "USD"),
  product_description: text("The price in words.", "$29.99 every month"),
  product_image: url("Picture of the product.", "https://network.example/products/1.png"),
  product_manage_url: url(
    "Administration page of the product.",
    "https://network.example/admin/products/1",
  ),
} satisfies Fields;

export const billing = {
  company_name: text("Company on the invoice.", "Example Co."),
  billing_email: email("E-mail address for invoices.", "billing@example.com"),
  billing_address_line_1: text("First line of the address.", "1 Example Street"),
  billing_address_line_2: text("Second line of the address.", "Floor 2"),
  billing_country: text("ISO 3166-1 country code.", "US"),
  billing_state: text("State or region.", "CA"),
  billing_city: text("City.", "Springfield"),
  billing_zip_code: text("Postal code.", "90210"),
} satisfies Fields;

/** The groups that event types have, by the names that GraphQL's interfaces are made from: PaymentFields. */
export const GROUPS = {
  Payment: payment,
  Membership: membership,
  Customer: customer,
  Site: site,
  Domain: domain,
  Billing: billing,
} satisfies Readonly<Record<string, Fields>>;

export type GroupName = keyof typeof GROUPS;

export const GROUP_NAMES = Object.keys(GROUPS) as readonly GroupName[];
