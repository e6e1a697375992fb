import { contextCacheSymbol } from "@pothos/core";
import {
  createYoga,
  type Plugin,
  type YogaServerInstance,
  type YogaServerOptions,
} from "graphql-yoga";
import type { Catalog } from "../domain/catalog/catalog.ts";
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
  /** The caller's event types, where the schema depends on them. */
  readonly catalog?: Catalog;
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

/** Where each tenant finds the API with its own event types. */
const TYPED = "/graphql/typed";

/** What the endpoint has to know of the caller's event types. */
export async function catalogFor(
  { graphqlEndpoint }: Pick<Yoga, "graphqlEndpoint">,
  { rights }: Session,
  { catalogOf }: { readonly catalogOf: (tenantId: string) => Promise<Catalog> },
): Promise<Catalog | undefined> {
  return graphqlEndpoint === TYPED ? catalogOf(rights.tenantId) : undefined;
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

/** By their paths. */
export type Endpoints = ReadonlyMap<string, Yoga>;

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
  const plugins = [chooseSchema(), ...shared];
  const yogas = [
    createEndpoint({ ...options, graphqlEndpoint: "/graphql", schema }, services),
    createEndpoint({ ...options, graphqlEndpoint: TYPED, plugins }, services),
  ];
  return new Map(yogas.map((yoga) => [yoga.graphqlEndpoint, yoga]));
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
  const typed = new TypedSchemas(schema);
  return {
    onEnveloped({ context, setSchema }) {
      const { caller, catalog } = context!;
      setSchema(typed.of(caller.rights.tenantId, catalog!));
    },
  };
}

function shareMessages({ subscribe }: Messages): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe) };
}
