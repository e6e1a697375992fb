import { promises as dns } from "node:dns";
import { z } from "zod";
import { parseDuration } from "./domain/duration.ts";
import { DEFAULT_RETRY_DELAYS } from "./domain/retry.ts";
import { parseCidr } from "./domain/target.ts";

const DAY_MS = 86_400_000;

/** A setting's text, read once at the start. Each message says what the setting should look like. */
const integer = (least: number, most: number) =>
  z.string().transform((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most
      ? value
      : fail(`a whole number from ${least} to ${most}`);
  });
const duration = (least: number, most: number, example: string) =>
  z.string().transform((text) => {
    const ms = parseDuration(text);
    return ms !== undefined && ms >= least && ms <= most
      ? ms
      : fail(`an ISO 8601 duration such as ${example}`);
  });
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
const cidrs = list.transform((parts) => {
  for (const part of parts) {
    try {
      parseCidr(part);
    } catch (error) {
      fail(`a list of CIDRs such as 127.0.0.0/8,10.0.0.0/8: ${(error as Error).message}`);
    }
  }
  return parts;
});

const nameServers = list.transform((parts) => {
  try {
    new dns.Resolver().setServers(parts);
  } catch {
    fail("a list of addresses such as 10.0.0.2,10.0.0.3:5353");
  }
  return parts;
});

const origins = list.transform((parts) =>
  parts.map((part) => {
    const url = URL.parse(part);
    return url && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
      ? url.origin
      : fail("a list of origins without a path, such as https://admin.example.com");
  }),
);

/** A limit of the API, from 1 to `most`. */
const limit = (most: number, otherwise: number, help: string) => ({
  parse: integer(1, most),
  default: String(otherwise),
  help,
});
const MIB = 1024 * 1024;
/** 25,000 take up to 0.2 s on one core, and a batch of 1,000 publishes with all that it may tell is below it. */
const COST =
  "cost of an operation: 1 for each field, times the rows of the lists that it is on, as many as `first` says or 10";

/** A secret key's bytes. */
export function secretKey(text: string): Buffer {
  const key = Buffer.from(text, "base64");
  return key.length === 32
    ? key
    : fail("32 bytes in base64, as `openssl rand -base64 32` prints them");
}

class Unreadable extends Error {}
function fail(shape: string): never {
  throw new Unreadable(shape);
}

/** Every setting once: how it is read, its default, and what it means. */
export const SETTINGS = {
  PORT: { parse: integer(0, 65_535), default: "4000", help: "port of the API" },
  HOST: {
    parse: z
      .string()
      .transform((text) => text || fail("an address of this machine, such as 127.0.0.1")),
    default: "127.0.0.1",
    help: "address that the API listens on",
  },
  PUBLIC_URL: {
    parse: z.string().transform((text) => (text === "" ? undefined : publicUrl(text))),
    default: "",
    help: "address that clients and inbox URLs use; made from HOST and PORT when empty",
  },
  DATABASE_URL: {
    parse: z.string().transform((text) => {
      const file = /^sqlite:(.+)$/.exec(text)?.[1];
      return file ?? fail("sqlite:<file> or sqlite::memory:");
    }),
    default: "sqlite:data/hookwire.db",
    help: "where everything is kept",
  },
  HOOKWIRE_ADMIN_KEY: {
    parse: z.string().transform((text) => {
      if (text === "") return undefined;
      return /^[\x21-\x7e]{16,}$/.test(text) ? text : fail("16 or more visible ASCII characters");
    }),
    default: "",
    help: "an operator's API key; made at the first start and printed once when empty",
  },
  HOOKWIRE_SECRET_KEY: {
    parse: z.string().transform((text) => (text === "" ? undefined : secretKey(text))),
    default: "",
    help: "encrypts signing secrets at rest; made at the first start and kept beside the database when empty",
  },
  HOOKWIRE_ALLOW_TARGETS: {
    parse: cidrs,
    default: "",
    help: "CIDRs that webhooks may reach although they are private, such as 127.0.0.0/8,10.0.0.0/8",
  },
  HOOKWIRE_DENY_TARGETS: {
    parse: cidrs,
    default: "",
    help: "further CIDRs that webhooks may not reach",
  },
  HOOKWIRE_DNS_SERVERS: {
    parse: nameServers,
    default: "",
    help: "name servers that are asked where webhooks are, such as 10.0.0.2,10.0.0.3:5353; the system's when empty",
  },
  HOOKWIRE_PROXY: {
    parse: z.string().transform((text) => (text === "" ? undefined : outboundProxy(text))),
    default: "",
    help: "proxy that deliveries go through by CONNECT, such as http://user:password@10.0.0.4:3128; names are looked up and checked here all the same; none when empty",
  },
  HOOKWIRE_RETENTION: {
    parse: duration(DAY_MS, 3650 * DAY_MS, "P30D (one day at least)"),
    default: "P30D",
    help: "how long events, deliveries, attempts and the log are kept once finished",
  },
  HOOKWIRE_AUDIT_RETENTION: {
    parse: duration(DAY_MS, 3650 * DAY_MS, "P365D (one day at least)"),
    default: "P365D",
    help: "how long the audit log is kept",
  },
  HOOKWIRE_RETRY_DELAYS: {
    parse: list.transform((parts) => {
      const delays = parts.map(parseDuration).filter((ms) => ms !== undefined && ms <= 7 * DAY_MS);
      return parts.length <= 20 && delays.length === parts.length
        ? (delays as number[])
        : fail("a list of ISO 8601 durations such as PT5S,PT5M: at most 20, each of up to 7 days");
    }),
    default: DEFAULT_RETRY_DELAYS,
    help: "delays between attempts; jitter adds 0 to 20 %",
  },
  HOOKWIRE_TIMEOUT: {
    parse: duration(1000, 30_000, "PT15S, from 1 to 30 seconds"),
    default: "PT15S",
    help: "deadline of one attempt",
  },
  HOOKWIRE_CONCURRENCY: {
    parse: integer(1, 10_000),
    default: "256",
    help: "attempts in flight in this process; those without an answer for a second step aside, up to as many again",
  },
  HOOKWIRE_SENDERS: {
    parse: integer(0, 16),
    default: "1",
    help: "sender threads; 0 sends in the main thread",
  },
  HOOKWIRE_DRAIN: {
    parse: duration(0, 3_600_000, "PT20S"),
    default: "PT20S",
    help: "how long a stop waits for attempts in flight",
  },
  HOOKWIRE_ALLOWED_ORIGINS: {
    parse: origins,
    default: "",
    help: "origins of other sites whose pages may call with a key, such as https://admin.example.com",
  },
  HOOKWIRE_LIMIT_BODY: limit(256 * MIB, 16 * MIB, "bytes of a request's body"),
  HOOKWIRE_LIMIT_DOCUMENT: limit(MIB, 100_000, "characters of a GraphQL document"),
  HOOKWIRE_LIMIT_TOKENS: limit(100_000, 4000, "tokens of a document"),
  HOOKWIRE_LIMIT_OPERATIONS: limit(1000, 50, "operations of a document"),
  HOOKWIRE_LIMIT_DEPTH: limit(100, 15, "levels of fields; below 14 GraphiQL does not work"),
  HOOKWIRE_LIMIT_ROOT_FIELDS: limit(1000, 20, "fields at the top of an operation"),
  HOOKWIRE_LIMIT_ALIASES: limit(10_000, 50, "aliases of a document"),
  HOOKWIRE_LIMIT_DIRECTIVES: limit(10_000, 50, "directives of a document"),
  HOOKWIRE_LIMIT_COST: limit(10_000_000, 25_000, COST),
  HOOKWIRE_LIMIT_LIST: limit(100_000, 1000, "entries of a list in an input"),
  HOOKWIRE_LIMIT_PAGE: limit(100, 100, "rows of a page"),
  HOOKWIRE_LIMIT_SOCKETS: limit(1_000_000, 5000, "sockets in all"),
  HOOKWIRE_LIMIT_SOCKETS_PER_KEY: limit(1_000_000, 50, "sockets of one key or access token"),
  HOOKWIRE_LIMIT_SOCKETS_WAITING: limit(1_000_000, 100, "sockets that said no hello yet"),
  HOOKWIRE_LIMIT_SOCKET_OPERATIONS: limit(10_000, 100, "operations under way on one socket"),
  HOOKWIRE_LIMIT_SOCKET_MESSAGE: limit(256 * MIB, MIB, "bytes of a message on a socket"),
  HOOKWIRE_LIMIT_SOCKET_HELLO: {
    parse: duration(100, 60_000, "PT3S, from PT0.1S to PT1M"),
    default: "PT3S",
    help: "how long a socket may take to say hello",
  },
  HOOKWIRE_LIMIT_RATE: {
    parse: integer(0, 10_000_000),
    default: "0",
    help: "requests in a minute of one key or access token, over HTTP and sockets; 0: as many as come",
  },
  HOOKWIRE_LOG: {
    parse: z
      .string()
      .transform((text) =>
        LOG_LEVELS.includes(text) ? text : fail(`one of ${LOG_LEVELS.join(", ")}`),
      ),
    default: "info",
    help: "least level that is logged",
  },
} as const;

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

type Table = Readonly<Record<string, { readonly parse: z.ZodType; readonly default: string }>>;
type Values<T extends Table> = { readonly [K in keyof T]: z.output<T[K]["parse"]> };
export type Config = Values<typeof SETTINGS>;
type Env = Readonly<Record<string, string | undefined>>;

/** A setting that can't be read: its name, what it is and what it should look like. */
export class ConfigProblem extends Error {
  override readonly name = "ConfigProblem";
}

export function readConfig(env: Env): Config {
  return readSettings(SETTINGS, env);
}

/** The values of a table's settings. A name like ours that neither it nor `SETTINGS` has is refused: it is misspelled. */
export function readSettings<T extends Table>(table: T, env: Env): Values<T> {
  const entries = Object.entries(table).map(([name, { parse, default: otherwise }]) => {
    const text = env[name] ?? otherwise;
    try {
      return [name, parse.parse(text)];
    } catch (cause) {
      if (!(cause instanceof Unreadable)) throw cause;
      // A key, or an address that may hold a password, is not repeated.
      const shown = /_KEY$|^DATABASE_URL$|^HOOKWIRE_PROXY$/.test(name)
        ? "its value"
        : JSON.stringify(text);
      throw new ConfigProblem(`${name} can't be read: ${shown} should be ${cause.message}`, {
        cause,
      });
    }
  });
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith("HOOKWIRE_") && !(name in SETTINGS) && !(name in table),
  );
  if (unknown.length > 0)
    throw new ConfigProblem(`${unknown.join(", ")}: there is no such setting`);
  return Object.fromEntries(entries) as Values<T>;
}

/** What begins with http: or https: and ends with its host or port. */
function bareUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  const isBare =
    url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.hash;
  return isBare ? url : undefined;
}

function publicUrl(text: string): string {
  return (
    bareUrl(text)?.origin ??
    fail("an http or https address without a path, such as https://hooks.example.com")
  );
}

const PROXY_SHAPE =
  "an http or https address without a path, such as http://10.0.0.4:3128 or http://user:password@proxy.example.com:3128";

function outboundProxy(text: string) {
  const url = bareUrl(text) ?? fail(PROXY_SHAPE);
  const isSecure = url.protocol === "https:";
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (isSecure ? 443 : 80)),
    ...((url.username || url.password) && { authorization: basic(url) }),
  };
}

/** The scheme of RFC 7617. */
function basic({ username, password }: URL): string {
  let pair: string;
  try {
    pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    // A % that is not the beginning of an escaped character.
    return fail("a URL whose user name and password have % written as %25");
  }
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}
