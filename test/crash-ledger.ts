import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { keyOf, type Answered } from "./crash-file.ts";

/** Chance that can be had again: the same seed makes the same choices. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to 1; mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }
}

export interface Receipt {
  readonly round: number;
  /** As `hookwire-attempt` counts it. */
  readonly attempt: number;
  readonly answered: Answered;
}

/** Of the failing receiver's answers. */
const FAILS = 0.1;

/** What publishers were promised and what receivers got. */
export class Ledger {
  round = 0;
  /** Requests so far. */
  received = 0;
  readonly accepted = new Set<string>();
  /** Publishes without a key whose answer was lost: each may have become an event. */
  unknown = 0;
  readonly receipts = new Map<string, Receipt[]>();
  readonly #webhooks: readonly string[];
  readonly #arrived = new Map<string, number>();
  #missing = 0;
  readonly #watchers = new Set<() => void>();

  constructor(webhooks: readonly string[]) {
    this.#webhooks = webhooks;
  }

  /** Deliveries of accepted events that have not arrived. */
  get missing(): number {
    return this.#missing;
  }

  accept(eventId: string): void {
    if (this.accepted.has(eventId)) throw new Error(`${eventId} was accepted twice`);
    this.accepted.add(eventId);
    this.#missing += this.#webhooks.length - (this.#arrived.get(eventId) ?? 0);
    this.changed();
  }

  arrive(webhook: string, eventId: string, receipt: Omit<Receipt, "round">): void {
    const key = keyOf(webhook, eventId);
    const before = this.receipts.get(key) ?? [];
    this.receipts.set(key, [...before, { ...receipt, round: this.round }]);
    this.received++;
    if (receipt.answered === 200 && !before.some(({ answered }) => answered === 200)) {
      this.#arrived.set(eventId, (this.#arrived.get(eventId) ?? 0) + 1);
      if (this.accepted.has(eventId)) this.#missing--;
    }
    this.changed();
  }

  /** What was answered with 200 and sent all the same once more, by the round of the one before. */
  duplicates(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const receipts of this.receipts.values()) {
      const taken = receipts.filter(({ answered }) => answered === 200);
      for (const { round } of taken.slice(0, -1)) counts.set(round, (counts.get(round) ?? 0) + 1);
    }
    return counts;
  }

  /** Looks again at every publish and receipt, in the very moment of it. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  changed(): void {
    for (const look of this.#watchers) look();
  }
}

/** Writes every request into the ledger. One webhook's receiver answers 503 now and then. */
export class CrashReceiver implements AsyncDisposable {
  isHolding = false;
  url = "";
  readonly #ledger: Ledger;
  readonly #failing: string;
  readonly #chance: Chance;
  #held: ServerResponse[] = [];
  // A connection that this end closes may be closed while a request is on its way.
  readonly #server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
    this.#receive(request, response),
  );

  constructor(ledger: Ledger, failing: string, chance: Chance) {
    this.#ledger = ledger;
    this.#failing = failing;
    this.#chance = chance;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  get held(): number {
    return this.#held.filter(({ destroyed }) => !destroyed).length;
  }

  /** Answers what was held, and from now on at once. */
  letGo(): void {
    this.isHolding = false;
    for (const response of this.#held.splice(0)) response.end();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    request.resume().once("end", () => {
      const { headers, url = "" } = request;
      const webhook = url.slice(1);
      const fails = webhook === this.#failing && !this.isHolding && this.#chance.next() < FAILS;
      if (this.isHolding) this.#held.push(response);
      else response.writeHead(fails ? 503 : 200).end();
      this.#ledger.arrive(webhook, String(headers["webhook-id"]), {
        attempt: Number(headers["hookwire-attempt"]),
        answered: fails ? 503 : 200,
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
