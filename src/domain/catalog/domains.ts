import { defineCategory } from "./define.ts";
import { flag, integer, text } from "./fields.ts";
import { customer, domain, membership, payment, site } from "./groups.ts";

const registration = {
  domain_name: text("The domain name bought.", "example.com"),
  domain_provider_id: text("Registrar that holds the domain.", "example-registrar"),
  domain_years: integer("Years paid for.", 1),
  domain_expiry_date: text("When the registration ends; UTC is meant.", "2027-01-31 00:00:00"),
  domain_auto_renew: flag("Whether it renews by itself.", true),
};

export const DOMAINS = defineCategory("Domains", [
  {
    name: "domain_created",
    title: "New Domain Mapping Added",
    description: "A domain was mapped to a site.",
    groups: [domain, site, membership, customer],
    aliases: { new_domain_mapping: null },
    renamedFields: {
      user_id: "customer_user_id",
      user_site_id: "site_id",
      mapped_domain: "domain_domain",
      user_site_url: "site_url",
    },
  },
  {
    name: "domain_registered",
    title: "Domain Registered",
    description: "A domain was bought at the registrar.",
    fields: registration,
    groups: [customer, membership, payment],
  },
  {
    name: "domain_renewed",
    title: "Domain Renewed",
    description: "A domain was renewed at the registrar.",
    fields: registration,
    groups: [customer, membership, payment],
  },
  {
    name: "domain_renewal_failed",
    title: "Domain Renewal Failed",
    description: "The registrar refused to renew a domain.",
    fields: {
      ...registration,
      domain_error_message: text("Reason given by the registrar.", "The card was declined."),
    },
    groups: [customer, membership],
  },
  {
    name: "domain_renewal_reminder",
    title: "Domain Renewal Reminder",
    description: "A domain will soon need to be renewed.",
    fields: {
      ...registration,
      domain_days_until_expiry: integer("Days until the registration ends.", 30),
    },
    groups: [customer, membership],
    aliases: { domain_expiring_soon: null },
  },
]);
