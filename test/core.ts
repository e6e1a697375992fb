import { randomBytes } from "node:crypto";
import BetterSqlite from "better-sqlite3";
import { Engine } from "../src/delivery/engine.ts";
import type { Sender } from "../src/delivery/sender.ts";
import { createTestPlaces } from "../src/delivery/test-places.ts";
import { Upkeep, type UpkeepStore } from "../src/delivery/upkeep.ts";
import { NOBODY } from "../src/domain/audit.ts";
import { BUILT_IN_CATALOG } from "../src/domain/catalog/catalog.ts";
import type { Claim } from "../src/domain/delivery.ts";
import { createIds } from "../src/domain/id.ts";
import type { LogEntry } from "../src/domain/log-entry.ts";
import type { Outcome } from "../src/domain/outcome.ts";
import { publish } from "../src/domain/publish.ts";
import type { Tools } from "../src/domain/tools.ts";
import { createWebhook } from "../src/domain/webhook-commands.ts";
import { prepareInstallation } from "../src/persistence/installation.ts";
import { defaultTenant, metaStatements } from "../src/persistence/sqlite/meta.ts";
import { openDatabase } from "../src/persistence/sqlite/open.ts";
import { DatabaseStore } from "../src/persistence/store.ts";
import { eventually, startApp, type App } from "./app.ts";
import { onlyDelivery, settled } from "./deliver-receiver.ts";
import { publishSample } from "./steps.ts";
import { HandClock, status } from "./world.ts";

type Answer = Partial<Outcome> & Pick<Outcome, "kind">;

/** An attempt that is in flight until the test answers it. */
export class Sent {
  readonly claim: Claim;
  isOpen = true;
  readonly #resolve: (outcome: Outcome) => void;

  constructor(claim: Claim, resolve: (outcome: Outcome) => void) {
    this.claim = claim;
    this.#resolve = resolve;
  }

  answer(answer: Answer): void {
    this.isOpen = false;
    this.#resolve({
      message: "As told",
      startedAt: new Date(),
      tookMs: 5,
      timings: {},
      requestHeaders: [],
      ...answer,
    });
  }
}

/** A sender whose receiver answers when the test says so, or at once by `answerAll`. */
export class HandSender implements Sender {
  readonly all: Sent[] = [];
  #atOnce: Answer | undefined;

  send(claim: Claim): Promise<Outcome> {
    return new Promise((resolve) => {
      const sent = new Sent(claim, resolve);
      this.all.push(sent);
      if (this.#atOnce) sent.answer(this.#atOnce);
    });
  }

  get open(): Sent[] {
    return this.all.filter(({ isOpen }) => isOpen);
  }

  /** The nth attempt, from 1; waits until it begins. */
  attempt(count: number): Promise<Sent> {
    return eventually(async () => this.all[count - 1]);
  }

  /** What is open now and all that follows. */
  answerAll(answer: Answer): void {
    this.#atOnce = answer;
    for (const sent of this.open) sent.answer(answer);
  }

  /** Holds again, as if nothing had been sent so far. */
  forget(): void {
    this.#atOnce = undefined;
    this.all.length = 0;
  }

  abort(): void {
    this.answerAll({ kind: "TIMEOUT" });
  }

  async close(): Promise<void> {}
}

/** The real service, with time and the receiver in the test's hand. */
export class Turned implements AsyncDisposable {
  readonly clock = new HandClock();
  readonly sender = new HandSender();
  app!: App;

  async start(env: Readonly<Record<string, string>>): Promise<this> {
    const { clock, sender } = this;
    this.app = await startApp({ env, circumstances: { clock, sender, random: () => 0 } });
    return this;
  }

  /** Successes that bring the webhook from one attempt in flight to its full limit; then the receiver holds. */
  async warmUp(): Promise<void> {
    this.sender.answerAll(ok);
    for (let successes = 0; successes < 4; successes++) {
      const { eventId } = await publishSample(this.app);
      await settled(this.app, await onlyDelivery(this.app, eventId), "SUCCEEDED");
    }
    this.sender.forget();
  }

  get file(): string {
    return `${this.app.folder}/hookwire.db`;
  }

  /** How many deliveries are leased, as the table has it. */
  get leased(): unknown {
    const db = new BetterSqlite(this.file, { readonly: true });
    const count = "select count(*) from delivery where claim_owner is not null";
    const leased = db.prepare(count).pluck().get();
    db.close();
    return leased;
  }

  /**
   * Another connection's write lock on the database: all changes wait in their order. Call to free it. Not by
   * `node:sqlite`: a second SQLite library in one process does not see the locks of the first.
   */
  lock(): () => void {
    const db = new BetterSqlite(this.file);
    db.exec("begin immediate");
    return () => db.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sender.abort();
    await this.app[Symbol.asyncDispose]();
  }
}

export function startTurned(env: Readonly<Record<string, string>> = {}): Promise<Turned> {
  return new Turned().start({ HOOKWIRE_RETRY_DELAYS: "PT5S,PT5M", ...env });
}

export interface CoreOptions {
  readonly concurrency?: number;
  /** What upkeep sees of the store: a test can let something happen between two of its steps. */
  readonly upkeepStore?: (store: DatabaseStore) => UpkeepStore;
  /** Claims that are given back are refused by the database while this says so. */
  readonly refusesRelease?: () => boolean;
}

/** Store, engine and upkeep without the API: for what depends on which change shares a commit with which. */
export async function startCore(options: CoreOptions = {}) {
  const { concurrency = 16, upkeepStore, refusesRelease = () => false } = options;
  const database = await openDatabase(":memory:");
  const { writer: db } = database;
  const clock = new HandClock();
  const sender = new HandSender();
  /** The log's entries of each commit. */
  const commits: (readonly LogEntry[])[] = [];
  const errors: unknown[] = [];
  /** Called at each commit; a test can put something else there. */
  const hooks = { appended: () => {}, webhooksChanged: () => {} };
  const shared = {
    clock,
    newId: createIds(clock.now),
    announce: () => {},
    report: (error: unknown) => errors.push(error),
  };
  const { tenantId, vault } = prepareInstallation(
    metaStatements(db),
    defaultTenant(db, clock.now()),
    {
      file: ":memory:",
      secretKey: Buffer.alloc(32, 1),
      adminKey: "an-operator-key-of-the-tests",
    },
  );
  const defaults = {
    retryDelaysMs: [5000, 300_000],
    timeoutMs: 15_000,
    maxInFlight: 10,
  };
  const store = await DatabaseStore.open(database, {
    ...shared,
    vault,
    defaults,
    owner: "this-process",
    listener: {
      appended(entries) {
        if (entries.length > 0) commits.push(entries);
        upkeep.appended(entries);
        hooks.appended();
      },
      webhooksChanged(changed) {
        hooks.webhooksChanged();
        engine.webhooksChanged(changed);
      },
      keysChanged: () => Promise.resolve(),
      due() {},
    },
  });
  const release = store.release.bind(store);
  store.release = async (claims) => {
    if (refusesRelease()) throw new Error("disk I/O error");
    return release(claims);
  };
  const seen = upkeepStore?.(store) ?? store;
  const upkeep = new Upkeep({
    ...shared,
    store: seen,
    retentionMs: 30 * 86_400_000,
    auditRetentionMs: 365 * 86_400_000,
  });
  const engine = new Engine({
    ...shared,
    store,
    sender,
    random: () => 0,
    concurrency,
    senders: () => 1,
  });
  const checkUrl = (url: string) => new URL(url).href;
  const tools: Tools = {
    ...shared,
    by: NOBODY,
    store,
    lanes: engine,
    testPlaces: createTestPlaces(concurrency),
    randomBytes,
    rest: () => Promise.resolve(),
    vault,
    defaults,
    checkUrl,
  };
  engine.start(store.tenantIds);
  upkeep.start(store.tenantIds);

  return {
    tenantId,
    db,
    clock,
    sender,
    commits,
    errors,
    hooks,
    tools,
    async makeWebhook(maxInFlight = 10): Promise<string> {
      const { webhook } = await createWebhook(tenantId, { ...WEBHOOK, maxInFlight }, tools);
      return webhook.id;
    },
    /** Successes that bring its webhook from one attempt in flight to its full limit; then the receiver holds. */
    async warmUp(): Promise<void> {
      const recorded = db.prepare("select count(*) from delivery_attempt").pluck();
      sender.answerAll(ok);
      for (let successes = 1; successes <= 4; successes++) {
        await publish(tenantId, [EVENT], tools);
        await eventually(async () => recorded.get() === successes);
      }
      sender.forget();
    },
    publish: (count = 1) => publish(tenantId, Array<typeof EVENT>(count).fill(EVENT), tools),
    async [Symbol.asyncDispose](): Promise<void> {
      sender.abort();
      await engine.stop(0);
      await Promise.all([upkeep.stop(), store.close()]);
      await database.close();
    },
  };
}

const TYPE = "payment_received";
const EVENT = { type: TYPE, payload: BUILT_IN_CATALOG.find(TYPE)?.samplePayload ?? {} };
const WEBHOOK = {
  name: "Test",
  url: "https://example.com/hook",
  eventTypes: [TYPE],
  integration: "test",
  description: null,
  key: null,
  format: "ENVELOPE",
  filter: null,
  keepFiltered: false,
  select: [],
  headers: [],
  retryDelays: null,
  timeout: null,
  signature: "HMAC_SHA256",
  rateLimitPerSecond: null,
  secret: null,
  paused: false,
} as const;

export const ok = status(200);
