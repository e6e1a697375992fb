import type { LookupAddress } from "node:dns";
import { isIP, connect as connectTcp, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Agent, Client, Pool, type Dispatcher, type buildConnector } from "undici";
import { isBlockedPort, type TargetPolicy } from "../domain/target.ts";
import type { Resolver } from "./resolver.ts";
import { openTunnel, securely, type OutboundProxy } from "./tunnel.ts";
import { Wire } from "./wire.ts";

/** The code of an error that stands for a refused target. */
export const BLOCKED = "ERR_TARGET_BLOCKED";

/** What decides where connections may lead, and how they get there. */
export interface Guard {
  readonly policy: TargetPolicy;
  readonly resolver: Resolver;
  /** Without one, connections are direct. */
  readonly proxy?: OutboundProxy;
}

/** A request that wants to know which connection carries it. */
export interface Passenger extends Dispatcher.DispatchHandler {
  wire: Wire | undefined;
}

/** undici's own limits are off: the attempt's one deadline bounds all phases. No HTTP/2. */
const LINE_OPTIONS = { allowH2: false, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 } as const;

/** undici's client for one connection, one request at a time, which shows it to its passenger. */
export class Line extends Client {
  readonly #wire: Wire;

  constructor(origin: string | URL, guard: Guard) {
    const wire = new Wire();
    super(origin, { ...LINE_OPTIONS, connect: createConnector(wire, guard) });
    this.#wire = wire;
  }

  override dispatch(options: Dispatcher.DispatchOptions, passenger: Passenger): boolean {
    passenger.wire = this.#wire;
    return super.dispatch(options, passenger);
  }
}

/** Connections to any number of origins, each guarded by the policy when it is made. */
export function createAgent(guard: Guard): Agent {
  const line = (origin: string | URL): Line => new Line(origin, guard);
  return new Agent({
    ...LINE_OPTIONS,
    factory: (origin) => new Pool(origin, { ...LINE_OPTIONS, factory: line }),
  });
}

/**
 * Judges literal addresses before and names after asking DNS, and once more the address connected
 * to. The name stays in place for SNI, the certificate and the Host header. `connect.lookup` alone
 * would not do: it is never asked about literal addresses. A proxy connects to what it was told, after the same
 * judgement.
 */
function createConnector(wire: Wire, { policy, resolver, proxy }: Guard): buildConnector.connector {
  return ({ hostname, protocol, port }, callback) => {
    wire.reset();
    const judged = policy.judgeHost(hostname);
    if (!judged.ok) return process.nextTick(callback, blocked(judged.reason), null);
    if (isBlockedPort(port))
      return process.nextTick(callback, blocked(`Port ${port} belongs to another protocol`), null);
    const isSecure = protocol === "https:";
    const target = { host: hostname, port: Number(port || (isSecure ? 443 : 80)) };
    const find = () => judged.addresses ?? resolve(hostname, wire, resolver);
    if (proxy) {
      const findJudged = async () => judgeAll(hostname, await find(), policy);
      openTunnel(wire, proxy, { ...target, isSecure, find: findJudged }).then(
        (socket) => {
          wire.phase = "OPEN";
          callback(null, socket);
        },
        (error: Error) => callback(error, null),
      );
      return;
    }
    if (isIP(hostname) !== 0) wire.phase = "CONNECT";
    const options = {
      ...target,
      noDelay: true,
      keepAlive: true,
      lookup: createLookup(wire, policy, find),
    };
    const socket = isSecure
      ? connectTls({ ...options, ...securely(hostname) })
      : connectTcp(options);
    wire.socket = socket;
    watch(wire, socket, { policy, isSecure, callback });
  };
}

interface Watch {
  readonly policy: TargetPolicy;
  readonly isSecure: boolean;
  readonly callback: buildConnector.Callback;
}

function watch(wire: Wire, socket: Socket, { policy, isSecure, callback }: Watch): void {
  let phaseAt = performance.now();
  let isSettled = false;
  const settle = (error: Error | null) => {
    if (isSettled) return;
    isSettled = true;
    if (error) return callback(error, null);
    wire.phase = "OPEN";
    callback(null, socket);
  };
  socket.once("lookup", () => (phaseAt = performance.now()));
  socket.once("connect", () => {
    const now = performance.now();
    wire.connectMs = now - phaseAt;
    phaseAt = now;
    wire.remoteAddress = socket.remoteAddress;
    const judged = policy.judgeAddress(socket.remoteAddress ?? "");
    if (!judged.ok) return socket.destroy(blocked(judged.reason));
    wire.phase = "TLS";
    if (!isSecure) settle(null);
  });
  socket.once("secureConnect", () => {
    wire.tlsMs = performance.now() - phaseAt;
    settle(null);
  });
  socket.on("error", settle);
  socket.once("close", () => settle(new Error("The connection was closed while it was made")));
}

/** One bad address refuses all: a name that leads inside as well as outside is not to be trusted. */
function judgeAll(
  host: string,
  addresses: readonly string[],
  policy: TargetPolicy,
): readonly string[] {
  for (const address of addresses) {
    const judged = policy.judgeAddress(address);
    if (judged.ok) continue;
    throw blocked(`${host} leads to a place that webhooks may not reach: ${judged.reason}`);
  }
  return addresses;
}

function createLookup(
  wire: Wire,
  policy: TargetPolicy,
  find: () => readonly string[] | Promise<readonly string[]>,
): LookupFunction {
  return (host, options, callback) => {
    const answer = (addresses: readonly string[]) => {
      judgeAll(host, addresses, policy);
      wire.phase = "CONNECT";
      return addresses.map((address): LookupAddress => ({ address, family: isIP(address) }));
    };
    Promise.resolve(find())
      .then(answer)
      .then(
        (list) =>
          options.all
            ? callback(null, list)
            : callback(null, list[0]?.address ?? "", list[0]?.family),
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
  };
}

async function resolve(host: string, wire: Wire, resolver: Resolver): Promise<readonly string[]> {
  const askedAt = performance.now();
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  wire.dnsMs = performance.now() - askedAt;
  const addresses = [four, six].flatMap((answer) =>
    answer.status === "fulfilled" ? answer.value : [],
  );
  if (addresses.length > 0) return addresses;
  throw four.status === "rejected"
    ? four.reason
    : Object.assign(new Error("No address"), { code: "ENODATA" });
}

function blocked(reason: string): Error {
  return Object.assign(new Error(reason), { code: BLOCKED });
}
