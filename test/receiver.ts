import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import { expect } from "vitest";
import type { Resolver } from "../src/delivery/resolver.ts";
import { createSend, type Sending } from "../src/delivery/send.ts";
import type { Outcome } from "../src/domain/outcome.ts";
import type { OutgoingRequest } from "../src/domain/request.ts";
import { createTargetPolicy } from "../src/domain/target.ts";

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const loopback = createTargetPolicy({ allow: ["127.0.0.0/8"], deny: [] });
export const strict = createTargetPolicy({ allow: [], deny: [] });

function outgoing(url: string, changes: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    url,
    customHeaders: [],
    body: '{"a":"ü"}',
    eventId: "evt_1",
    eventType: "payment_received",
    deliveryId: "dlv_1",
    attemptNumber: 1,
    isTest: false,
    secrets: [SECRET],
    timeoutMs: 5000,
    ...changes,
  };
}

interface Via extends Partial<OutgoingRequest> {
  /** Without it, a sender that may reach loopback. */
  readonly by?: Sending;
  readonly signal?: AbortSignal;
}

const sender = createSend({ policy: loopback });

/** Sends, and holds what is true of every attempt: it ends by its deadline and is plain data. */
export async function attempt(
  url: string,
  { by = sender, signal, ...changes }: Via = {},
): Promise<Outcome> {
  const request = outgoing(url, changes);
  const startMs = performance.now();
  const outcome = await by.send(request, signal);
  // What has no deadline lasts for minutes, or for ever.
  expect(performance.now() - startMs).toBeLessThan(request.timeoutMs + 10_000);
  expect(structuredClone(outcome)).toEqual(outcome);
  expect(outcome.message).toMatch(/\w+ \w+/);
  expect(outcome.message).not.toMatch(/undefined|\[object/);
  return outcome;
}

/** undici takes a connection back in the turn of the event loop after its answer. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** All that were ever connected. */
  readonly sockets: Socket[];
  readonly server: Server;
}

export async function listen(
  server: Server,
  scheme = "http",
  host = "127.0.0.1",
): Promise<Receiver> {
  const sockets: Socket[] = [];
  server.on("connection", (socket) => {
    sockets.push(socket.on("error", () => undefined));
  });
  await once(server.listen(0, host), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://${host}:${port}/hook`,
    port,
    sockets,
    server,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A web server that has read the request before it calls back. */
export function http(
  listener: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
): Promise<Receiver> {
  return listen(
    createHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => listener(request, response, Buffer.concat(chunks)));
    }),
  );
}

/** Calls back for each whole request on a bare connection; `count` is that of the connection. */
export function raw(onRequest: (socket: Socket, count: number) => void): Promise<Receiver> {
  return listen(
    createTcpServer((socket) => {
      let text = "";
      let count = 0;
      socket
        .on("error", () => undefined)
        .on("data", (chunk) => {
          text += chunk.toString("latin1");
          const [head = "", body] = text.split("\r\n\r\n");
          if (body === undefined || body.length < Number(/content-length: (\d+)/.exec(head)?.[1]))
            return;
          text = "";
          onRequest(socket, ++count);
        });
    }),
  );
}

/** Answers every request with this text. */
export function writes(text: string): Promise<Receiver> {
  return raw((socket) => socket.write(text, "latin1"));
}

/** A URL on which nothing listens any more. */
export async function refusedUrl(): Promise<string> {
  await using receiver = await http(() => undefined);
  return receiver.url;
}

/** Name servers that know one answer to everything. */
export function answering(addresses: readonly string[]): Resolver {
  return {
    resolve4: () => Promise.resolve(addresses),
    resolve6: () => Promise.reject(dnsError("ENODATA")),
  };
}

export function dnsError(code: string): Error {
  return Object.assign(new Error(`query ${code}`), { code });
}
