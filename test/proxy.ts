import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Socket } from "node:net";
import { createSend, type SendOptions, type Sending } from "../src/delivery/send.ts";
import { answering, listen, strict, type Receiver } from "./receiver.ts";

export function pem(name: string): string {
  return readFileSync(new URL(`./fixtures/tls/${name}.pem`, import.meta.url), "utf8");
}

/** What the proxy was asked for, as it arrived. */
export interface Asked {
  readonly authority: string;
  readonly headers: IncomingHttpHeaders;
}

export interface TestProxy extends Receiver {
  readonly asked: Asked[];
}

interface ProxyOptions {
  /** The port of the receiver that tunnels lead to, whatever address was asked for: no test needs the network. */
  readonly to?: number | (() => number);
  /** What to answer instead; undefined makes the tunnel. */
  readonly refuse?: (asked: Asked, socket: Socket) => string | undefined;
  /** Serves with this certificate. */
  readonly certificate?: string;
}

/** A proxy on loopback that knows CONNECT and nothing else. */
export async function startProxy({
  to,
  refuse,
  certificate,
}: ProxyOptions = {}): Promise<TestProxy> {
  const asked: Asked[] = [];
  const server = certificate
    ? createHttpsServer({ key: pem("key"), cert: pem(certificate) })
    : createHttpServer();
  server.on("connect", (request, socket: Socket) => {
    const ask = { authority: request.url ?? "", headers: request.headers };
    asked.push(ask);
    socket.on("error", () => undefined);
    const answer = refuse?.(ask, socket);
    if (answer !== undefined) return void socket.end(answer, "latin1");
    const own = Number(/\d+$/.exec(ask.authority)?.[0]);
    const port = typeof to === "function" ? to() : (to ?? own);
    const exit = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(exit).pipe(socket);
    });
    exit.on("error", () => void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    socket.on("close", () => exit.destroy());
    exit.on("close", () => socket.destroy());
  });
  server.on("tlsClientError", () => undefined);
  return Object.assign(await listen(server, certificate ? "https" : "http"), { asked });
}

/** The head of an answer, and a body as proxies like to explain themselves with. */
export function answers(status: number, headers = ""): string {
  return `HTTP/1.1 ${status} No\r\n${headers}content-length: 5\r\n\r\nsorry`;
}

export const PUBLIC = "93.184.216.34";
export const CREDENTIALS = `Basic ${Buffer.from("hookwire:open-sesame").toString("base64")}`;

/** A sender that may go to public addresses only, where every name is, over the proxy. */
export function over(
  { url }: { url: string },
  options: Partial<SendOptions> = {},
): Sending & AsyncDisposable {
  const { protocol, hostname, port } = new URL(url);
  const sending = createSend({
    policy: strict,
    resolver: answering([PUBLIC]),
    proxy: {
      isSecure: protocol === "https:",
      host: hostname,
      port: Number(port),
      authorization: CREDENTIALS,
    },
    ...options,
  });
  return { ...sending, [Symbol.asyncDispose]: () => sending.close() };
}

export async function allClosed({ sockets }: Receiver): Promise<void> {
  for (const socket of sockets)
    if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}
