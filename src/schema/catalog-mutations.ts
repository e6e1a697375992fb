import { registerEventTypes } from "../domain/catalog-commands.ts";
import type { JsonObject } from "../domain/catalog/entry.ts";
import type { EventTypeChange } from "../domain/catalog/registration.ts";
import { CHANGES, EventTypeChangeType } from "./breaking.ts";
import { builder } from "./builder.ts";
import { EventTypeRef } from "./refs.ts";
import { refusing, resultUnion } from "./refusal.ts";
import { refuseNarrow } from "./seen.ts";
import { BreakingChangeError, InvalidInputError, LimitError } from "./user-error.ts";

const EventTypeInput = builder.inputType("EventTypeInput", {
  description: "An event type of the tenant's own.",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: "Stable machine name, such as order_created; not one of a built-in type.",
    }),
    title: t.string({ required: true, description: "Its name for people." }),
    description: t.string({ required: true, description: "When it is raised." }),
    category: t.string({ required: true, description: "The group it is shown in." }),
    schema: t.field({
      type: "JSON",
      required: true,
      description: "JSON Schema 2020-12 of the payload, which is an object.",
    }),
    samplePayload: t.field({
      type: "JSON",
      required: true,
      description: "A fully populated payload that satisfies the schema.",
    }),
    aliases: t.stringList({
      required: true,
      defaultValue: [],
      description: "Other names, accepted wherever its own is.",
    }),
    deprecationReason: t.string({
      description: "Why it should not be used any more, and what to use instead.",
    }),
  }),
});

const RegisterEventTypesInput = builder.inputType("RegisterEventTypesInput", {
  description: "The tenant's own types, the same each time, such as from a deployment.",
  fields: (t) => ({
    types: t.field({ type: [EventTypeInput], required: true, description: "The declarations." }),
    prune: t.boolean({
      required: true,
      defaultValue: false,
      description: "Retires the types that are not declared. Their past events stay.",
    }),
    allowBreaking: t.boolean({
      required: true,
      defaultValue: false,
      description: "Goes on when receivers would break.",
    }),
    dryRun: t.boolean({
      required: true,
      defaultValue: false,
      description: "Changes nothing, and tells what would change and whom it would break.",
    }),
  }),
});

interface Registered {
  readonly changes: readonly EventTypeChange[];
  /** Null on a dry run. */
  readonly names: readonly string[] | null;
}

const RegisterEventTypesPayload = builder
  .objectRef<Registered>("RegisterEventTypesPayload")
  .implement({
    description: "The catalog's new entries.",
    fields: (t) => ({
      eventTypes: t.field({
        type: [EventTypeRef],
        nullable: true,
        description: "The declared types as they are now; null on a dry run.",
        resolve: async ({ names }, _args, { tools, tenantId }) => {
          const catalog = await tools.store.catalog(tenantId);
          return names && names.flatMap((name) => catalog.find(name) ?? []);
        },
      }),
      changes: t.field({
        type: [EventTypeChangeType],
        description:
          "What each type and each place of a payload came to. Of more than 2,500 changes, of each type the gravest.",
        extensions: CHANGES,
        resolve: ({ changes }) => [...changes],
      }),
    }),
  });

builder.mutationField("registerEventTypes", (t) =>
  t.field({
    type: resultUnion("RegisterEventTypes", RegisterEventTypesPayload, [
      InvalidInputError,
      BreakingChangeError,
      LimitError,
    ]),
    nullable: true,
    authScopes: { needs: "CATALOG_WRITE" },
    description:
      "Declares event types of the tenant's own: checked at publish, typed on /graphql/typed. All or nothing.",
    args: {
      input: t.arg({
        type: RegisterEventTypesInput,
        required: true,
        description: "The declarations.",
      }),
    },
    resolve: (_root, { input }, context) =>
      refusing(async () => {
        refuseNarrow(context);
        const types = input.types.map((type) => ({
          ...type,
          schema: type.schema as JsonObject,
          samplePayload: type.samplePayload as JsonObject,
          aliases: [...type.aliases],
          deprecationReason: type.deprecationReason ?? null,
        }));
        const { tenantId, tools } = context;
        const changes = await registerEventTypes(tenantId, { ...input, types }, tools);
        return { changes, names: input.dryRun ? null : types.map(({ name }) => name) };
      }),
  }),
);
