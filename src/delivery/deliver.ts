import { DeliveryAttempt, settle, type Claim } from "../domain/delivery.ts";
import type { AttemptRecorded } from "../domain/fact.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Route } from "../domain/route.ts";
import type { Tools } from "../domain/tools.ts";

const REPEAT_MS = { first: 100, most: 5000 } as const;

export type DeliverTools = Pick<Tools, "store" | "announce" | "clock" | "newId"> & {
  readonly send: (claim: Claim, route: Route) => Promise<Outcome>;
  readonly random: () => number;
  /** Given when the service ends and waits for nothing any more. */
  readonly signal: AbortSignal;
  /** Something is wrong that is no outcome: it is logged, and the delivery goes on. */
  readonly report: (error: unknown) => void;
};

/** The second half of the line: sends, settles, records, announces. `domain/publish.ts` is the first half. */
export async function deliver(
  claim: Claim,
  route: Route,
  tools: DeliverTools,
): Promise<AttemptRecorded | undefined> {
  const outcome = await tools.send(claim, route);
  const now = tools.clock.now();
  const settling = { delaysMs: route.retryDelaysMs, now, spread: tools.random() };
  const settled = settle(claim.state, outcome, settling);
  const attempt = attemptOf(claim, route, outcome, tools.newId("att"));
  // What was sent must be known: while the database can't take it, it is recorded again, with the same attempt id.
  const fact = await untilKept(() => tools.store.record({ claim, attempt, settled }), tools);
  if (fact) tools.announce(fact);
  return fact;
}

/** Tries again until the database takes it; gives up only when the service ends. */
export async function untilKept<T>(
  keep: () => Promise<T>,
  { clock, report, signal }: Pick<DeliverTools, "clock" | "report" | "signal">,
): Promise<T | undefined> {
  for (
    let waitMs: number = REPEAT_MS.first;
    !signal.aborted;
    waitMs = Math.min(waitMs * 2, REPEAT_MS.most)
  ) {
    try {
      return await keep();
    } catch (error) {
      if (!signal.aborted) report(error);
    }
    await clock.wait(waitMs, signal);
  }
  return undefined;
}

function attemptOf(
  { tenantId, deliveryId, state }: Claim,
  { url }: Route,
  outcome: Outcome,
  id: string,
): DeliveryAttempt {
  const {
    kind,
    message,
    startedAt,
    tookMs,
    timings,
    remoteAddress = null,
    requestHeaders,
    response,
  } = outcome;
  return Object.assign(new DeliveryAttempt(), {
    id,
    tenantId,
    deliveryId,
    number: state.attempts + 1,
    trigger: state.trigger,
    outcome: kind,
    message,
    startedAt,
    durationMs: tookMs,
    timings,
    url,
    remoteAddress,
    requestHeaders,
    responseStatus: response?.status ?? null,
    responseHeaders: response?.headers ?? [],
    responseBody: response?.body ?? null,
    responseTruncated: response?.truncated ?? false,
  });
}
