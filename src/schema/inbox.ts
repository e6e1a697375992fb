import { formatDuration } from "../domain/duration.ts";
import { createInbox, deleteInbox, updateInbox } from "../domain/inbox-commands.ts";
import type { Inbox } from "../domain/inbox.ts";
import { Refusal } from "../domain/refusal.ts";
import { builder } from "./builder.ts";
import { connectionType, followed, pageArgs } from "./connection.ts";
import { contentTypeOf, HttpBody, HttpHeader } from "./http.ts";
import { Node } from "./node.ts";
import { DeliveryRef, InboxRef, InboxRequestRef } from "./refs.ts";
import { asGraphQLError, refusing, resultUnion } from "./refusal.ts";
import { refuseNarrow, seeInbox } from "./seen.ts";
import {
  messageType,
  openStream,
  StreamCaughtUp,
  StreamGap,
  StreamMessage,
  StreamProgress,
  StreamStartInput,
  type EntryMessage,
} from "./stream.ts";
import { InvalidInputError, LimitError, NotFoundError } from "./user-error.ts";

InboxRequestRef.implement({
  authScopes: { needs: "INBOXES" },
  description: "A request that an inbox got.",
  interfaces: [Node],
  fields: (t) => ({
    inbox: t.field({
      type: InboxRef,
      nullable: true,
      description: "Which inbox got it.",
      async resolve({ inboxId }, _args, { load, tools }) {
        const inbox = await load.inbox.load(inboxId);
        return inbox && inbox.expiresAt > tools.clock.now() ? inbox : null;
      },
    }),
    receivedAt: t.expose("receivedAt", { type: "DateTime", description: "When it came." }),
    method: t.exposeString("method", { description: "Its HTTP method." }),
    path: t.exposeString("path", { description: "Its path and query." }),
    headers: t.expose("headers", { type: [HttpHeader], description: "Its headers." }),
    body: t.field({
      type: HttpBody,
      description: "Its body, the first 1 MiB.",
      resolve: ({ body, bodyTruncated: truncated, headers }) => ({
        bytes: body,
        truncated,
        contentType: contentTypeOf(headers),
      }),
    }),
    signatureValid: t.exposeBoolean("signatureValid", {
      nullable: true,
      description: "Null when it carries no signature or belongs to no webhook of ours.",
    }),
    signatureProblem: t.exposeString("signatureProblem", {
      nullable: true,
      description: "Why it is not valid.",
    }),
    delivery: t.field({
      type: DeliveryRef,
      nullable: true,
      description: "The delivery that it was an attempt of.",
      resolve: ({ deliveryId }, _args, { load }) =>
        deliveryId === null ? null : load.delivery.load(deliveryId),
    }),
  }),
});

const InboxRequestConnection = connectionType("InboxRequest", InboxRequestRef, "INBOXES", true);

InboxRef.implement({
  authScopes: { needs: "INBOXES" },
  description:
    "A URL that records what it gets and answers as you tell it to. Usable as a webhook's URL.",
  interfaces: [Node],
  fields: (t) => ({
    name: t.exposeString("name", { nullable: true, description: "Its name for people." }),
    url: t.field({
      type: "URL",
      description: "Send requests here.",
      resolve: ({ id }, _args, { inboxUrl }) => inboxUrl(id),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "When it goes away with what it got.",
    }),
    responseStatus: t.exposeInt("responseStatus", { description: "What it answers." }),
    responseDelay: t.field({
      type: "Duration",
      description: "How long it waits before it answers.",
      resolve: ({ responseDelayMs }) => formatDuration(responseDelayMs),
    }),
    failNext: t.exposeInt("failNext", { description: "Answer 503 to the next n requests." }),
    requests: t.field({
      type: InboxRequestConnection,
      nullable: true,
      description: "What it got, newest first; the last 500.",
      args: pageArgs(),
      resolve: ({ id }, page, context) =>
        followed(context, `inbox ${id}`, () =>
          context.reader.inboxRequests(context.tenantId, id, page),
        ),
    }),
  }),
});

const InboxConnection = connectionType("Inbox", InboxRef, "INBOXES");

builder.queryFields((t) => ({
  inboxes: t.field({
    type: InboxConnection,
    nullable: true,
    authScopes: { needs: "INBOXES" },
    description: "The inboxes, newest first.",
    args: pageArgs(),
    resolve: (_root, page, { reader, tenantId }) => reader.inboxes(tenantId, page),
  }),
  inbox: t.field({
    type: InboxRef,
    nullable: true,
    authScopes: { needs: "INBOXES" },
    description: "One inbox.",
    args: { id: t.arg.id({ required: true, description: "Its id." }) },
    resolve: (_root, { id }, { reader, tenantId }) => reader.inbox(tenantId, id),
  }),
}));

const NEW_INBOX = { expiresIn: "P1D", responseStatus: 200, responseDelay: "PT0S", failNext: 0 };

const CreateInboxInput = builder.inputType("CreateInboxInput", {
  description: "A new inbox.",
  fields: (t) => ({
    name: t.string({ description: "Its name for people." }),
    expiresIn: t.field({
      type: "Duration",
      required: true,
      defaultValue: NEW_INBOX.expiresIn,
      description: "How long it lives, PT1M to P30D.",
    }),
    responseStatus: t.int({
      required: true,
      defaultValue: NEW_INBOX.responseStatus,
      description: "What it answers, 200 to 599.",
    }),
    responseDelay: t.field({
      type: "Duration",
      required: true,
      defaultValue: NEW_INBOX.responseDelay,
      description: "How long it waits before it answers, at most PT1M.",
    }),
    failNext: t.int({
      required: true,
      defaultValue: NEW_INBOX.failNext,
      description: "Answer 503 to the next n requests.",
    }),
  }),
});

const UpdateInboxInput = builder.inputType("UpdateInboxInput", {
  description: "An absent field stays; null restores the default.",
  fields: (t) => ({
    inboxId: t.id({ required: true, description: "Which one." }),
    name: t.string({ description: "Its name for people." }),
    responseStatus: t.int({ description: "What it answers, 200 to 599." }),
    responseDelay: t.field({
      type: "Duration",
      description: "How long it waits before it answers, at most PT1M.",
    }),
    failNext: t.int({ description: "Answer 503 to the next n requests." }),
  }),
});

const DeleteInboxInput = builder.inputType("DeleteInboxInput", {
  description: "Which inbox.",
  fields: (t) => ({ inboxId: t.id({ required: true, description: "Its id." }) }),
});

function inboxPayload(name: string, description: string) {
  return builder.objectRef<Inbox>(`${name}Payload`).implement({
    description,
    fields: (t) => ({
      inbox: t.field({
        type: InboxRef,
        nullable: true,
        description: "As it is now.",
        resolve: (inbox) => inbox,
      }),
    }),
  });
}

const DeleteInboxPayload = builder.objectRef<Inbox>("DeleteInboxPayload").implement({
  description: "The inbox is gone.",
  fields: (t) => ({ deletedId: t.id({ description: "Its id.", resolve: ({ id }) => id }) }),
});

builder.mutationFields((t) => ({
  createInbox: t.field({
    type: resultUnion("CreateInbox", inboxPayload("CreateInbox", "The new inbox."), [
      InvalidInputError,
      LimitError,
    ]),
    nullable: true,
    authScopes: { needs: "INBOXES" },
    description: "Makes an inbox.",
    args: {
      input: t.arg({
        type: CreateInboxInput,
        required: true,
        defaultValue: NEW_INBOX,
        description: "What it does.",
      }),
    },
    resolve: (_root, { input }, context) =>
      refusing(() => {
        refuseNarrow(context);
        const { tenantId, tools } = context;
        return createInbox(tenantId, { ...input, name: input.name ?? null }, tools);
      }),
  }),
  updateInbox: t.field({
    type: resultUnion("UpdateInbox", inboxPayload("UpdateInbox", "The inbox as it is now."), [
      InvalidInputError,
      NotFoundError,
    ]),
    nullable: true,
    authScopes: { needs: "INBOXES" },
    description: "Changes an inbox: breaks and mends a receiver.",
    args: {
      input: t.arg({ type: UpdateInboxInput, required: true, description: "What to change." }),
    },
    resolve: (_root, { input: { inboxId, ...patch } }, context) =>
      refusing(async () => {
        await seeInbox(inboxId, context);
        return updateInbox(context.tenantId, inboxId, patch, context.tools);
      }),
  }),
  deleteInbox: t.field({
    type: resultUnion("DeleteInbox", DeleteInboxPayload, [NotFoundError]),
    nullable: true,
    authScopes: { needs: "INBOXES" },
    description: "Deletes an inbox and what it got.",
    args: { input: t.arg({ type: DeleteInboxInput, required: true, description: "Which one." }) },
    resolve: (_root, { input: { inboxId } }, context) =>
      refusing(async () => {
        await seeInbox(inboxId, context);
        return deleteInbox(context.tenantId, inboxId, context.tools);
      }),
  }),
}));

const InboxRequestReceived = builder.objectRef<EntryMessage>("InboxRequestReceived");
InboxRequestReceived.implement({
  authScopes: { needs: "INBOXES" },
  description: "The inbox got a request.",
  interfaces: [StreamMessage],
  fields: (t) => ({
    request: t.field({
      type: InboxRequestRef,
      nullable: true,
      description: "The request; null when newer ones have pushed it out.",
      resolve: ({ item }, _args, { load }) => load.inboxRequest.load(item.entry.requestId!),
    }),
  }),
});

const InboxStreamMessage = builder.unionType("InboxStreamMessage", {
  description: "A message of inboxRequests.",
  types: [InboxRequestReceived, StreamCaughtUp, StreamProgress, StreamGap],
  resolveType: (message) => messageType(message as EntryMessage, () => "InboxRequestReceived"),
});

builder.subscriptionField("inboxRequests", (t) =>
  t.field({
    type: InboxStreamMessage,
    authScopes: { needs: "INBOXES" },
    description: "What an inbox gets, as it comes.",
    args: {
      inboxId: t.arg.id({ required: true, description: "Which inbox." }),
      start: t.arg({
        type: StreamStartInput,
        description: "Where to begin; with what comes next when absent.",
      }),
    },
    async subscribe(_root, { inboxId, start }, context) {
      const inbox = await context.reader.inbox(context.tenantId, inboxId);
      if (!inbox) throw asGraphQLError(new Refusal("INBOX_NOT_FOUND", { path: ["inboxId"] }));
      return openStream(context, `inbox ${inbox.id}`, start, { filter: { inboxId: [inbox.id] } });
    },
    resolve: (item, { inboxId }) => ({ item, stream: `inbox ${inboxId}` }) as EntryMessage,
  }),
);
