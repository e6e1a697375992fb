import { Worker, type ResourceLimits } from "node:worker_threads";
import type { Claim } from "../domain/delivery.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { OutgoingRequest } from "../domain/request.ts";
import { secretsAt, type Route } from "../domain/route.ts";
import { createTargetPolicy, type TargetRules } from "../domain/target.ts";
import { createResolver } from "./resolver.ts";
import { createSend } from "./send.ts";
import type { OutboundProxy } from "./tunnel.ts";

/** What a sender is told about where requests may go; plain data, it crosses to the thread. */
export interface SenderRules extends TargetRules {
  /** URLs that begin with this are the service's own inboxes, which may be private. */
  readonly inboxPrefix: string;
  /** Name servers to ask; the system's when there are none. */
  readonly dnsServers: readonly string[];
  /** What requests go through, but for those to the own inboxes. */
  readonly proxy?: OutboundProxy;
}

/** Makes the HTTP requests. */
export interface Sender {
  /** `at`: the wall time; it decides which secrets sign. */
  send(claim: Claim, route: Route, at: Date): Promise<Outcome>;
  /** Ends what is in flight, as TIMEOUT. */
  abort(): void;
  close(): Promise<void>;
}

/** Between the main thread and a sender's: plain values, in batches. */
export type ToThread =
  | { readonly requests: readonly (readonly [number, OutgoingRequest])[] }
  | "abort"
  | "close";
export type FromThread = readonly (readonly [number, Outcome])[];

/** `threads` 0 sends in the main thread. */
export function createSender(threads: number, rules: SenderRules, concurrency: number): Sender {
  if (threads === 0) return new LocalSender(rules);
  const senders = Array.from({ length: threads }, () => new ThreadSender(rules, concurrency));
  let turn = 0;
  return {
    send: (claim, route, at) => senders[turn++ % threads]!.send(claim, route, at),
    abort: () => senders.forEach((sender) => sender.abort()),
    close: async () => void (await Promise.all(senders.map((sender) => sender.close()))),
  };
}

/** What both kinds of sender run. */
export function createSending({
  inboxPrefix,
  dnsServers,
  proxy,
  ...rules
}: SenderRules): ReturnType<typeof createSend> {
  return createSend({
    policy: createTargetPolicy(rules),
    ownInbox: (url) => url.startsWith(inboxPrefix),
    resolver: createResolver(dnsServers),
    proxy,
  });
}

class LocalSender implements Sender {
  readonly #sending;
  readonly #stop = new AbortController();

  constructor(rules: SenderRules) {
    this.#sending = createSending(rules);
  }

  send(claim: Claim, route: Route, at: Date): Promise<Outcome> {
    return this.#sending.send(requestFor(claim, route, at), this.#stop.signal);
  }

  abort(): void {
    this.#stop.abort();
  }

  close(): Promise<void> {
    return this.#sending.close();
  }
}

/**
 * Room for the bodies in flight, with as many aside, and not much more: without a limit garbage is left lying until
 * there are 150 MB of it.
 */
function heapFor(concurrency: number): ResourceLimits {
  return { maxOldGenerationSizeMb: 128 + concurrency / 2, maxYoungGenerationSizeMb: 8 };
}

class ThreadSender implements Sender {
  readonly #rules: SenderRules;
  readonly #limits: ResourceLimits;
  readonly #pending = new Map<number, { resolve: (outcome: Outcome) => void; startedAt: Date }>();
  #worker: Worker;
  #batch: (readonly [number, OutgoingRequest])[] = [];
  #lastNumber = 0;
  #isClosed = false;

  constructor(rules: SenderRules, concurrency: number) {
    this.#rules = rules;
    this.#limits = heapFor(concurrency);
    this.#worker = this.#start();
  }

  send(claim: Claim, route: Route, at: Date): Promise<Outcome> {
    return new Promise((resolve) => {
      const number = ++this.#lastNumber;
      this.#pending.set(number, { resolve, startedAt: new Date() });
      // What is begun in one go crosses in one message.
      if (this.#batch.push([number, requestFor(claim, route, at)]) === 1)
        queueMicrotask(() => this.#post());
    });
  }

  abort(): void {
    this.#worker.postMessage("abort" satisfies ToThread);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.postMessage("close" satisfies ToThread);
    await ended;
  }

  #post(): void {
    this.#worker.postMessage({ requests: this.#batch } satisfies ToThread);
    this.#batch = [];
  }

  #start(): Worker {
    const worker = new Worker(new URL("./sender-thread.ts", import.meta.url), {
      workerData: this.#rules,
      resourceLimits: this.#limits,
    });
    worker.on("message", (outcomes: FromThread) => {
      for (const [number, outcome] of outcomes) this.#end(number, outcome);
    });
    let reason = "ended";
    worker.on("error", (error) => (reason = `failed: ${String(error)}`));
    worker.on("exit", () => this.#isClosed || this.#restart(`The sender's thread ${reason}`));
    return worker;
  }

  /** A thread that died takes its attempts along: nobody knows whether they arrived. A new one sends what follows. */
  #restart(reason: string): void {
    const lost = [...this.#pending];
    this.#worker = this.#start();
    for (const [number, { startedAt }] of lost)
      this.#end(number, {
        kind: "INTERNAL",
        message: `${reason}; the request may have arrived. It does not count against the receiver.`,
        startedAt,
        tookMs: Date.now() - startedAt.getTime(),
        timings: {},
        requestHeaders: [],
      });
  }

  #end(number: number, outcome: Outcome): void {
    this.#pending.get(number)?.resolve(outcome);
    this.#pending.delete(number);
  }
}

function requestFor(claim: Claim, route: Route, at: Date): OutgoingRequest {
  return {
    url: route.url,
    customHeaders: route.customHeaders,
    body: claim.body,
    eventId: claim.eventId,
    eventType: claim.eventType,
    deliveryId: claim.deliveryId,
    attemptNumber: claim.state.attempts + 1,
    isTest: claim.state.isTest,
    secrets: secretsAt(route, at),
    timeoutMs: route.timeoutMs,
  };
}
