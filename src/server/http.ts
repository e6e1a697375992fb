import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Auth } from "./auth.ts";
import { readBody } from "./body.ts";
import type { Bounds } from "./bounds.ts";
import { allowOrigin, type Origins } from "./cors.ts";
import type { Endpoint, Endpoints } from "./graphql.ts";
import { serveInbox, type VisitInbox } from "./inbox.ts";
import { limitText } from "./limits.ts";
import { serveLogin } from "./login.ts";

/** Who sends headers slower than this only holds a connection. */
const HEADERS_MS = 10_000;
/** How often Node.js looks for requests that take too long: they end that much later. */
const LOOK_MS = 1000;

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface Site extends Bounds {
  readonly auth: Auth;
  readonly endpoints: Endpoints;
  readonly origins: Origins;
  readonly visitInbox: VisitInbox;
  readonly isReady: () => Promise<boolean>;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly report: (error: unknown) => void;
}

/** A port that is taken already, and what to say about it. */
export class PortProblem extends Error {
  override readonly name = "PortProblem";
}

/** The settings of what listens. */
export interface Listening {
  readonly HOST: string;
  readonly PORT: number;
  readonly HOOKWIRE_LIMIT_CONNECTIONS: number;
  /** In ms. What is being answered, such as an event stream, may last. */
  readonly HOOKWIRE_LIMIT_REQUEST: number;
}

/** Listens, and answers 503 until `serve` is called: a port that is taken shows before anything else is touched. */
export async function listen({ HOST: host, PORT: port, ...limits }: Listening): Promise<Server> {
  const requestTimeout = limits.HOOKWIRE_LIMIT_REQUEST;
  const server = createServer({
    headersTimeout: Math.min(HEADERS_MS, requestTimeout),
    requestTimeout,
    connectionsCheckingInterval: LOOK_MS,
    // An offer of another protocol, such as h2c, is an offer: the request itself is answered.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  });
  server.maxConnections = limits.HOOKWIRE_LIMIT_CONNECTIONS;
  server.on("request", (_request, response) => {
    if (server.listenerCount("request") === 1)
      sendError(response, 503, "UNAVAILABLE", "The service is starting.");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(portProblem(cause, host, port)));
    server.listen(port, host, resolve);
  });
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export function serve(server: Server, site: Site): void {
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    route(request, site)(request, response).catch((error: unknown) => {
      // A client that went away in the middle is no error of ours.
      if (request.destroyed && !request.complete) return;
      site.report(error);
      if (!response.headersSent)
        sendError(response, 500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.");
    });
  });
}

function route({ url = "" }: IncomingMessage, site: Site): Handle {
  const [path = ""] = url.split("?");
  const endpoint = site.endpoints.get(path);
  if (endpoint)
    return (request, response) => serveGraphQL(request, response, { ...site, ...endpoint });
  if (path.startsWith("/in/"))
    return (request, response) => serveInbox(request, response, site.visitInbox, site.wait);
  switch (path) {
    case "/":
      return async (_request, response) =>
        void response.writeHead(303, { location: "/graphql" }).end();
    case "/favicon.ico":
      return async (_request, response) => void response.writeHead(204).end();
    case "/login":
      return (request, response) => serveLogin(request, response, site.auth);
    case "/healthz":
      return async (_request, response) => sendJson(response, 200, { status: "ok" });
    case "/readyz":
      return async (_request, response) => {
        const isReady = await site.isReady();
        sendJson(response, isReady ? 200 : 503, { status: isReady ? "ready" : "not ready" });
      };
    default:
      return async (_request, response) =>
        sendError(response, 404, "NOT_FOUND", "There is nothing at this address.");
  }
}

async function serveGraphQL(
  request: IncomingMessage,
  response: ServerResponse,
  { auth, yoga, schemaFor, limits, rates, origins }: Site & Endpoint,
): Promise<void> {
  if (allowOrigin(request, response, origins)) return;
  const caller = await auth.identify(request, undefined);
  if (!caller) return refuseStranger(request, response);
  const early = rates.refuse(caller);
  if (early) {
    response.setHeader("retry-after", early.seconds);
    return sendJson(response, 429, { errors: [early.error] });
  }
  const asked = {
    caller,
    from: request.socket.remoteAddress ?? null,
    onAnswered: (act: () => void) => onAnswered(response, act),
  };
  if (request.method !== "POST") {
    const schema = await schemaFor(caller);
    if (caller.isOver) return refuseStranger(request, response);
    return await yoga(request, response, { ...asked, schema });
  }
  // Only a script can send JSON to another site without asking it first, and we answer no such question.
  const type = request.headers["content-type"]?.toLowerCase() ?? "";
  if (!/^application\/(graphql\+)?json\b/.test(type)) return sendError(response, 415, ...NOT_JSON);
  request.headers["content-type"] = type;
  const { bytes, truncated } = await readBody(request, limits.HOOKWIRE_LIMIT_BODY);
  if (truncated)
    return sendError(response, 413, "LIMIT_REACHED", limitText(limits, "HOOKWIRE_LIMIT_BODY"));
  const schema = await schemaFor(caller);
  // It took its time, and the key may be over by now.
  if (caller.isOver) return refuseStranger(request, response);
  const body = parsed(bytes) ?? replay(bytes);
  await yoga(Object.assign(request, { body }), response, { ...asked, schema });
}

/** Whether it was given in full or not. */
function onAnswered(response: ServerResponse, act: () => void): void {
  if (response.closed) act();
  else response.once("close", act);
}

const NOT_JSON = [
  "UNSUPPORTED_MEDIA_TYPE",
  "The body must be JSON: content-type application/json.",
] as const;

/** What Yoga takes as it is, without a stream around it; undefined for anything that it has to find words for. */
function parsed(bytes: Buffer): object | undefined {
  try {
    const body: unknown = JSON.parse(bytes.toString());
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    return isObject && Object.keys(body).length > 0 ? body : undefined;
  } catch {
    return undefined; // Yoga says what is wrong with it.
  }
}

/** A body that was read already, as Yoga takes one: it counts the keys of what it finds, and a Buffer has millions. */
function replay(bytes: Buffer): AsyncIterable<Buffer> {
  const length = bytes.length;
  return Object.assign(
    { length },
    {
      async *[Symbol.asyncIterator]() {
        yield bytes;
      },
    },
  );
}

function refuseStranger(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === "GET" && request.headers.accept?.includes("text/html"))
    return void response.writeHead(303, { location: "/login" }).end();
  response.setHeader("www-authenticate", "Bearer");
  const how = "Send the API key: Authorization: Bearer <key>.";
  const isGiven = request.headers.authorization !== undefined;
  sendError(response, 401, "UNAUTHENTICATED", isGiven ? `This is not the API key. ${how}` : how);
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { errors: [{ message, extensions: { code } }] });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8" })
    .end(JSON.stringify(body));
}

function portProblem(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  if (cause.code === "EADDRINUSE")
    return new PortProblem(
      `Port ${port} on ${host} is in use; stop what uses it, or set PORT to another one`,
      { cause },
    );
  if (cause.code === "EACCES")
    return new PortProblem(`Port ${port} may not be used by this user; set PORT to 1024 or more`, {
      cause,
    });
  return new PortProblem(
    `The service can't listen on ${host}: ${cause.message}; set HOST to an address of this machine`,
    { cause },
  );
}
