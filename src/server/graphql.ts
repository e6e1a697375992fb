import { GraphQLError } from "graphql";
import { createYoga, type Plugin, type YogaServerInstance } from "graphql-yoga";
import { createLoaders, schema, type Context, type Services } from "../schema/index.ts";
import type { Caller } from "./auth.ts";
import { LIMITS } from "./limits.ts";
import { Messages } from "./messages.ts";

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
    plugins: [limitDocuments, shareMessages(new Messages())],
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

/** A document that is too long is refused by its tokens, one that is too deep before it overflows the stack. */
const limitDocuments: Plugin = {
  onParse({ parseFn, setParseFn }) {
    setParseFn((source: unknown, options: object) =>
      orTooDeep(() => parseFn(source, { ...options, maxTokens: LIMITS.documentTokens })),
    );
  },
  onValidate({ validateFn, setValidationFn }) {
    setValidationFn((...args: Parameters<typeof validateFn>) =>
      orTooDeep(() => validateFn(...args)),
    );
  },
};

function shareMessages({ subscribe }: Messages): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe) };
}

function orTooDeep<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const extensions = { code: "GRAPHQL_PARSE_FAILED", http: { status: 400 } };
    throw new GraphQLError("The document is nested too deeply", { extensions });
  }
}
