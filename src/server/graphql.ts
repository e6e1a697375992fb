import { contextCacheSymbol } from "@pothos/core";
import type { GraphQLSchema } from "graphql";
import {
  createYoga,
  type Plugin,
  type YogaServerInstance,
  type YogaServerOptions,
} from "graphql-yoga";
import {
  createLoaders,
  schema,
  TypedSchemas,
  type Context,
  type Services,
} from "../schema/index.ts";
import type { Bounds } from "./bounds.ts";
import type { Crowd } from "./crowd.ts";
import { limitDocuments, type Params } from "./documents.ts";
import { overLimit, type Limits } from "./limits.ts";
import { Messages } from "./messages.ts";
import { usePersisted } from "./persisted.ts";
import type { Session } from "./session.ts";

/** What the transport knows of an operation. */
export interface Asked {
  readonly caller: Session;
  /** The client's address. */
  readonly from: string | null;
  /** The endpoint's `schemaFor` the caller. */
  readonly schema?: GraphQLSchema;
  /** Calls `act` when the answer has ended, in whatever way. What is asked on a socket has none. */
  readonly onAnswered?: (act: () => void) => void;
  /** Yoga adds them by itself. */
  readonly params?: Params;
}

export type Yoga = YogaServerInstance<Asked, Context>;

export interface GraphQLOptions extends Bounds {
  /** The gate: what the client may be told of an error. */
  readonly maskError: (error: unknown) => Error;
}

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

export interface Endpoint {
  readonly yoga: Yoga;
  /** The schema that the caller's next operation is about; undefined where it is the same for all. */
  readonly schemaFor: (caller: Session) => Promise<GraphQLSchema | undefined>;
}

/** By their paths. */
export type Endpoints = ReadonlyMap<string, Endpoint>;

type Options = Omit<YogaServerOptions<Asked, Context>, "context">;

/** The API, the same for every tenant; and on a path of its own, with the types of the caller's own event types too. */
export function createGraphQL(
  services: Services,
  { maskError, limits, crowd, persisted }: GraphQLOptions,
): Endpoints {
  const shared = [
    ...(persisted ? [usePersisted(persisted)] : []),
    limitDocuments(limits),
    limitStreams(limits, crowd),
    shareMessages(new Messages()),
  ];
  const options = { ...OPTIONS, maskedErrors: { maskError }, plugins: shared };
  const typed = new TypedSchemas(schema);
  const { store, rest } = services.tools;
  const plugins = [chooseSchema(), ...shared];
  const endpoints: Endpoint[] = [
    {
      yoga: createEndpoint({ ...options, graphqlEndpoint: "/graphql", schema }, services),
      schemaFor: () => Promise.resolve(undefined),
    },
    {
      yoga: createEndpoint({ ...options, graphqlEndpoint: "/graphql/typed", plugins }, services),
      async schemaFor({ rights: { tenantId } }) {
        const catalog = await store.catalog(tenantId);
        await typed.prepare(tenantId, catalog, rest);
        return typed.of(tenantId, catalog);
      },
    },
  ];
  return new Map(endpoints.map((endpoint) => [endpoint.yoga.graphqlEndpoint, endpoint]));
}

const OPTIONS: Options = {
  parserAndValidationCache: false,
  graphiql: { subscriptionsProtocol: "WS", title: "Hookwire", defaultQuery: WELCOME },
  // A large module that only browsers need.
  renderGraphiQL: async (options) =>
    (await import("@graphql-yoga/render-graphiql")).renderGraphiQL(options),
  landingPage: false,
  cors: false,
  multipart: false,
  logging: false,
};

function createEndpoint(options: Options, services: Services): Yoga {
  return createYoga<Asked, Context>({
    ...options,
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
  });
}

/** Counts event streams, and ends each with its answer, whatever becomes of that. Too many of a key: 429, in all: 503. */
function limitStreams(limits: Limits, crowd: Crowd): Plugin {
  return {
    onSubscribe({ context, setResultAndStopExecution }) {
      const { caller, onAnswered } = context as unknown as Asked;
      if (!onAnswered) return undefined;
      const leave = crowd.enterStream(caller);
      if (typeof leave === "string") {
        const status = leave === "HOOKWIRE_LIMIT_SOCKETS" ? 503 : 429;
        setResultAndStopExecution({ errors: [overLimit(limits, leave, status)] });
        return undefined;
      }
      onAnswered(leave);
      return {
        onSubscribeResult({ result }) {
          if (Symbol.asyncIterator in result)
            onAnswered(() => void result[Symbol.asyncIterator]().return?.());
        },
      };
    },
  };
}

/** What is registered shows in the next operation; a stream goes on as it began. */
function chooseSchema(): Plugin<Asked> {
  return {
    onEnveloped({ context, setSchema }) {
      setSchema(context!.schema!);
    },
  };
}

function shareMessages({ subscribe }: Messages): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe) };
}
