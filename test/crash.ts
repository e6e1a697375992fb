import { setTimeout as pass } from "node:timers/promises";
import { expect } from "vitest";
import { eventually } from "./app.ts";
import { DeadFile, keyOf, type Row } from "./crash-file.ts";
import { Chance, CrashReceiver, Ledger } from "./crash-ledger.ts";
import { Publisher } from "./crash-publisher.ts";
import { graphql } from "./generated/gql.ts";
import { makeFolder, OPEN, Process } from "./process.ts";

const CrashWaiting = graphql(`
  query CrashWaiting {
    deliveries(first: 1, filter: { statuses: [PENDING, RETRYING, HELD, FAILED, CANCELLED] }) {
      nodes {
        id
      }
    }
  }
`);

/** The receiver of the last one answers 503 now and then. */
const WEBHOOKS = [
  { name: "a", maxInFlight: 10 },
  { name: "b", maxInFlight: 3 },
  { name: "c", maxInFlight: 20 },
  { name: "failing", maxInFlight: 10 },
];
const PUBLISHERS = [
  { name: "one", size: 1, hasKeys: true },
  { name: "two", size: 1, hasKeys: true },
  { name: "keyless", size: 1, hasKeys: false },
  { name: "few", size: 5, hasKeys: true },
  { name: "many", size: 40, hasKeys: true },
];
export const DRAIN_MS = 5000;
const ENV = {
  ...OPEN,
  HOOKWIRE_DRAIN: `PT${DRAIN_MS / 1000}S`,
  // As many as there may be: a failing receiver uses none of them up.
  HOOKWIRE_RETRY_DELAYS: Array<string>(20).fill("PT0.1S").join(","),
};

/**
 * When a process ends: HELD, with answers held back after some receipts, so that attempts are certainly in flight;
 * RECEIPT, in the very moment of one; PUBLISH, shortly after one was answered, while others are on their way;
 * START, at any time of a start and of its first claims.
 */
const MOMENTS = ["HELD", "RECEIPT", "HELD", "PUBLISH", "HELD", "START"] as const;
type Moment = (typeof MOMENTS)[number];

const never = new Promise<never>(() => {});

interface Round {
  readonly moment: Moment;
  /** From the signal to the end. */
  readonly tookMs: number;
  readonly leased: number;
}

/** Starts the real process again and again on one folder, publishes, delivers, and ends it by a signal each time. */
export class CrashDriver implements AsyncDisposable {
  readonly rounds: Round[] = [];
  readonly ledger = new Ledger(WEBHOOKS.map(({ name }) => name));
  readonly #signal: "SIGKILL" | "SIGTERM";
  readonly #chance: Chance;
  readonly #folder = makeFolder();
  readonly #receiver: CrashReceiver;
  readonly #publishers = PUBLISHERS.map((options) => new Publisher(options, this.ledger));
  #checked = 0;
  #payload: unknown;
  #startMs = 0;

  constructor(signal: "SIGKILL" | "SIGTERM", seed: number) {
    this.#signal = signal;
    this.#chance = new Chance(seed);
    this.#receiver = new CrashReceiver(this.ledger, "failing", new Chance(seed + 1));
  }

  /** Afterwards everything has arrived and the last process has stopped. */
  async run(rounds: number): Promise<void> {
    await this.#receiver.listen();
    await this.#begin();
    for (let round = 1; round <= rounds; round++) await this.#endOnce(round);
    await using last = await this.#start().ready();
    for (const publisher of this.#publishers) await publisher.repeatUnanswered(last);
    await eventually(async () => (await last.run(CrashWaiting)).deliveries?.nodes.length === 0);
    expect(await last.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  }

  async #begin(): Promise<void> {
    await using first = await this.#start().ready();
    this.#startMs = performance.now() - first.startedMs;
    for (const webhook of WEBHOOKS)
      await first.makeWebhook({ ...webhook, url: `${this.#receiver.url}/${webhook.name}` });
    this.#payload = (await first.event()).payload;
    await first.kill("SIGTERM");
  }

  #start(): Process {
    return new Process(this.#folder.path, { env: ENV });
  }

  async #endOnce(round: number): Promise<void> {
    const { ledger } = this;
    const moment = MOMENTS[(round - 1) % MOMENTS.length] ?? "HELD";
    const most = Math.min(ledger.missing + this.#chance.between(50, 800), 1000);
    ledger.round = round;
    await using service = this.#start();
    const over = new AbortController();
    const life = {
      service,
      isOver: over.signal,
      payload: this.#payload,
      // While answers are held back the process ends soon: many publishes are to be on their way then.
      hasRoom: () => ledger.missing < most + (this.#receiver.isHolding ? 600 : 0),
    };
    const publishing = service.ready().then(
      () => Promise.all(this.#publishers.map((publisher) => publisher.publishDuring(life))),
      // It ended before it was ready.
      () => undefined,
    );
    await Promise.race([
      this.#wait(moment, service),
      publishing.then(() => never),
      service.ended.then((ended) => Promise.reject(new Error(JSON.stringify(ended)))),
    ]);
    const { tookMs, ended } = await this.#end(service);
    over.abort();
    ledger.changed();
    await publishing;
    this.#receiver.letGo();
    expect(ended).toEqual(
      this.#signal === "SIGKILL"
        ? { code: null, signal: "SIGKILL", stderr: "" }
        : { code: 0, signal: null, stderr: "" },
    );
    this.rounds.push({ moment, tookMs, leased: this.#inspect() });
  }

  async #wait(moment: Moment, service: Process): Promise<void> {
    const chance = this.#chance;
    const { ledger } = this;
    // A moment is meant by `pass`, and not that something has happened by then.
    if (moment === "START" && this.#signal === "SIGKILL")
      return await pass(this.#startMs * (0.3 + chance.next()));
    if (this.#signal === "SIGTERM") await service.ready();
    if (moment === "START") return await pass(chance.between(0, 500));
    if (moment === "PUBLISH") {
      const enough = ledger.accepted.size + chance.between(1, 40);
      await ledger.until(() => ledger.accepted.size >= enough);
      return await pass(chance.between(0, 20));
    }
    const enough = ledger.received + chance.between(1, Math.max(300, ledger.missing));
    // A webhook begins with one attempt in flight; mostly there are many more.
    const held = chance.between(1, WEBHOOKS.length);
    await ledger.until(() => ledger.received >= enough);
    if (moment === "RECEIPT") return;
    this.#receiver.isHolding = true;
    await ledger.until(() => this.#receiver.held >= held);
    await pass(chance.between(0, 20));
  }

  async #end(service: Process) {
    const beganMs = performance.now();
    const ending = service.kill(this.#signal);
    if (this.#signal === "SIGTERM") {
      await service.printed(/^Hookwire is stopping/m);
      this.#receiver.letGo();
    }
    const { code, signal, stderr } = await ending;
    return { tookMs: performance.now() - beganMs, ended: { code, signal, stderr } };
  }

  /** What was accepted since the last look is in the file, and how many leases are. */
  #inspect(): number {
    using file = new DeadFile(this.#folder.database);
    file.isSound([...this.ledger.accepted].slice(this.#checked));
    this.#checked = this.ledger.accepted.size;
    return file.leased;
  }

  /** Holds the ledger against the file, and counts. */
  report() {
    const { ledger, rounds } = this;
    using file = new DeadFile(this.#folder.database);
    file.isSound(ledger.accepted);
    expect(file.leased).toBe(0);
    const events = new Set(file.events);
    const unknown = [...events].filter((id) => !ledger.accepted.has(id)).length;
    expect(unknown).toBeLessThanOrEqual(ledger.unknown);
    const rows = file.deliveries;
    expect(rows).toHaveLength(events.size * WEBHOOKS.length);
    for (const row of rows) this.#isTrue(row);
    const known = new Set(rows.map(({ webhook, eventId }) => keyOf(webhook, eventId)));
    expect([...ledger.receipts.keys()].filter((key) => !known.has(key))).toEqual([]);
    const arrived = (key: string) =>
      ledger.receipts.get(key)?.some(({ answered }) => answered === 200) ?? false;
    const made = rows.flatMap((row) => row.made);
    const duplicates = ledger.duplicates();
    return {
      accepted: ledger.accepted.size,
      unansweredAccepted: unknown,
      lost: [...known].filter((key) => !arrived(key)).length,
      stuck: rows.filter(({ status }) => status !== "SUCCEEDED").length,
      duplicates: rounds.map((_, index) => duplicates.get(index + 1) ?? 0),
      leased: rounds.map(({ leased }) => leased),
      tookMs: rounds.map(({ tookMs }) => Math.round(tookMs)),
      received: ledger.received,
      interrupted: made.filter(({ outcome }) => outcome === "INTERNAL").length,
      refused: made.filter(({ outcome }) => outcome === "HTTP_STATUS").length,
      repeated: this.#publishers.reduce((sum, one) => sum + one.repeated, 0),
      repeatedAccepted: this.#publishers.reduce((sum, one) => sum + one.wasAccepted, 0),
    };
  }

  /** Every request has its attempt and every answer its outcome, under numbers without gaps, as far as it was seen. */
  #isTrue({ webhook, eventId, attempts, made }: Row): void {
    expect(made.map(({ number }) => number)).toEqual(made.map((_, index) => index + 1));
    expect(attempts).toBe(made.length);
    const receipts = this.ledger.receipts.get(keyOf(webhook, eventId)) ?? [];
    const answers = new Map(receipts.map(({ attempt, answered }) => [attempt, answered]));
    // No number is sent twice.
    expect(answers.size).toBe(receipts.length);
    for (const { number, outcome } of made) {
      if (outcome === "SUCCEEDED") expect(answers.get(number)).toBe(200);
      else if (outcome === "HTTP_STATUS") expect(answers.get(number)).toBe(503);
      else expect(outcome).toBe("INTERNAL");
      answers.delete(number);
    }
    expect([...answers]).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}
