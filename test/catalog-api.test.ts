import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import facts from "./fixtures/catalog.json" with { type: "json" };
import { graphql } from "./generated/gql.ts";
import type { WebhookRef } from "./generated/graphql.ts";
import { makeWebhook } from "./steps.ts";
import { present } from "./webhooks-steps.ts";

const Events = graphql(`
  query CatalogEvents($search: String, $categories: [String!]) {
    events(search: $search, categories: $categories) {
      id
      name
      title
      description
      category
      aliases {
        name
        note
      }
      renamedFields {
        from
        to
      }
      schema
      samplePayload
      version
      builtIn
      deprecationReason
      retiredAt
    }
  }
`);

const ByName = graphql(`
  query CatalogByName($name: String!, $version: Int) {
    eventType(name: $name, version: $version) {
      id
      name
    }
  }
`);

const SampleRequest = graphql(`
  query CatalogSampleRequest(
    $name: String!
    $webhook: WebhookRef
    $format: PayloadFormat! = ENVELOPE
  ) {
    eventType(name: $name) {
      samplePayload
      sampleRequest(webhook: $webhook, format: $format) {
        method
        url
        headers {
          name
          value
        }
        body {
          ...WholeBody
        }
        signedContent
      }
    }
  }
`);

type Fact = (typeof facts.events)[number];

/** The fixture's rule: the event's own fields, then those of its groups, then what is always there. */
function examplesOf(event: Fact): [string, unknown][] {
  const groups: Record<string, { fields: { name: string; example: unknown }[] }> = facts.groups;
  return [
    ...event.fields,
    ...event.groups.flatMap((group) => present(groups[group]).fields),
    ...facts.always,
  ].map(({ name, example }) => [name, example]);
}

async function names(app: App, search?: string, categories?: string[]): Promise<string[]> {
  const { events } = await app.run(Events, { search, categories });
  return events.map(({ name }) => name);
}

async function sampleRequest(
  app: App,
  {
    name = "payment_received",
    ...rest
  }: { name?: string; webhook?: WebhookRef; format?: "ENVELOPE" | "FLAT" } = {},
) {
  const { eventType } = await app.run(SampleRequest, { name, format: "ENVELOPE", ...rest });
  const { sampleRequest: request, samplePayload } = present(eventType);
  const { headers, ...prepared } = present(request);
  return {
    ...prepared,
    samplePayload,
    headers: Object.fromEntries(headers.map(({ name: header, value }) => [header, value])),
  };
}

test("events lists the 27 types as the catalog describes them, samples in full and in order", async () => {
  await using app = await startApp();
  const { events } = await app.run(Events, {});
  expect(events.map(({ name }) => name)).toEqual(facts.events.map(({ name }) => name));
  for (const [index, event] of facts.events.entries()) {
    const type = present(events[index]);
    expect(type).toMatchObject({
      id: `typ_${event.name}`,
      title: event.title,
      category: event.category,
      builtIn: true,
      deprecationReason: null,
      retiredAt: null,
    });
    expect(type.description).toContain(event.description);
    expect(type.aliases.map(({ name }) => name)).toEqual(event.aliases ?? []);
    expect(Object.fromEntries(type.renamedFields.map(({ from, to }) => [from, to]))).toEqual(
      event.renamed_fields ?? {},
    );
    expect(Object.entries(type.samplePayload as object)).toEqual(examplesOf(event));
    const schema = type.schema as {
      $schema: string;
      properties: Record<string, { description: string }>;
    };
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(Object.keys(schema.properties)).toEqual(examplesOf(event).map(([name]) => name));
    for (const property of Object.values(schema.properties))
      expect(property.description).not.toBe("");
  }
});

test("an alias that is wider than its old meaning says so", async () => {
  await using app = await startApp();
  const { events } = await app.run(Events, { search: "refund_issued" });
  const [type] = events;
  expect(type?.name).toBe("payment_updated");
  expect(type?.aliases).toEqual([
    { name: "refund_issued", note: expect.stringMatching(/\w+ \w+/) as string },
  ]);
});

test("events are found by words of name, title, description, category or alias, in any case", async () => {
  await using app = await startApp();
  expect(await names(app, "RECURRING failed")).toEqual(["payment_failed"]);
  expect(await names(app, "declined by the gateway")).toEqual(["payment_failed"]);
  expect(await names(app, "payment_successful")).toEqual(["payment_received"]);
  expect(await names(app, "  ")).toHaveLength(27);
  expect(await names(app, "no such words")).toEqual([]);
  expect(await names(app, "100%")).toEqual([]);
});

test("events are narrowed to whole categories, alone and together with a search", async () => {
  await using app = await startApp();
  const inPayments = facts.events
    .filter(({ category }) => category === "Payments")
    .map(({ name }) => name);
  expect(await names(app, undefined, ["Payments"])).toEqual(inPayments);
  expect(await names(app, "invoice", ["Payments"])).toEqual(
    inPayments.filter((name) => name.includes("invoice")),
  );
  expect(await names(app, undefined, ["Paym"])).toEqual([]);
  const categories = [...new Set(facts.events.map(({ category }) => category))];
  expect(await names(app, undefined, categories)).toHaveLength(27);
});

test("an event type is found by its name and by each alias, exactly", async () => {
  await using app = await startApp();
  for (const { name, aliases = [] } of facts.events)
    for (const known of [name, ...aliases])
      expect((await app.run(ByName, { name: known })).eventType).toEqual({
        id: `typ_${name}`,
        name,
      });
  for (const unknown of [
    "",
    "payment",
    "Payment_Received",
    "payment_*",
    "*",
    "__proto__",
    "constructor",
  ])
    expect((await app.run(ByName, { name: unknown })).eventType, unknown).toBeNull();
});

test("an event type has the version it says, and no other", async () => {
  await using app = await startApp();
  const { events } = await app.run(Events, { search: "payment_received" });
  const { name, version } = present(events[0]);
  expect((await app.run(ByName, { name, version })).eventType?.name).toBe(name);
  expect((await app.run(ByName, { name, version: version + 1 })).eventType).toBeNull();
  expect((await app.run(ByName, { name, version: 0 })).eventType).toBeNull();
});

test("the sample request of a new webhook is an ENVELOPE around the sample, or FLAT when asked", async () => {
  await using app = await startApp();
  const envelope = await sampleRequest(app);
  const { headers, body, samplePayload } = envelope;
  expect(envelope).toMatchObject({ method: "POST", url: null });
  expect(body.json).toEqual({
    id: headers["webhook-id"],
    type: "payment_received",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    data: samplePayload,
  });
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "hookwire-event-type": "payment_received",
    "hookwire-attempt": "1",
  });
  expect(headers["user-agent"]).toMatch(/^Hookwire\/\d/);
  expect(headers["webhook-id"]).toMatch(/^evt_/);
  expect(headers).not.toHaveProperty("hookwire-test");
  const flat = await sampleRequest(app, { format: "FLAT" });
  expect(flat.body.json).toEqual(flat.samplePayload);
  for (const { body: sent, signedContent, headers: its } of [envelope, flat]) {
    expect(signedContent).toBe(`${its["webhook-id"]}.${its["webhook-timestamp"]}.${sent.text}`);
    expect(Buffer.from(present(sent.base64), "base64").toString()).toBe(sent.text);
    expect(sent).toMatchObject({ bytes: Buffer.byteLength(present(sent.text)), truncated: false });
  }
});

test("a sample request asked for by an alias carries the canonical name", async () => {
  await using app = await startApp();
  const { headers, body } = await sampleRequest(app, { name: "payment_successful" });
  expect(headers["hookwire-event-type"]).toBe("payment_received");
  expect(body.json).toMatchObject({ type: "payment_received" });
});

test("the sample request of a webhook has its URL, headers and format, with secret headers redacted", async () => {
  await using app = await startApp();
  const { id } = await makeWebhook(app, {
    url: "http://127.0.0.1:2/hook",
    key: "shop",
    format: "FLAT",
    headers: [
      { name: "X-Shop", value: "north" },
      { name: "Authorization", value: "Bearer hush-hush", isSecret: true },
    ],
  });
  for (const webhook of [{ id }, { key: "shop" }]) {
    const request = await sampleRequest(app, { webhook, format: "ENVELOPE" });
    expect(request.url).toBe("http://127.0.0.1:2/hook");
    expect(request.headers).toMatchObject({ "x-shop": "north", authorization: "[redacted]" });
    expect(request.body.json).toEqual(request.samplePayload);
    expect(JSON.stringify(request)).not.toContain("hush-hush");
  }
});

test("a sample request never carries a signature that the webhook's receiver would accept", async () => {
  await using app = await startApp();
  const { id, secret } = await makeWebhook(app, { url: "http://127.0.0.1:2/hook" });
  const { headers, body } = await sampleRequest(app, { webhook: { id } });
  expect(headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  expect(() => new Webhook(secret).verify(present(body.text), headers)).toThrow(
    "No matching signature found",
  );
  const again = await sampleRequest(app, { webhook: { id } });
  expect(again.headers["webhook-signature"]).not.toBe(headers["webhook-signature"]);
});

test("a sample request of a webhook that does not exist is refused with NOT_FOUND", async () => {
  await using app = await startApp();
  for (const webhook of [
    { id: "wh_01h455vb4pex5vsknk084sn02q" },
    { key: "nobody" },
    { id: "nonsense" },
  ]) {
    const { data, errors } = await app.ask(SampleRequest, {
      name: "payment_received",
      format: "ENVELOPE",
      webhook,
    });
    expect(data?.eventType?.sampleRequest).toBeNull();
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining("No webhook has this id or key") as string,
      path: ["eventType", "sampleRequest"],
      extensions: { code: "NOT_FOUND" },
    });
  }
});
