import type { EventType } from "../domain/catalog/entry.ts";
import { entryAt } from "../domain/catalog/own.ts";
import { wholeSdlOf } from "../domain/catalog/sdl.ts";
import { typescriptOf } from "../domain/catalog/typescript.ts";
import { PAYLOAD_FORMATS } from "../domain/event.ts";
import { prepareSample, shapedPayload, type Sample } from "../domain/preview.ts";
import { Refusal } from "../domain/refusal.ts";
import { CONTENT_TYPE } from "../domain/request.ts";
import { builder } from "./builder.ts";
import { HttpBody, HttpHeader } from "./http.ts";
import { Node } from "./node.ts";
import { EventTypeRef } from "./refs.ts";
import { asGraphQLError, requireScopes } from "./refusal.ts";
import { webhookRef, WebhookRefInput } from "./webhook-ref.ts";

export const PayloadFormatEnum = builder.enumType("PayloadFormat", {
  description: "The shape of a webhook's body.",
  values: {
    ENVELOPE: { description: "{id, type, timestamp, data}: the payload stands under data." },
    FLAT: { description: "The payload alone." },
  } satisfies Record<(typeof PAYLOAD_FORMATS)[number], object>,
});

const EventTypeAlias = builder.objectRef<EventType["aliases"][number]>("EventTypeAlias").implement({
  description: "An older or alternative name of an event type.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "Accepted wherever the type's own name is." }),
    note: t.exposeString("note", {
      nullable: true,
      description: "Says when the alias is wider than its old meaning.",
    }),
  }),
});

const RenamedField = builder
  .objectRef<EventType["renamedFields"][number]>("RenamedField")
  .implement({
    description: "A field that had another name in an older version of the source.",
    fields: (t) => ({
      from: t.exposeString("from", { description: "Its old name." }),
      to: t.exposeString("to", { description: "Its name in the payload." }),
    }),
  });

export const PreparedRequestType = builder.objectRef<Sample>("PreparedRequest").implement({
  description:
    "What is sent, before it is sent. The signature is made with a throw-away secret, so that nobody gets a valid signature from a preview.",
  fields: (t) => ({
    method: t.exposeString("method", { description: "POST." }),
    url: t.field({
      type: "URL",
      nullable: true,
      description: "Null for a sample without a webhook.",
      resolve: ({ url }) => url,
    }),
    headers: t.field({
      type: [HttpHeader],
      description: "Secret ones are redacted.",
      resolve: ({ headers }) => [...headers],
    }),
    body: t.field({
      type: HttpBody,
      description: "The body, byte by byte.",
      resolve: ({ body }) => ({
        bytes: Buffer.from(body),
        truncated: false,
        contentType: CONTENT_TYPE,
      }),
    }),
    signedContent: t.exposeString("signedContent", {
      description: "The exact string that is signed.",
    }),
  }),
});

EventTypeRef.implement({
  description: "One entry of the typed event catalog: what a webhook can subscribe to.",
  interfaces: [Node],
  fields: (t) => ({
    name: t.exposeString("name", { description: "Stable machine name, such as payment_received." }),
    title: t.exposeString("title", { description: "Its name for people." }),
    description: t.exposeString("description", { description: "When it is raised." }),
    category: t.exposeString("category", { description: "The group it is shown in." }),
    aliases: t.field({
      type: [EventTypeAlias],
      description:
        "Older or alternative names, accepted wherever this one is. What is stored and sent is always `name`.",
      resolve: ({ aliases }) => [...aliases],
    }),
    renamedFields: t.field({
      type: [RenamedField],
      description: "Fields that had another name in an older version of the source, by old name.",
      resolve: ({ renamedFields }) => [...renamedFields],
    }),
    deprecationReason: t.exposeString("deprecationReason", {
      nullable: true,
      description: "Why it should not be used any more, and what to use instead.",
    }),
    retiredAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "Since when it can't be published any more.",
      resolve: ({ retiredAt }) => retiredAt,
    }),
    builtIn: t.exposeBoolean("builtIn", { description: "Whether it comes with the service." }),
    version: t.exposeInt("version", { description: "Raised by each change of its schema." }),
    schema: t.field({
      type: "JSON",
      description:
        "JSON Schema 2020-12 of the payload. Every published payload is checked against it.",
      resolve: ({ schema }) => schema,
    }),
    samplePayload: t.field({
      type: "JSON",
      description: "A fully populated payload that satisfies `schema`.",
      resolve: ({ samplePayload }) => samplePayload,
    }),
    sdl: t.string({
      description:
        "The payload as GraphQL SDL, for code generation: its object type, then those of the objects within it and the interfaces that it implements. Define the scalar JSON beside it.",
      resolve: (type) => wholeSdlOf(type),
    }),
    typescript: t.string({
      description: "The payload as a TypeScript type, for code generation.",
      resolve: (type) => typescriptOf(type),
    }),
    sampleRequest: t.field({
      type: PreparedRequestType,
      nullable: true,
      description:
        "The request that a webhook would get for the sample: of the given webhook, or of a new one. Signed with a throw-away secret.",
      args: {
        webhook: t.arg({
          type: WebhookRefInput,
          description: "Whose URL, headers, format and way of signing to show.",
        }),
        format: t.arg({
          type: PayloadFormatEnum,
          required: true,
          defaultValue: "ENVELOPE",
          description: "The shape of the body when no webhook is given.",
        }),
      },
      resolve: async (type, { webhook: ref, format }, context) => {
        if (ref) requireScopes(context.caller.rights, ["WEBHOOKS_READ"], ["webhook"]);
        const webhook = ref
          ? await context.reader.webhook(context.tenantId, webhookRef(ref))
          : null;
        if (ref && !webhook)
          throw asGraphQLError(new Refusal("WEBHOOK_NOT_FOUND", { path: ["webhook"] }));
        const { tools } = context;
        const event = {
          id: tools.newId("evt"),
          typeName: type.name,
          occurredAt: tools.clock.now(),
          payload: JSON.stringify(type.samplePayload),
        };
        if (!webhook) return prepareSample(event, { format }, tools);
        const catalog = await tools.store.catalog(context.tenantId);
        const payload = shapedPayload(webhook, event, catalog);
        return payload === null ? null : prepareSample({ ...event, payload }, webhook, tools);
      },
    }),
  }),
});

builder.queryFields((t) => ({
  events: t.field({
    type: [EventTypeRef],
    description: "The catalog, with descriptions, schemas and sample payloads.",
    args: {
      search: t.arg.string({
        description: "Words that occur in name, title, description, category or an alias.",
      }),
      categories: t.arg.stringList({ description: "Only these categories." }),
      includeDeprecated: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: "Deprecated and retired types too.",
      }),
    },
    resolve: async (_root, { search, categories, includeDeprecated }, { tools, tenantId }) => [
      ...(await tools.store.catalog(tenantId)).search({
        search: search ?? undefined,
        categories: categories ?? undefined,
        includeDeprecated,
      }),
    ],
  }),
  eventType: t.field({
    type: EventTypeRef,
    nullable: true,
    description: "One catalog entry, by name or alias; an older version when asked for.",
    args: {
      name: t.arg.string({ required: true, description: "Its name or an alias." }),
      version: t.arg.int({ description: "A version; the newest when absent." }),
    },
    async resolve(_root, { name, version }, { tools, tenantId, reader }) {
      const type = (await tools.store.catalog(tenantId)).find(name);
      if (!type || version == null || version === type.version) return type ?? null;
      const past = await reader.eventTypeVersion(tenantId, type.id, version);
      return past && entryAt(type, past);
    },
  }),
}));
