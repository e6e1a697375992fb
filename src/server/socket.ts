import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { getOperationAST, GraphQLError, type ExecutionArgs, type ExecutionResult } from "graphql";
import { CloseCode, handleProtocols, makeServer, MessageType } from "graphql-ws";
import { WebSocketServer, type WebSocket } from "ws";
import type { Auth } from "./auth.ts";
import type { Bounds } from "./bounds.ts";
import { mayOpenSocket, type Origins } from "./cors.ts";
import type { Place } from "./crowd.ts";
import type { Params } from "./documents.ts";
import type { Endpoint, Endpoints, Yoga } from "./graphql.ts";
import { limitText, overLimit } from "./limits.ts";
import { Outflow } from "./outflow.ts";
import type { Session } from "./session.ts";

/** One client's socket: the request that opened it, and who it turned out to be. */
interface Peer extends Record<PropertyKey, unknown> {
  readonly request: IncomingMessage;
  readonly endpoint: Endpoint;
  readonly outflow: Outflow;
  readonly place: Place;
  /** Ids of operations that are not begun yet. */
  readonly preparing: Set<string>;
  caller?: Session;
  /** Forgets it when its key is over. */
  leave?: () => void;
}
type Enveloped = ReturnType<Yoga["getEnveloped"]>;
type Operation = ExecutionArgs & { rootValue: Pick<Enveloped, "execute" | "subscribe"> };
type Protocol = ReturnType<typeof makeServer<{ authorization?: unknown }, Peer>>;

export interface SocketOptions extends Bounds {
  readonly endpoints: Endpoints;
  readonly auth: Auth;
  readonly origins: Origins;
  /** The gate: what the client may be told of an error. */
  readonly maskError: (error: unknown) => Error;
}

export interface Sockets {
  /** Takes no more sockets and asks those that are open to close. */
  goAway(): void;
  /** Ends whatever is still open. */
  terminate(): void;
}

/** graphql-transport-ws on the same port and paths as HTTP. Whoever shows no key in connection_init is closed with 4403. */
export function serveSockets(server: Server, options: SocketOptions): Sockets {
  const { limits, crowd, origins } = options;
  const protocol = createProtocol(options);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.HOOKWIRE_LIMIT_SOCKET_MESSAGE,
    perMessageDeflate: false,
    handleProtocols,
  });
  let isOpen = true;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const endpoint = options.endpoints.get(request.url?.split("?")[0] ?? "");
    if (!isOpen || !endpoint)
      return refuse(socket, "404 Not Found", "NOT_FOUND", "There is nothing at this address.");
    if (!mayOpenSocket(request, origins))
      return refuse(socket, "403 Forbidden", "FORBIDDEN", FOREIGN);
    const over = crowd.isFull;
    if (over)
      return refuse(socket, "503 Service Unavailable", "LIMIT_REACHED", limitText(limits, over));
    sockets.handleUpgrade(request, socket, head, (opened) =>
      serveSocket(protocol, opened, {
        request,
        endpoint,
        outflow: new Outflow(opened),
        place: crowd.enter(),
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

const FOREIGN =
  "Pages of this origin may not open a socket here; HOOKWIRE_ALLOWED_ORIGINS names those that may.";

/** Before it is a socket, so in HTTP. */
function refuse(socket: Duplex, status: string, code: string, message: string): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
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
    peer.place.leave();
    peer.leave?.();
    void closed(code, reason.toString());
  });
}

function createProtocol(options: SocketOptions): Protocol {
  const { auth, limits, rates, maskError } = options;
  const tooMany = told(overLimit(limits, "HOOKWIRE_LIMIT_SOCKET_OPERATIONS"));
  return makeServer<{ authorization?: unknown }, Peer>({
    connectionInitWaitTimeout: limits.HOOKWIRE_LIMIT_SOCKET_HELLO,
    execute: (args) => (args as Operation).rootValue.execute(args),
    subscribe: (args) => (args as Operation).rootValue.subscribe(args),
    onOperation: ({ extra }, id) => void extra.preparing.delete(id),
    async onConnect({ connectionParams, extra }) {
      const session = await auth.identify(extra.request, connectionParams?.authorization);
      if (!session) return false;
      if (!extra.place.greet(session)) {
        extra.outflow.close(TRY_LATER, limitText(limits, "HOOKWIRE_LIMIT_SOCKETS_PER_KEY"));
        return false;
      }
      extra.caller = session;
      extra.leave = session.onEnd(() => extra.outflow.close(CloseCode.Forbidden, "Forbidden"));
      return true;
    },
    async onSubscribe({ extra: peer, subscriptions }, id, params) {
      const { caller, outflow, preparing } = peer;
      // It was completed before it began: the library forgets such a one, and would begin both.
      if (preparing.has(id)) {
        outflow.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
        return [CLOSING];
      }
      if (caller!.isOver) {
        outflow.close(CloseCode.Forbidden, "Forbidden");
        return [CLOSING];
      }
      if (Object.keys(subscriptions).length > limits.HOOKWIRE_LIMIT_SOCKET_OPERATIONS)
        return [tooMany];
      const early = rates.refuse(caller!);
      if (early) return [early.error];
      preparing.add(id);
      const prepared = await prepare(options, peer, params).catch((error: unknown) => [
        told(maskError(error)),
      ]);
      if (Array.isArray(prepared)) preparing.delete(id);
      return prepared;
    },
  });
}

/** Of RFC 6455: clients come back by themselves, after a while. */
const TRY_LATER = 1013;

/** Whatever is still told: the code that the socket is closed with says why. */
const CLOSING = new GraphQLError("This socket is being closed", {
  extensions: { code: "UNAVAILABLE" },
});

/** Nobody is there to be told. */
const GONE: ExecutionResult = {};

/** What runs an operation, or the errors of its document. */
async function prepare(
  { persisted }: SocketOptions,
  { endpoint, caller, outflow, request }: Peer,
  params: Params & { readonly query: string },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { variables, operationName } = params;
  const query = persisted?.textFor(params, caller!) ?? params.query;
  const from = request.socket.remoteAddress ?? null;
  const schema = await endpoint.schemaFor(caller!);
  const enveloped = endpoint.yoga.getEnveloped({ caller: caller!, from, schema, params });
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
