import { once } from "node:events";
import { WebSocket } from "ws";
import { answer } from "./child.ts";
import { nowMs } from "./stats.ts";

/** What a dashboard asks for. */
const QUERY = `subscription { deliveryUpdates { __typename
  ... on StreamMessage { cursor at }
  ... on DeliveryUpdate { change deliveryId webhookId eventId status attemptCount } } }`;
const SUBPROTOCOL = "graphql-transport-ws";
/** Sockets that are being opened. */
const OPENING = 32;

export interface Update {
  readonly cursor: string;
  readonly at: string;
  readonly change: "CREATED" | "ATTEMPTED" | "REQUEUED" | "CANCELLED";
  readonly deliveryId: string;
  readonly eventId: string;
}
interface Message {
  readonly type: string;
  readonly payload?: {
    readonly data?: { readonly deliveryUpdates: Update & { readonly __typename: string } };
  };
}
export interface Got {
  /** In the order in which they came, the same for every subscriber. */
  readonly updates: readonly Update[];
  /** When each update came, to one subscriber after the other; empty unless it was asked for. */
  readonly arrivals: readonly (readonly number[])[];
  /** How many of the updates each subscriber has. */
  readonly counts: readonly number[];
  readonly bytes: number;
  readonly cpuMs: number;
}

/**
 * Every subscriber has to get the same texts, byte for byte: the first one to get a text reads it and keeps it, the
 * others compare.
 */
let texts: Buffer[] = [];
let updates: Update[] = [];
let arrivals: number[][] = [];
let isTimed = false;
let subscribers: Subscriber[] = [];
let fault: Error | undefined;
let awaited: { readonly count: number; left: number; readonly resolve: () => void } | undefined;

class Subscriber {
  readonly #socket: WebSocket;
  readonly #following = Promise.withResolvers<void>();
  count = 0;

  constructor(url: string, key: string) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, SUBPROTOCOL, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    this.#socket.once("open", () =>
      this.#send({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }),
    );
    this.#socket.on("message", (text: Buffer) => this.#read(text));
    this.#socket.on("error", (error) => this.#fail(error.message));
    this.#socket.once("close", (code) => this.#fail(`closed with ${code}`));
  }

  /** Resolves when it is told that it has caught up: from then on it gets what happens. */
  get following(): Promise<void> {
    return this.#following.promise;
  }

  stall(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  async leave(): Promise<void> {
    this.#socket.removeAllListeners("close").removeAllListeners("message");
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, "close");
    this.#socket.terminate();
    await closed;
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  #read(text: Buffer): void {
    if (!texts[this.count]?.equals(text) && !this.#isNew(text)) return;
    if (isTimed) arrivals[this.count]!.push(nowMs());
    this.count++;
    if (this.count === awaited?.count && --awaited.left === 0) awaited.resolve();
  }

  /** Whether it is an update, which must then be one that nobody has yet. */
  #isNew(text: Buffer): boolean {
    const { type, payload } = JSON.parse(text.toString()) as Message;
    if (type === "connection_ack") {
      this.#send({ id: "1", type: "subscribe", payload: { query: QUERY } });
      return false;
    }
    const update = payload?.data?.deliveryUpdates;
    if (update?.__typename === "StreamCaughtUp") this.#following.resolve();
    if (update?.__typename === "StreamCaughtUp" || update?.__typename === "StreamProgress")
      return false;
    const last = updates.at(-1);
    const isNext = this.count === texts.length;
    if (!isNext || !update || (last && positionOf(update) <= positionOf(last))) {
      this.#fail(`instead of update ${this.count} it got ${text.toString()}`);
      return false;
    }
    texts.push(text);
    updates.push(update);
    arrivals.push([]);
    return true;
  }

  #fail(what: string): void {
    fault ??= new Error(`Subscriber ${subscribers.indexOf(this)}: ${what}`);
    this.#following.reject(fault);
    awaited?.resolve();
  }
}

function positionOf({ cursor }: Update): number {
  const [, , position] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [
    string,
    string,
    number,
  ];
  return position;
}

export const commands = {
  /** Resolves when all of them follow. */
  async open(about: { url: string; key: string; count: number }): Promise<void> {
    let left = about.count;
    await Promise.all(
      Array.from({ length: OPENING }, async () => {
        while (left-- > 0) {
          const subscriber = new Subscriber(about.url, about.key);
          subscribers.push(subscriber);
          await subscriber.following;
        }
      }),
    );
  },
  /** Forgets what came. `isTimed` keeps when each update came to each subscriber. */
  begin(about: { isTimed: boolean }): void {
    isTimed = about.isTimed;
    texts = [];
    updates = [];
    arrivals = [];
    for (const subscriber of subscribers) subscriber.count = 0;
  },
  /** The first one reads nothing from its socket until it is to read on. */
  stall: (): void => subscribers[0]?.stall(),
  readOn: (): void => subscribers[0]?.readOn(),
  /** Resolves when all but `except` have this many updates, or after 10 s in which none came. */
  async until({ count, except }: { count: number; except: number }): Promise<Got> {
    const left = subscribers.filter((subscriber) => subscriber.count < count).length - except;
    if (left > 0 && !fault) {
      const all = Promise.withResolvers<void>();
      awaited = { count, left, resolve: all.resolve };
      let before = -1;
      const watch = setInterval(() => {
        const now = subscribers.reduce((sum, subscriber) => sum + subscriber.count, 0);
        if (now === before) all.resolve();
        before = now;
      }, 10_000);
      await all.promise;
      clearInterval(watch);
      awaited = undefined;
    }
    return commands.got();
  },
  got(): Got {
    if (fault) throw fault;
    const user = process.cpuUsage();
    return {
      updates,
      arrivals,
      counts: subscribers.map((subscriber) => subscriber.count),
      bytes: texts.reduce((sum, text) => sum + text.length, 0),
      cpuMs: (user.user + user.system) / 1000,
    };
  },
  async leave(): Promise<void> {
    await Promise.all(subscribers.map((subscriber) => subscriber.leave()));
    subscribers = [];
    if (fault) throw fault;
  },
};
export type Subscribers = typeof commands;

answer(commands);
