import type { Agent } from "undici";
import type { Header, Outcome } from "../domain/outcome.ts";
import { prepareRequest, redactHeaders, type OutgoingRequest } from "../domain/request.ts";
import type { TargetPolicy } from "../domain/target.ts";
import { DEADLINE, judgeFailure, judgeStatus, STOPPING, type Verdict } from "./classify.ts";
import { createAgent } from "./connector.ts";
import { Exchange } from "./exchange.ts";
import { createResolver, type Resolver } from "./resolver.ts";
import { parseRetryAfter } from "./retry-after.ts";
import type { OutboundProxy } from "./tunnel.ts";

export interface SendOptions {
  readonly policy: TargetPolicy;
  /** Whether a URL is an inbox of this service, whose own address may be a private one. */
  readonly ownInbox?: (url: string) => boolean;
  readonly resolver?: Resolver;
  /** The way to everything but the own inboxes. */
  readonly proxy?: OutboundProxy;
}

export interface Sending {
  /**
   * One attempt: signs, posts and says what came of it, within `request.timeoutMs`. It never
   * rejects. `signal` cuts it short when the service stops.
   */
  send(request: OutgoingRequest, signal?: AbortSignal): Promise<Outcome>;
  /** Cuts off what is still in flight and closes all connections. */
  close(): Promise<void>;
}

/** For the service's own inboxes: their address is ours, so it needs no judgement. */
const ANYWHERE: TargetPolicy = {
  judgeAddress: () => ({ ok: true }),
  judgeHost: (host) =>
    /(?:^|\.)localhost\.?$/.test(host)
      ? { ok: true, addresses: ["127.0.0.1", "::1"] }
      : { ok: true },
  judgeUrl: (href) => ({ ok: true, href }),
};

const DEADLINE_ERROR = Object.assign(new Error("The deadline of the attempt is over"), {
  code: DEADLINE,
});
const STOPPING_ERROR = Object.assign(new Error("The service is stopping"), { code: STOPPING });

type Cut = (error: Error) => void;

export function createSend({
  policy,
  ownInbox,
  resolver = createResolver(),
  proxy,
}: SendOptions): Sending {
  const guarded = createAgent({ policy, resolver, proxy });
  const own = ownInbox && createAgent({ policy: ANYWHERE, resolver });
  const stops = createStops();
  const closing = new AbortController();

  function limit(cut: Cut, timeoutMs: number, signal: AbortSignal | undefined): () => void {
    const timer = setTimeout(cut, timeoutMs, DEADLINE_ERROR);
    const forgetClosing = stops.watch(closing.signal, cut);
    const forgetSignal = signal && stops.watch(signal, cut);
    return () => {
      clearTimeout(timer);
      forgetClosing();
      forgetSignal?.();
    };
  }

  return {
    async send(request, signal) {
      const { url, customHeaders, timeoutMs } = request;
      const startedAt = new Date();
      const startMs = performance.now();
      const tookMs = () => Math.round((performance.now() - startMs) * 100) / 100;
      let requestHeaders: readonly Header[] = [];
      try {
        const { headers } = prepareRequest(request, startedAt);
        requestHeaders = redactHeaders(headers, customHeaders);
        const message = createMessage(request, headers);
        const agent = own && ownInbox?.(url) ? own : guarded;
        const exchange = await converse(agent, message, (cut) => limit(cut, timeoutMs, signal));
        const verdict = judge(exchange, message.host, timeoutMs);
        const recorded = record(exchange, verdict.kind);
        return { ...verdict, startedAt, tookMs: tookMs(), requestHeaders, ...recorded };
      } catch (error) {
        const message = `The request could not be made: ${String(error).slice(0, 200)}`;
        return {
          kind: "INTERNAL",
          message,
          startedAt,
          tookMs: tookMs(),
          timings: {},
          requestHeaders,
        };
      }
    },
    async close() {
      closing.abort();
      await Promise.all([guarded.destroy(), own?.destroy()]);
    },
  };
}

/** Sends, and again as often as a kept-alive connection turns out to be closed; `limit` bounds all of it. */
async function converse(
  agent: Agent,
  message: Message,
  limit: (cut: Cut) => () => void,
): Promise<Exchange> {
  let current = new Exchange();
  const release = limit((error) => current.cut(error));
  try {
    if (!current.hasEnded) agent.dispatch(message, current);
    await current.ended;
    // The pool may have another one that is just as stale; one that is new never is.
    while (current.isStale) {
      current = new Exchange();
      agent.dispatch(message, current);
      await current.ended;
    }
    return current;
  } finally {
    release();
  }
}

interface Message {
  readonly origin: string;
  readonly path: string;
  readonly method: "POST";
  readonly headers: string[];
  readonly body: string;
  readonly host: string;
}

function createMessage({ url, body }: OutgoingRequest, prepared: readonly Header[]): Message {
  const { origin, pathname, search, host } = new URL(url);
  const headers: string[] = [];
  for (const { name, value } of prepared) headers.push(name, value);
  return { origin, path: pathname + search, method: "POST", headers, body, host };
}

/** The status decides as soon as there is one, whatever becomes of the body. */
function judge(exchange: Exchange, host: string, timeoutMs: number): Verdict {
  const { status, headers, error, phase, hasAnswerBegun } = exchange;
  if (status === 0) {
    return judgeFailure({
      error: error ?? new Error("No answer"),
      phase,
      hasAnswerBegun,
      host,
      timeoutMs,
    });
  }
  const verdict = judgeStatus(status, headers.find(({ name }) => name === "location")?.value);
  return error
    ? { ...verdict, message: `${verdict.message} (its body did not come to an end)` }
    : verdict;
}

function record(
  exchange: Exchange,
  kind: Outcome["kind"],
): Pick<Outcome, "timings" | "response"> & Partial<Outcome> {
  const { status, headers, body, truncated, timings } = exchange;
  const remoteAddress = exchange.wire?.remoteAddress;
  if (status === 0) return { timings, remoteAddress };
  const response = { status, headers, body, truncated };
  const wait =
    kind === "SUCCEEDED" ? undefined : headers.find(({ name }) => name === "retry-after")?.value;
  return {
    timings,
    remoteAddress,
    response,
    retryAfterMs: wait === undefined ? undefined : parseRetryAfter(wait, new Date()),
  };
}

/** One listener for each signal, not for each attempt: adding one looks through all others. */
function createStops() {
  const watched = new WeakMap<AbortSignal, Set<Cut>>();
  function cutsOf(signal: AbortSignal): Set<Cut> {
    const known = watched.get(signal);
    if (known) return known;
    const cuts = new Set<Cut>();
    watched.set(signal, cuts);
    signal.addEventListener("abort", () => {
      for (const cut of cuts) cut(STOPPING_ERROR);
    });
    return cuts;
  }
  return {
    /** Cuts at once when the signal has been given already. Returns how to stop watching. */
    watch(signal: AbortSignal, cut: Cut): () => void {
      const cuts = cutsOf(signal).add(cut);
      if (signal.aborted) cut(STOPPING_ERROR);
      return () => void cuts.delete(cut);
    },
  };
}
