import { createYoga, type Plugin, type YogaServerInstance } from "graphql-yoga";
import { createLoaders, schema, type Context, type Services } from "../schema/index.ts";
import type { Caller } from "./auth.ts";
import { LIMITS } from "./limits.ts";

/** What the transport knows of an operation. */
export interface Asked {
  readonly caller: Caller;
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

export function createGraphQL(services: Services, maskError: (error: unknown) => Error): Yoga {
  return createYoga<Asked, Context>({
    schema,
    context: ({ caller: { tenantId } }): Context => ({
      ...services,
      tenantId,
      load: createLoaders(tenantId, services.reader, services.webhookReader),
    }),
    maskedErrors: { maskError },
    plugins: [limitTokens],
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

const limitTokens: Plugin = {
  onParse({ parseFn, setParseFn }) {
    setParseFn((source: unknown, options: object) =>
      parseFn(source, { ...options, maxTokens: LIMITS.documentTokens }),
    );
  },
};
