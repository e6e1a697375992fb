import { randomBytes } from "node:crypto";
import { createClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { Engine } from "./delivery/engine.ts";
import { createSender, type Sender } from "./delivery/sender.ts";
import { createTestPlaces } from "./delivery/test-places.ts";
import { Upkeep } from "./delivery/upkeep.ts";
import type { Fact } from "./domain/fact.ts";
import { newId } from "./domain/id.ts";
import { Refusal } from "./domain/refusal.ts";
import { createTargetPolicy } from "./domain/target.ts";
import type { Clock, Tools } from "./domain/tools.ts";
import { visitInbox } from "./domain/visit.ts";
import { LogStream } from "./live/stream.ts";
import { Tail } from "./live/tail.ts";
import { logLine, type Logger } from "./log.ts";
import { prepareInstallation } from "./persistence/installation.ts";
import { inWords, openDatabase, storageProblem } from "./persistence/orm.ts";
import { WebhookReader } from "./persistence/read-webhooks.ts";
import { Reader } from "./persistence/read.ts";
import { SqliteStore } from "./persistence/store.ts";
import { Auth } from "./server/auth.ts";
import { createGate } from "./server/gate.ts";
import { createGraphQL } from "./server/graphql.ts";
import { listen, portOf, serve } from "./server/http.ts";
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

/** Everything, in the order it needs each other: port, database, store, live, engine, server. Stops in reverse. */
export async function startService(
  config: Config,
  log: Logger,
  circumstances: Partial<Circumstances> = {},
): Promise<Service> {
  const listener = await listen(config.HOST, config.PORT);
  const url = config.PUBLIC_URL ?? `http://${hostOf(config.HOST)}:${portOf(listener)}`;
  const file = config.DATABASE_URL;
  const database = await inWords(file, () => openDatabase(file)).catch((error: unknown) => {
    listener.close();
    throw error;
  });

  const { clock = createClock(), random = Math.random } = circumstances;
  const announce = (fact: Fact) => log.info(logLine(fact), fact.type);
  const report = (error: unknown, errorId?: string) =>
    log.error({ err: error, error_id: errorId }, "failed");
  const installation = await inWords(file, () =>
    prepareInstallation(database.writer, {
      file,
      secretKey: config.HOOKWIRE_SECRET_KEY,
      adminKey: config.HOOKWIRE_ADMIN_KEY,
      now: clock.now(),
    }),
  );
  const { vault } = installation;
  const defaults = {
    retryDelaysMs: config.HOOKWIRE_RETRY_DELAYS,
    timeoutMs: config.HOOKWIRE_TIMEOUT,
    maxInFlight: MAX_IN_FLIGHT,
  };

  const tail = new Tail();
  const store = new SqliteStore(database, {
    clock,
    newId,
    vault,
    defaults,
    report,
    owner: randomBytes(8).toString("hex"),
    listener: {
      appended(entries) {
        tail.append(entries);
        upkeep.appended(entries);
      },
      webhooksChanged: (changed) => engine.webhooksChanged(changed),
    },
  });
  const reader = new Reader(database.orm, clock.now);
  const webhookReader = new WebhookReader(database.orm, clock.now);
  const live = {
    tail,
    clock,
    log: {
      after: reader.logAfter.bind(reader),
      before: reader.logBefore.bind(reader),
    },
    position: (tenant: string) => store.position(tenant),
  };

  const inboxUrl = (id: string) => `${url}/in/${id}`;
  const rules = {
    allow: config.HOOKWIRE_ALLOW_TARGETS,
    deny: config.HOOKWIRE_DENY_TARGETS,
    inboxPrefix: inboxUrl(""),
  };
  const sender = circumstances.sender ?? createSender(config.HOOKWIRE_SENDERS, rules);
  const upkeep = new Upkeep({
    store,
    clock,
    announce,
    report,
    retentionMs: config.HOOKWIRE_RETENTION,
  });
  const engine = new Engine({
    store,
    sender,
    clock,
    newId,
    announce,
    report,
    random,
    concurrency: config.HOOKWIRE_CONCURRENCY,
  });

  const tools: Tools = {
    store,
    lanes: engine,
    testPlaces: createTestPlaces(config.HOOKWIRE_CONCURRENCY),
    announce,
    clock,
    newId,
    randomBytes,
    vault,
    defaults,
    checkUrl: createUrlCheck(rules),
  };
  const auth = new Auth({ ...installation, publicUrl: url });
  const gate = createGate({
    report,
    storageProblem,
    newErrorId: () => randomBytes(6).toString("hex"),
  });
  const yoga = createGraphQL(
    {
      tools,
      reader,
      webhookReader,
      inboxUrl,
      stream: (request) => new LogStream(live, request),
    },
    gate,
  );
  const sockets = serveSockets(listener, { yoga, auth, maskError: gate });
  let isReady = true;
  serve(listener, {
    auth,
    yoga,
    report,
    wait: clock.wait,
    isReady: async () => isReady && (await reader.isReadable()),
    visitInbox: (visit) =>
      visitInbox(visit, {
        ...tools,
        findInbox: (id) => reader.anyInbox(id),
        findDelivery: (tenant, id) => reader.delivery(tenant, id),
        routesTo: (tenant, id) =>
          [...store.routes(tenant)].filter((route) => route.url.startsWith(inboxUrl(id))),
      }),
  });

  for (const fact of await inWords(file, () => store.endLeases())) announce(fact);
  engine.start(store.tenantIds);
  upkeep.start(store.tenantIds);

  return {
    url,
    firstStart: installation.newAdminKey
      ? { adminKey: installation.newAdminKey, link: `${url}/login?token=${auth.createLink()}` }
      : undefined,
    async stop() {
      isReady = false;
      listener.close();
      sockets.goAway();
      await engine.stop(config.HOOKWIRE_DRAIN);
      sockets.terminate();
      listener.closeAllConnections();
      await Promise.all([upkeep.stop(), store.close(), sender.close()]);
      await database.close();
    },
  };
}

/** The normal form of a URL that webhooks may use; the service's own inboxes always are. */
function createUrlCheck(
  rules: Parameters<typeof createTargetPolicy>[0] & { readonly inboxPrefix: string },
) {
  const policy = createTargetPolicy(rules);
  return (text: string): string => {
    const judged = policy.judgeUrl(text);
    if (judged.ok) return judged.href;
    const url = URL.parse(text);
    if (url?.href.startsWith(rules.inboxPrefix)) return url.href.split("#")[0]!;
    const isUnsafe = url !== null && !policy.judgeHost(url.hostname).ok;
    const problems = [{ path: ["url"], message: judged.reason }];
    throw new Refusal(isUnsafe ? "URL_UNSAFE" : "INPUT_INVALID", { path: ["url"], problems });
  };
}

/** A wildcard address is none that a client can use. */
function hostOf(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
