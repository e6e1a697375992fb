import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { getOperationAST, GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import { CloseCode, handleProtocols, makeServer, MessageType } from "graphql-ws";
import { WebSocketServer, type WebSocket } from "ws";
import type { Auth, Caller } from "./auth.ts";
import type { Yoga } from "./graphql.ts";
import { LIMITS } from "./limits.ts";
import { Outflow } from "./outflow.ts";

/** One client's socket: the request that opened it, and who it turned out to be. */
interface Peer extends Record<PropertyKey, unknown> {
  readonly request: IncomingMessage;
  readonly outflow: Outflow;
  /** Ids of operations that are not begun yet. */
  readonly preparing: Set<string>;
  caller?: Caller;
}
type Enveloped = ReturnType<Yoga["getEnveloped"]>;
type Operation = ExecutionArgs & { rootValue: Pick<Enveloped, "execute" | "subscribe"> };
type Protocol = ReturnType<typeof makeServer<{ authorization?: unknown }, Peer>>;

export interface SocketOptions {
  readonly yoga: Yoga;
  readonly auth: Auth;
  /** The gate: what the client may be told of an error. */
  readonly maskError: (error: unknown) => Error;
}

export interface Sockets {
  /** Takes no more sockets and asks those that are open to close. */
  goAway(): void;
  /** Ends whatever is still open. */
  terminate(): void;
}

/** graphql-transport-ws on the same port and path as HTTP. Whoever shows no key in connection_init is closed with 4403. */
export function serveSockets(server: Server, options: SocketOptions): Sockets {
  const protocol = createProtocol(options);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.messageBytes,
    perMessageDeflate: false,
    handleProtocols,
  });
  let isOpen = true;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const path = request.url?.split("?")[0];
    if (!isOpen || path !== options.yoga.graphqlEndpoint)
      return socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
    sockets.handleUpgrade(request, socket, head, (opened) =>
      serveSocket(protocol, opened, {
        request,
        outflow: new Outflow(opened),
        preparing: new Set(),
      }),
    );
  });
  return {
    goAway() {
      isOpen = false;
      for (const client of sockets.clients) client.close(1001, "Going away");
    },
    terminate() {
      for (const client of sockets.clients) client.terminate();
    },
  };
}

const PONG = JSON.stringify({ type: MessageType.Pong });
/** A client that answers no ping for this long is gone. */
const PING_MS = 12_000;

function serveSocket(protocol: Protocol, socket: WebSocket, peer: Peer): void {
  let isAlive = true;
  const ping = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, PING_MS);
  socket.on("pong", () => (isAlive = true));
  // A message that is too large or no frame at all: ws closes the socket by itself, with the code that says so.
  socket.on("error", () => undefined);
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => peer.outflow.send(text),
      close: (code, reason) => peer.outflow.close(code, reason),
      // Without what came along: nobody has to show a key for it.
      onPing: () => peer.outflow.send(PONG),
      onMessage: (handle) =>
        socket.on("message", (data: Buffer) => {
          handle(data.toString()).catch(() => peer.outflow.close(CloseCode.InternalServerError));
        }),
    },
    peer,
  );
  socket.once("close", (code, reason) => {
    clearInterval(ping);
    void closed(code, reason.toString());
  });
}

function createProtocol({ yoga, auth, maskError }: SocketOptions): Protocol {
  return makeServer<{ authorization?: unknown }, Peer>({
    execute: (args) => (args as Operation).rootValue.execute(args),
    subscribe: (args) => (args as Operation).rootValue.subscribe(args),
    onOperation: ({ extra }, id) => void extra.preparing.delete(id),
    async onConnect({ connectionParams, extra }) {
      const caller = await auth.identify(extra.request, connectionParams?.authorization);
      if (caller) extra.caller = caller;
      return caller !== null;
    },
    async onSubscribe({ extra: { caller, outflow, preparing }, subscriptions }, id, params) {
      // It was completed before it began: the library forgets such a one, and would begin both.
      if (preparing.has(id)) {
        outflow.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
        return [tooMany()];
      }
      if (Object.keys(subscriptions).length > LIMITS.operationsPerSocket) return [tooMany()];
      preparing.add(id);
      const prepared = await prepare(yoga, caller!, outflow, params).catch((error: unknown) => [
        told(maskError(error)),
      ]);
      if (Array.isArray(prepared)) preparing.delete(id);
      return prepared;
    },
  });
}

/** Nobody is there to be told. */
const GONE: ExecutionResult = {};

function tooMany(): GraphQLError {
  return new GraphQLError(
    `A socket has at most ${LIMITS.operationsPerSocket} operations under way; end one or open another socket`,
    { extensions: { code: "LIMIT_REACHED" } },
  );
}

/** What runs an operation, or the errors of its document. */
async function prepare(
  yoga: Yoga,
  caller: Caller,
  outflow: Outflow,
  {
    query,
    variables,
    operationName,
  }: { query: string; variables?: object | null; operationName?: string | null },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const enveloped = yoga.getEnveloped({ caller });
  const document = parsed(() => enveloped.parse(query) as ExecutionArgs["document"]);
  const errors = enveloped.validate(enveloped.schema, document) as readonly GraphQLError[];
  if (errors.length > 0) return errors.map(told);
  if (!getOperationAST(document, operationName))
    return [
      new GraphQLError("The document has no operation of this name", {
        extensions: { code: "BAD_USER_INPUT" },
      }),
    ];
  return {
    schema: enveloped.schema,
    operationName,
    document,
    variableValues: variables as ExecutionArgs["variableValues"],
    contextValue: await enveloped.contextFactory(),
    rootValue: {
      execute: async (args) => (await outflow.run(() => enveloped.execute(args))) ?? GONE,
      subscribe: async (args) => (await outflow.run(() => enveloped.subscribe(args))) ?? GONE,
    } satisfies Operation["rootValue"],
  };
}

/** With the code that a document which can't be parsed has over HTTP too. */
function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GraphQLError) error.extensions.code ??= "GRAPHQL_PARSE_FAILED";
    throw error;
  }
}

/** Without what only an HTTP answer needs. */
function told(error: Error): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(error.message);
  const { http: _http, ...extensions } = error.extensions;
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions,
  });
}
