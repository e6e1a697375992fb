import { createSecureServer as createHttp2Server } from "node:http2";
import type { Socket } from "node:net";
import { http, listen, raw, refusedUrl } from "./receiver.ts";
import { ANSWERS } from "./zoo-answers.ts";
import {
  NXDOMAIN,
  REFUSED,
  SERVFAIL,
  startNameServer,
  type Answer,
  type NameServer,
} from "./zoo-dns.ts";
import { accepts, drip, full, keysOf, OK, secure, type Animal, type Den } from "./zoo-servers.ts";

const answered = { kind: "SUCCEEDED", says: "answered 200", status: 200 } as const;

let lastName = 0;

/** A well-behaved receiver under a name, about which the name servers say this. */
function named(answer: Answer) {
  return async (names: NameServer): Promise<Den> => {
    const receiver = await http((_request, response) =>
      response.setHeader("connection", "close").end(),
    );
    return underName(names, answer, receiver);
  };
}

function underName(names: NameServer, answer: Answer, den: Den): Den {
  const name = `animal-${++lastName}.zoo.test`;
  names.tell(name, answer);
  return {
    url: den.url.replace("127.0.0.1", name),
    [Symbol.asyncDispose]: () => den[Symbol.asyncDispose](),
  };
}

/** Ends with 127.0.0.1. */
const THIRTY = Array.from({ length: 30 }, (_, index) => `127.0.0.${30 - index}`);

/** Serves one request on each connection, and offers to serve more. */
function serving(onSecond: (socket: Socket) => void, onFirst: (socket: Socket) => void = () => {}) {
  return () =>
    raw((socket, count) => {
      if (count > 1) onSecond(socket);
      else socket.write(OK, () => onFirst(socket));
    });
}

const KEPT_ALIVE: readonly Animal[] = [
  {
    name: "closes a kept-alive connection on its next request",
    open: serving((socket) => socket.end()),
  },
  {
    name: "resets a kept-alive connection on its next request",
    open: serving((socket) => socket.resetAndDestroy()),
  },
  {
    name: "closes a kept-alive TLS connection on its next request",
    open: () =>
      secure({
        onRequest: (socket, count) => {
          if (count > 1) socket.destroy();
          else socket.write(OK);
        },
      }),
  },
  {
    name: "closes kept-alive connections some time after its answer, whatever is on its way",
    open: () => {
      let count = 0;
      return serving(
        () => undefined,
        // Unread, so that a request that comes all the same is answered with a reset.
        (socket) => void setTimeout(() => socket.destroy(), ++count % 12).unref(),
      )();
    },
  },
  {
    name: "resets kept-alive connections on their next request, one sooner than the other",
    open: () => {
      let count = 0;
      return serving(
        (socket) => void setTimeout(() => socket.resetAndDestroy(), (++count % 2) * 30).unref(),
      )();
    },
  },
].map((animal) => ({ ...animal, ...answered, isBusy: true }));

const NAMES: readonly Animal[] = [
  { name: "has a name", open: named({ addresses: ["127.0.0.1"] }), ...answered, isBusy: true },
  {
    name: "has a name with thirty addresses, and listens on the last",
    open: named({ addresses: THIRTY }),
    ...answered,
  },
  {
    name: "has a name that is looked up slowly",
    open: named({ addresses: ["127.0.0.1"], afterMs: 300 }),
    ...answered,
  },
  {
    name: "has a name that leads to a refused address too",
    open: named({ addresses: ["127.0.0.1", "168.63.129.16"] }),
    kind: "BLOCKED_ADDRESS",
    says: "168.63.129.16 is a cloud's metadata service",
  },
  {
    name: "has a name that leads to a refused IPv6 address too",
    open: named({ addresses: ["127.0.0.1", "::1"] }),
    kind: "BLOCKED_ADDRESS",
    says: "::1 is this machine (loopback)",
  },
  {
    name: "has a name with thirty addresses that do not answer",
    open: async (names) => underName(names, { addresses: THIRTY }, await full("0.0.0.0")),
    kind: "TIMEOUT",
    says: "while connecting",
  },
  {
    name: "has a name that does not exist",
    open: named({ code: NXDOMAIN }),
    kind: "DNS",
    says: "has no address",
  },
  {
    name: "has a name without addresses",
    open: named({ addresses: [] }),
    kind: "DNS",
    says: "has no address",
  },
  {
    name: "has a name that stands for itself",
    open: named("CIRCULAR"),
    kind: "DNS",
    says: "has no address",
  },
  {
    name: "has name servers that fail",
    open: named({ code: SERVFAIL }),
    kind: "DNS",
    says: "could not answer",
  },
  {
    name: "has name servers that refuse to answer",
    open: named({ code: REFUSED }),
    kind: "DNS",
    says: "could not answer",
  },
  {
    name: "has name servers whose answers are torn",
    open: named("TORN"),
    kind: "DNS",
    says: "could not answer",
  },
  {
    name: "has name servers that never answer",
    open: named("SILENT"),
    kind: "TIMEOUT",
    says: "while looking up",
  },
  {
    name: "has a name about which others tell lies",
    open: named("FORGED"),
    kind: "TIMEOUT",
    says: "while looking up",
  },
];

const CONNECTIONS: readonly Animal[] = [
  {
    name: "refuses connections",
    open: async () => ({ url: await refusedUrl(), [Symbol.asyncDispose]: async () => undefined }),
    kind: "CONNECT",
    says: "refused the connection",
  },
  { name: "hangs at connect", open: () => full(), kind: "TIMEOUT", says: "while connecting" },
  {
    name: "closes connections at once",
    open: () => accepts((socket) => socket.end()),
    kind: "CONNECT",
    says: "closed the connection before it answered",
  },
  {
    name: "resets connections at once",
    open: () => accepts((socket) => socket.resetAndDestroy()),
    kind: "CONNECT",
    says: "closed the connection before it answered",
  },
  { name: "speaks TLS as it should", open: () => secure({}), ...answered },
  {
    name: "hangs at TLS",
    open: () => accepts((socket) => socket.resume(), "https"),
    kind: "TIMEOUT",
    says: "during the TLS handshake",
  },
  {
    name: "drips its part of the TLS handshake",
    // A record of 16 KiB that begins like a ServerHello.
    open: () =>
      accepts(
        (socket) => drip(socket.resume(), "\x16\x03\x03\x40\0\x02\0\x3f\xfc\x03\x03", "x"),
        "https",
      ),
    kind: "TIMEOUT",
    says: "during the TLS handshake",
  },
  {
    name: "closes during the TLS handshake",
    open: () => accepts((socket) => socket.once("data", () => socket.end()), "https"),
    kind: "TLS",
    says: "closed the connection during the TLS handshake",
  },
  {
    name: "speaks plain HTTP where TLS is expected",
    open: () => accepts((socket) => socket.once("data", () => socket.end(OK)), "https"),
    kind: "TLS",
    says: "does not speak TLS",
  },
  {
    name: "has an expired certificate",
    open: () => secure({ certificate: "expired" }),
    kind: "TLS",
    says: "has expired",
  },
  {
    name: "has a self-signed certificate",
    open: () => secure({ certificate: "self-signed" }),
    kind: "TLS",
    says: "is self-signed",
  },
  {
    name: "has a certificate for another name",
    open: () => secure({ certificate: "other-name" }),
    kind: "TLS",
    says: "is for another name",
  },
  {
    name: "speaks TLS 1.1 at most",
    open: () =>
      secure({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    kind: "TLS",
    says: "No TLS connection",
  },
  {
    name: "speaks HTTP/2 only",
    open: () => listen(createHttp2Server(keysOf("good")), "https"),
    kind: "TLS",
    says: "No TLS connection",
  },
];

export const ZOO: readonly Animal[] = [...CONNECTIONS, ...NAMES, ...ANSWERS, ...KEPT_ALIVE];

export interface Zoo extends AsyncDisposable {
  readonly names: NameServer;
  /** Where each animal is. */
  readonly urls: ReadonlyMap<Animal, string>;
}

export async function openZoo(): Promise<Zoo> {
  await using opened = new AsyncDisposableStack();
  const names = opened.use(await startNameServer());
  const urls = new Map<Animal, string>();
  for (const animal of ZOO) urls.set(animal, opened.use(await animal.open(names)).url);
  const all = opened.move();
  return {
    names,
    urls,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
