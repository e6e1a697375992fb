import { createHmac } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { answer } from "./child.ts";
import { nowMs } from "./stats.ts";

/**
 * The receiver of all benchmarks, as cheap as one can be that checks each signature: it shares the machine with what is
 * measured. How it behaves is the first part of the path: `/ok/…`, `/hang/…`, `/drip/…`, `/503/…`.
 */
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const UNAVAILABLE = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const DRIP_HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
const DRIP_MS = 200;
const HEAD_END = Buffer.from("\r\n\r\n");
const SENT_AT = Buffer.from('"sentAt":');

interface Receipts {
  /** Requests, by behaviour. */
  readonly received: Record<string, number>;
  /** Deliveries to `/ok/…`: each counted once, however often it came. */
  readonly distinct: number;
  readonly unsigned: number;
  /** From when it was asked to be published until it was here, and when it was here, by event. */
  readonly latenciesMs: readonly number[];
  readonly receivedAt: ReadonlyMap<string, number>;
}

/** A request to any path, and when it was here. */
export interface Arrival {
  readonly path: string;
  readonly atMs: number;
}

let key = Buffer.alloc(0);
let isTimed = false;
let received: Record<string, number> = {};
const distinct = new Set<string>();
let unsigned = 0;
let latenciesMs: number[] = [];
let receivedAt = new Map<string, number>();
let arrivals: Arrival[] | undefined;
let awaited: { readonly count: number; readonly resolve: () => void } | undefined;

export const commands = {
  /** Listens on all addresses of the machine, so that 127.0.0.1, 127.0.0.2 … are receivers of their own. */
  listen: () =>
    new Promise<number>((resolve) => {
      const server = createServer({ noDelay: true }, serve).listen(0, "0.0.0.0", 4096, () =>
        resolve((server.address() as { port: number }).port),
      );
    }),
  /**
   * Forgets what came, and expects signatures of this secret. `isTimed` keeps when each event came, `isListed` every
   * request.
   */
  begin(about: { secret: string; isTimed?: boolean; isListed?: boolean }): void {
    key = Buffer.from(about.secret.slice("whsec_".length), "base64");
    isTimed = about.isTimed ?? false;
    received = {};
    distinct.clear();
    unsigned = 0;
    latenciesMs = [];
    receivedAt = new Map();
    arrivals = about.isListed ? [] : undefined;
  },
  /** Resolves when this many deliveries have come to `/ok/…`, or after 10 s in which none came. */
  async until(count: number): Promise<Receipts> {
    if (distinct.size < count) {
      const all = Promise.withResolvers<void>();
      awaited = { count, resolve: all.resolve };
      let before = -1;
      const watch = setInterval(() => {
        if (distinct.size === before) all.resolve();
        before = distinct.size;
      }, 10_000);
      await all.promise;
      clearInterval(watch);
      awaited = undefined;
    }
    return commands.receipts();
  },
  receipts: (): Receipts => ({
    received,
    distinct: distinct.size,
    unsigned,
    latenciesMs,
    receivedAt,
  }),
  /** In their order; none unless `begin` asked for them. */
  arrivals: (): readonly Arrival[] => arrivals ?? [],
};
export type Receiver = typeof commands;

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let size = receive(socket, rest); size > 0; size = receive(socket, rest))
      rest = rest.subarray(size);
  });
}

/** The size of the first request in `bytes` once it is whole, else 0. */
function receive(socket: Socket, bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return 0;
  const head = bytes.toString("latin1", 0, headEnd);
  const size = headEnd + 4 + Number(header(head, "content-length"));
  if (bytes.length < size) return 0;
  const path = head.slice(5, head.indexOf(" ", 5));
  const behaviour = path.split("/")[1] ?? "";
  received[behaviour] = (received[behaviour] ?? 0) + 1;
  arrivals?.push({ path, atMs: nowMs() });
  if (behaviour === "ok") {
    keep(path, head, bytes.subarray(headEnd + 4, size));
    socket.write(OK);
  } else if (behaviour === "503") socket.write(UNAVAILABLE);
  else if (behaviour === "drip") drip(socket);
  return size;
}

function keep(path: string, head: string, body: Buffer): void {
  const id = header(head, "webhook-id");
  const signature = createHmac("sha256", key)
    .update(`${id}.${header(head, "webhook-timestamp")}.`)
    .update(body)
    .digest("base64");
  if (header(head, "webhook-signature") !== `v1,${signature}`) unsigned++;
  const before = distinct.size;
  distinct.add(`${path} ${id}`);
  if (distinct.size === before) return;
  if (isTimed) time(id, body);
  if (awaited && distinct.size >= awaited.count) awaited.resolve();
}

function time(id: string, body: Buffer): void {
  const now = nowMs();
  receivedAt.set(id, now);
  const start = body.indexOf(SENT_AT) + SENT_AT.length;
  latenciesMs.push(now - Number.parseFloat(body.toString("latin1", start, start + 20)));
}

function header(head: string, name: string): string {
  const start = head.indexOf(`\r\n${name}: `);
  if (start < 0) return "";
  const from = start + name.length + 4;
  const end = head.indexOf("\r\n", from);
  return head.slice(from, end < 0 ? undefined : end);
}

function drip(socket: Socket): void {
  socket.write(DRIP_HEAD);
  const timer = setInterval(() => socket.write("x"), DRIP_MS);
  socket.once("close", () => clearInterval(timer));
}

answer(commands);
