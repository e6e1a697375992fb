import { randomBytes } from "node:crypto";
import { setImmediate as rest } from "node:timers/promises";
import { createClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { Engine } from "./delivery/engine.ts";
import { createSender, type Sender } from "./delivery/sender.ts";
import { createTestPlaces } from "./delivery/test-places.ts";
import { Upkeep } from "./delivery/upkeep.ts";
import { NOBODY } from "./domain/audit.ts";
import type { Fact } from "./domain/fact.ts";
import { createIds } from "./domain/id.ts";
import type { StreamRequest } from "./domain/stream.ts";
import type { Clock, Tools } from "./domain/tools.ts";
import { createUrlCheck } from "./domain/url-check.ts";
import { visitInbox, type InboxVisit, type VisitTools } from "./domain/visit.ts";
import { Pages } from "./live/pages.ts";
import { LogStream } from "./live/stream.ts";
import { Tail } from "./live/tail.ts";
import { Turnstile } from "./live/turnstile.ts";
import { logLine, type Logger } from "./log.ts";
import { NarrowReader, NarrowWebhookReader } from "./persistence/narrow.ts";
import { LogReader } from "./persistence/read-log.ts";
import { TenantReader } from "./persistence/read-tenants.ts";
import { WebhookReader } from "./persistence/read-webhooks.ts";
import { Reader } from "./persistence/read.ts";
import { openStorage, storageProblem, type Storage } from "./persistence/storage.ts";
import { DatabaseStore } from "./persistence/store.ts";
import { Auth } from "./server/auth.ts";
import { createBounds } from "./server/bounds.ts";
import { createGate } from "./server/gate.ts";
import { createGraphQL } from "./server/graphql.ts";
import { listen, portOf, serve } from "./server/http.ts";
import { Keys } from "./server/keys.ts";
import { serveSockets } from "./server/socket.ts";

/** Attempts in flight for one webhook that says nothing else. */
const MAX_IN_FLIGHT = 10;

/** Time, chance and the sender, for a world of its own. */
export interface Circumstances {
  readonly clock: Clock;
  readonly random: () => number;
  readonly sender: Sender;
}

export interface Service {
  /** The address that clients use. */
  readonly url: string;
  /** The operator's key when it was made at this start, and a link that signs one browser in. */
  readonly firstStart: { readonly adminKey: string; readonly link: string } | undefined;
  stop(): Promise<void>;
}

/** Everything, in the order it needs each other: port, database, store, engine, live, server. Stops in reverse. */
export async function startService(
  config: Config,
  log: Logger,
  circumstances: Partial<Circumstances> = {},
): Promise<Service> {
  await using started = new AsyncDisposableStack();
  const listener = await listen(config);
  started.defer(() => void listener.close());
  const url = config.PUBLIC_URL ?? `http://${hostOf(config.HOST)}:${portOf(listener)}`;
  const base = createBase(config, log, url, circumstances);
  const { announce } = base;
  const storage = await openStorage({
    ...base,
    url: config.DATABASE_URL,
    secretKey: config.HOOKWIRE_SECRET_KEY,
    adminKey: config.HOOKWIRE_ADMIN_KEY,
    pool: config.HOOKWIRE_POOL,
  });
  started.defer(() => storage.database.close());
  const { store, engine, upkeep, sender, tail, keys } = await createLine(base, storage);
  started.defer(async () => {
    await Promise.all([upkeep.stop(), store.close(), sender.close()]);
  });

  // No lease of an earlier run is alive; what is published from now on has leases of its own.
  for (const fact of await storage.inWords(() => store.endLeases())) announce(fact);
  engine.start(store.tenantIds);
  upkeep.start(store.tenantIds);
  const stopping = new AbortController();
  const { signal } = stopping;
  const auth = new Auth({
    ...storage.installation,
    keys,
    now: base.clock.now,
    publicUrl: url,
    // A disk that is full keeps nobody out.
    audit: (...signIn) => void store.audit(...signIn).catch(base.report),
  });
  const watching = auth.watch({ ...base, wait: base.clock.wait, signal });
  started.defer(() => watching);
  const site = createSite(base, storage, { store, engine, tail, auth, stopping: signal });
  serve(listener, site);
  const sockets = serveSockets(listener, site);
  started.defer(() => {
    sockets.terminate();
    listener.closeAllConnections();
  });
  started.defer(() => engine.stop(config.HOOKWIRE_DRAIN));
  started.defer(() => {
    stopping.abort();
    listener.close();
    sockets.goAway();
  });

  const { newAdminKey: adminKey } = storage.installation;
  const stack = started.move();
  return {
    url,
    firstStart:
      adminKey === undefined
        ? undefined
        : { adminKey, link: `${url}/login?token=${auth.createLink()}` },
    stop: () => stack.disposeAsync(),
  };
}

type Base = ReturnType<typeof createBase>;
type Line = Awaited<ReturnType<typeof createLine>>;
type Open = Pick<Line, "store" | "engine" | "tail"> & {
  readonly auth: Auth;
  /** Given when the service begins to stop. */
  readonly stopping: AbortSignal;
};

/** What everything else is made with. */
function createBase(
  config: Config,
  log: Logger,
  url: string,
  { clock = createClock(), random = Math.random, sender }: Partial<Circumstances>,
) {
  const inboxUrl = (id: string) => `${url}/in/${id}`;
  return {
    config,
    url,
    inboxUrl,
    owner: randomBytes(8).toString("hex"),
    clock,
    random,
    newId: createIds(clock.now),
    announce: log.isLevelEnabled("info")
      ? (fact: Fact) => log.info(logLine(fact), fact.type)
      : () => undefined,
    report: (error: unknown, errorId?: string) =>
      log.error({ err: error, error_id: errorId }, "failed"),
    rules: {
      allow: config.HOOKWIRE_ALLOW_TARGETS,
      deny: config.HOOKWIRE_DENY_TARGETS,
      inboxPrefix: inboxUrl(""),
      dnsServers: config.HOOKWIRE_DNS_SERVERS,
      proxy: config.HOOKWIRE_PROXY,
    },
    defaults: {
      retryDelaysMs: config.HOOKWIRE_RETRY_DELAYS,
      timeoutMs: config.HOOKWIRE_TIMEOUT,
      maxInFlight: MAX_IN_FLIGHT,
    },
    givenSender: sender,
  };
}

/** From publish to record: the store, the engine that empties it, and what hears of each commit. */
async function createLine(base: Base, { database, installation }: Storage) {
  const { config } = base;
  const tail = new Tail(base.clock);
  const store = await DatabaseStore.open(database, {
    ...base,
    vault: installation.vault,
    listener: {
      appended(entries) {
        tail.append(entries);
        upkeep.appended(entries);
      },
      webhooksChanged: (tenantId) => engine.webhooksChanged(tenantId),
      due(places) {
        for (const { tenantId, webhookId } of places)
          engine.wake(tenantId, webhookId, base.clock.now());
      },
      keysChanged: () => keys.refresh().catch(base.report),
    },
  });
  const tenantReader = new TenantReader(database.orm);
  const keys = new Keys(
    {
      byHash: (hash) => tenantReader.byHash(hash),
      byIds: (ids) => tenantReader.byIds(ids),
      used: (uses) => store.usedKeys(uses),
    },
    base.clock.now,
  );
  const sender =
    base.givenSender ??
    createSender(config.HOOKWIRE_SENDERS, base.rules, config.HOOKWIRE_CONCURRENCY);
  const upkeep = new Upkeep({
    ...base,
    store,
    retentionMs: config.HOOKWIRE_RETENTION,
    auditRetentionMs: config.HOOKWIRE_AUDIT_RETENTION,
  });
  const engine = new Engine({
    ...base,
    store,
    sender,
    concurrency: config.HOOKWIRE_CONCURRENCY,
    senders: () => database.others?.senders() ?? 1,
  });
  return { tail, store, sender, upkeep, engine, keys };
}

/** What clients reach. */
function createSite(
  base: Base,
  { database, installation }: Storage,
  { store, engine, tail, auth, stopping }: Open,
) {
  const { clock, report, inboxUrl } = base;
  const tools: Tools = {
    ...base,
    by: NOBODY,
    store,
    lanes: engine,
    testPlaces: createTestPlaces(base.config.HOOKWIRE_CONCURRENCY),
    randomBytes,
    rest,
    vault: installation.vault,
    checkUrl: createUrlCheck(base.rules),
  };
  const log = new LogReader(database.orm);
  const catalogOf = (tenantId: string) => store.catalog(tenantId);
  const reader = new Reader(database.orm, clock.now, catalogOf);
  const webhookReader = new WebhookReader(database.orm, clock.now, catalogOf);
  const tenantReader = new TenantReader(database.orm);
  const position = (tenantId: string) => store.position(tenantId);
  const live = {
    tail,
    clock,
    position,
    log,
    pages: new Pages(log),
    turnstile: new Turnstile(),
  };
  const stream = (request: StreamRequest) => new LogStream(live, request);
  const newErrorId = () => randomBytes(6).toString("hex");
  const maskError = createGate({ report, storageProblem, newErrorId });
  const bounds = createBounds(base.config, clock.leaseMs);
  const endpoints = createGraphQL(
    {
      tools,
      reader,
      webhookReader,
      tenantReader,
      narrow(webhookIds) {
        const view = { webhookIds, inboxPrefix: inboxUrl("") };
        return {
          reader: new NarrowReader(database.orm, clock.now, { ...view, catalogOf }),
          webhookReader: new NarrowWebhookReader(database.orm, clock.now, { ...view, catalogOf }),
        };
      },
      signToken: (token, maker) => auth.tokens.sign(token, maker),
      inboxUrl,
      stream,
    },
    { ...bounds, maskError },
  );
  const visits: VisitTools = {
    ...tools,
    findInbox: (id) => reader.anyInbox(id),
    findDelivery: (tenantId, id) => reader.delivery(tenantId, id),
    routesTo: (tenantId, id) =>
      [...store.routes(tenantId)].filter((route) => route.url.startsWith(inboxUrl(id))),
  };
  return {
    auth,
    endpoints,
    maskError,
    ...bounds,
    origins: { publicUrl: base.url, allowed: base.config.HOOKWIRE_ALLOWED_ORIGINS },
    report,
    wait: clock.wait,
    isReady: async () => !stopping.aborted && (await reader.isReadable()),
    visitInbox: (visit: InboxVisit) => visitInbox(visit, visits),
  };
}

/** A wildcard address is none that a client can use. */
function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
