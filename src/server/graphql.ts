import { contextCacheSymbol } from "@pothos/core";
import { createYoga, type Plugin, type YogaServerInstance } from "graphql-yoga";
import type { Caller } from "../domain/rights.ts";
import { createLoaders, schema, type Context, type Services } from "../schema/index.ts";
import { limitDocuments, type Params } from "./documents.ts";
import type { Limits } from "./limits.ts";
import { Messages } from "./messages.ts";

/** What the transport knows of an operation. */
export interface Asked {
  readonly caller: Caller;
  /** The client's address. */
  readonly from: string | null;
  /** Yoga adds them by itself. */
  readonly params?: Params;
}

export type Yoga = YogaServerInstance<Asked, Context>;

const WELCOME = `# Hookwire: webhooks you can watch.
# Ctrl-Space completes, Ctrl-Enter runs. The catalog to begin with:
query Catalog {
  events {
    name
    title
    description
    category
    samplePayload
  }
}
`;

export function createGraphQL(
  services: Services,
  maskError: (error: unknown) => Error,
  limits: Limits,
): Yoga {
  return createYoga<Asked, Context>({
    schema,
    context: ({ caller, from }): Context => {
      const { tenantId, webhookIds } = caller.rights;
      const seen = webhookIds ? { ...services, ...services.narrow(webhookIds) } : services;
      return {
        ...seen,
        tools: { ...services.tools, by: { actor: caller.id, from } },
        caller,
        // What scopes come to is found out once for a caller: kept for each request, it would be garbage of a costly kind.
        [contextCacheSymbol]: caller,
        tenantId,
        load: createLoaders(tenantId, seen.reader, seen.webhookReader),
      };
    },
    maskedErrors: { maskError },
    plugins: [limitDocuments(limits), shareMessages(new Messages())],
    parserAndValidationCache: false,
    graphiql: { subscriptionsProtocol: "WS", title: "Hookwire", defaultQuery: WELCOME },
    // A large module that only browsers need.
    renderGraphiQL: async (options) =>
      (await import("@graphql-yoga/render-graphiql")).renderGraphiQL(options),
    landingPage: false,
    cors: false,
    multipart: false,
    logging: false,
  });
}

function shareMessages({ subscribe }: Messages): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe) };
}
