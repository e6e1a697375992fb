import { request } from "node:http";
import { isIP, isIPv6, connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Wire } from "./wire.ts";

/** The operator's proxy, which the policy of targets does not judge; plain data, it crosses to a sender's thread. */
export interface OutboundProxy {
  readonly isSecure: boolean;
  /** A name, which the system resolves, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** For Proxy-Authorization. */
  readonly authorization?: string;
}

/** The code of an error that stands for an answer to CONNECT other than 2xx; its message is the status. */
export const PROXY_STATUS = "ERR_PROXY_STATUS";
/** The code of an error that stands for bytes behind such an answer, where the receiver has not been asked yet. */
export const PROXY_SURPLUS = "ERR_PROXY_SURPLUS";

/** A name may have any number of addresses, and each costs the proxy a connection. */
const MOST_ADDRESSES = 3;

const HEADER_LIMIT = 16 * 1024;

/** For a certificate of this host, which may be an address. */
export function securely(host: string): ConnectionOptions {
  return {
    host,
    servername: isIP(host) === 0 ? host.replace(/\.$/, "") : "",
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: true,
  };
}

/** Where a tunnel leads. */
interface Exit {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** The addresses of the host, all judged. */
  find(): Promise<readonly string[]>;
}

/**
 * A connection to the host over the proxy, which is told an address that was judged and never the name: it could
 * resolve that to another one, as it would with undici's ProxyAgent. http: goes through a tunnel as well: a proxy that
 * gets the request itself resolves the name in its URL.
 */
export async function openTunnel(wire: Wire, proxy: OutboundProxy, exit: Exit): Promise<Socket> {
  const cut = new AbortController();
  wire.socket = { destroy: (error) => cut.abort(error) };
  const addresses = await Promise.race([exit.find(), whenAborted(cut.signal)]);
  const tunnel = await reach(wire, proxy, { addresses, port: exit.port, signal: cut.signal });
  wire.socket = tunnel;
  if (!exit.isSecure) return tunnel;
  return secure(wire, tunnel, exit.host);
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

interface Ways {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly signal: AbortSignal;
}

/** One address after the other, as long as the proxy fails to reach them; one that it refuses is its last word. */
async function reach(
  wire: Wire,
  proxy: OutboundProxy,
  { addresses, port, signal }: Ways,
): Promise<Socket> {
  wire.phase = "PROXY";
  const startMs = performance.now();
  let lastStatus = 0;
  for (const address of addresses.slice(0, MOST_ADDRESSES)) {
    const authority = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
    const { status, socket, surplus } = await ask(proxy, authority, signal);
    if (status >= 200 && status < 300) {
      if (surplus > 0) throw failed(socket, PROXY_SURPLUS, `${surplus} bytes`);
      wire.connectMs = performance.now() - startMs;
      wire.remoteAddress = address;
      return socket;
    }
    socket.destroy();
    lastStatus = status;
    if (status < 500) break;
  }
  throw Object.assign(new Error(String(lastStatus)), { code: PROXY_STATUS });
}

interface Answer {
  readonly status: number;
  /** Nobody listens to its errors yet. */
  readonly socket: Socket;
  /** Bytes that came with the answer and belong to what follows it. */
  readonly surplus: number;
}

function ask(proxy: OutboundProxy, authority: string, signal: AbortSignal): Promise<Answer> {
  const { authorization } = proxy;
  return new Promise((resolve, reject) => {
    request({
      method: "CONNECT",
      path: authority,
      headers: {
        host: authority,
        // Without it Node.js would ask for an end that a proxy may take for that of the tunnel.
        connection: "keep-alive",
        ...(authorization !== undefined && { "proxy-authorization": authorization }),
      },
      maxHeaderSize: HEADER_LIMIT,
      signal,
      createConnection: () => connectTo(proxy),
    })
      .once("connect", ({ statusCode: status = 0 }, socket: Socket, head) =>
        resolve({ status, socket, surplus: head.length }),
      )
      .on("error", reject)
      .end();
  });
}

function connectTo({ isSecure, host, port }: OutboundProxy): Socket {
  const options = { host, port, noDelay: true, keepAlive: true };
  return isSecure ? connectTls({ ...options, ...securely(host) }) : connectTcp(options);
}

/** Node.js ties the two sockets together: what ends one ends the other. */
function secure(wire: Wire, tunnel: Socket, host: string): Promise<Socket> {
  wire.phase = "TLS";
  const startMs = performance.now();
  const socket = connectTls({ ...securely(host), socket: tunnel });
  wire.socket = socket;
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", () => {
      wire.tlsMs = performance.now() - startMs;
      resolve(socket);
    });
    socket.on("error", reject);
    socket.once("close", () => {
      reject(new Error("The connection was closed while it was made"));
    });
  });
}

function failed(socket: Socket, code: string, message: string): Error {
  socket.destroy();
  return Object.assign(new Error(message), { code });
}
