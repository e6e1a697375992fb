import { z } from "zod";
import {
  cidrs,
  duration,
  fail,
  integer,
  list,
  nameServers,
  origins,
  outboundProxy,
  publicUrl,
  readDocuments,
  secretKey,
  Unreadable,
} from "./config-parsers.ts";
import { parseDuration } from "./domain/duration.ts";
import { DEFAULT_RETRY_DELAYS } from "./domain/retry.ts";

const DAY_MS = 86_400_000;

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
const STEPS =
  "steps to validate a document: 1 for each field and fragment where it is used, and 1 for each two of the same name side by side";

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
      if (/^postgres(ql)?:\/\/./.test(text) && URL.canParse(text)) return text;
      const file = /^sqlite:(.+)$/.exec(text)?.[1];
      return (
        file ??
        fail("sqlite:<file>, sqlite::memory: or postgres://<user>:<password>@<host>/<database>")
      );
    }),
    default: "sqlite:data/hookwire.db",
    help: "where everything is kept: sqlite:<file>, sqlite::memory: or postgres://<user>:<password>@<host>/<database>",
  },
  HOOKWIRE_POOL: {
    parse: integer(4, 1000),
    default: "10",
    help: "connections of this process to PostgreSQL",
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
    help: "encrypts signing secrets at rest; made at the first start and kept beside the database when empty; with PostgreSQL it must be set, the same for all processes",
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
  HOOKWIRE_DOCUMENTS: {
    parse: z.string().transform((path) => (path === "" ? undefined : readDocuments(path))),
    default: "",
    help: "JSON file of the only documents that may run, by hash; a key of an operator runs any",
  },
  HOOKWIRE_LIMIT_CONNECTIONS: limit(
    1_000_000,
    10_000,
    "connections in all, sockets and event streams among them; further ones are closed without an answer",
  ),
  HOOKWIRE_LIMIT_REQUEST: {
    parse: duration(1000, 3_600_000, "PT1M, from PT1S to PT1H"),
    default: "PT1M",
    help: "how long a request may take to arrive, its headers 10 seconds at most",
  },
  HOOKWIRE_LIMIT_BODY: limit(256 * MIB, 16 * MIB, "bytes of a request's body"),
  HOOKWIRE_LIMIT_DOCUMENT: limit(MIB, 100_000, "characters of a GraphQL document"),
  HOOKWIRE_LIMIT_TOKENS: limit(100_000, 4000, "tokens of a document"),
  HOOKWIRE_LIMIT_OPERATIONS: limit(1000, 50, "operations of a document"),
  HOOKWIRE_LIMIT_DEPTH: limit(100, 15, "levels of fields; below 14 GraphiQL does not work"),
  HOOKWIRE_LIMIT_ROOT_FIELDS: limit(1000, 20, "fields at the top of an operation"),
  HOOKWIRE_LIMIT_ALIASES: limit(10_000, 50, "aliases of a document"),
  HOOKWIRE_LIMIT_DIRECTIVES: limit(10_000, 50, "directives of a document"),
  HOOKWIRE_LIMIT_VALIDATION: limit(1_000_000, 20_000, STEPS),
  HOOKWIRE_LIMIT_COST: limit(10_000_000, 25_000, COST),
  HOOKWIRE_LIMIT_LIST: limit(100_000, 1000, "entries of a list in an input"),
  HOOKWIRE_LIMIT_PAGE: limit(100, 100, "rows of a page"),
  HOOKWIRE_LIMIT_SOCKETS: limit(1_000_000, 5000, "sockets and event streams in all"),
  HOOKWIRE_LIMIT_SOCKETS_PER_KEY: limit(
    1_000_000,
    50,
    "sockets and event streams of one key or access token",
  ),
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

/** The values of a table's settings. Other names like ours are refused as misspelled, but for those of `hookwire types`. */
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
  const ours = Object.keys(env).filter((name) => /^HOOKWIRE_(?!API_KEY$|URL$)/.test(name));
  const unknown = ours.filter((name) => !(name in SETTINGS) && !(name in table));
  if (unknown.length > 0)
    throw new ConfigProblem(`${unknown.join(", ")}: there is no such setting`);
  return Object.fromEntries(entries) as Values<T>;
}
