import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { AttemptOutcome } from "./generated/graphql.ts";
import { listen, raw, type Receiver } from "./receiver.ts";
import type { NameServer } from "./zoo-dns.ts";

/** Where an animal lives. */
export interface Den extends AsyncDisposable {
  readonly url: string;
}

/** A receiver that does what receivers should not, and what each attempt at it comes to. */
export interface Animal {
  readonly name: string;
  readonly open: (names: NameServer) => Promise<Den>;
  readonly kind: AttemptOutcome;
  /** A piece of the attempt's message. */
  readonly says: string;
  /** Absent when there is no answer. */
  readonly status?: number;
  /** It holds an attempt until the deadline, although that is no TIMEOUT. */
  readonly isHeld?: boolean;
  /** It gets the stream of events that the healthy ones get, beside its bursts. */
  readonly isBusy?: boolean;
}

/** Short where an attempt lasts that long; otherwise so long that a busy machine makes no difference. */
export function deadlineOf({ kind, isHeld }: Animal): number {
  return isHeld || kind === "TIMEOUT" ? 1000 : 10_000;
}

export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

const pemFile = (name: string) =>
  fileURLToPath(new URL(`fixtures/tls/${name}.pem`, import.meta.url));
/** What the service has to trust. */
export const AUTHORITY = pemFile("ca");

export function keysOf(certificate: string): { readonly key: Buffer; readonly cert: Buffer } {
  return { key: readFileSync(pemFile("key")), cert: readFileSync(pemFile(certificate)) };
}

export function accepts(onSocket: (socket: Socket) => void, scheme = "http"): Promise<Receiver> {
  return listen(createTcpServer(onSocket), scheme);
}

/** Writes this, and then that again and again. */
export function drip(socket: Socket, first: string, again: string): void {
  socket.write(first, "latin1");
  const timer = setInterval(() => socket.write(again, "latin1"), 50);
  socket.on("close", () => clearInterval(timer));
}

export function drips(first: string, again: string): Promise<Receiver> {
  return raw((socket) => drip(socket, first, again));
}

/** Answers with this, and with that as fast as it is taken, without end. */
export function pours(first: string, again: string): Promise<Receiver> {
  const chunk = again.repeat(Math.ceil(0x10000 / again.length));
  return raw((socket) => {
    const pour = () => {
      while (!socket.destroyed && socket.write(chunk, "latin1"));
    };
    socket.on("drain", pour).write(first, "latin1");
    pour();
  });
}

interface Secure extends TlsOptions {
  readonly certificate?: string;
  readonly onRequest?: (socket: TLSSocket, count: number) => void;
}

/** Over TLS; `count` is that of the connection's requests. */
export function secure({ certificate = "good", onRequest, ...options }: Secure): Promise<Receiver> {
  const server = createTlsServer({ ...keysOf(certificate), ...options }, (socket) => {
    let count = 0;
    socket.on("error", () => undefined);
    socket.on("data", () => (onRequest ? onRequest(socket, ++count) : socket.write(OK)));
  });
  return listen(
    server.on("tlsClientError", () => undefined),
    "https",
  );
}

/** Nothing takes its connections, and the short queue for them is full: the next one gets no answer at all. */
export async function full(host = "127.0.0.1"): Promise<Den & { readonly port: number }> {
  const wake = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { workerData, parentPort } = require("node:worker_threads");
     const server = require("node:net").createServer();
     server.listen({ port: 0, host: workerData.host, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(workerData.wake, 0, 0);
       process.exit();
     });`,
    { eval: true, workerData: { host, wake } },
  );
  const [port] = (await once(worker, "message")) as [number];
  const fillers = Array.from({ length: 8 }, () =>
    connect(port, "127.0.0.1").on("error", () => undefined),
  );
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      const exited = once(worker, "exit");
      Atomics.notify(wake, 0);
      await exited;
    },
  };
}
