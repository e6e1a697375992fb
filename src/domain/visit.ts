import type { Delivery } from "./delivery.ts";
import { InboxRequest, type Inbox, type InboxAnswer } from "./inbox.ts";
import type { Header } from "./outcome.ts";
import { secretsAt, type Route } from "./route.ts";
import { verify } from "./signature.ts";
import type { Tools } from "./tools.ts";

/** A request to an inbox, as it came; header names in lower case. */
export interface InboxVisit {
  readonly inboxId: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly Header[];
  readonly body: Buffer;
  readonly bodyTruncated: boolean;
}

export interface VisitTools extends Pick<Tools, "store" | "clock" | "newId" | "announce"> {
  readonly findInbox: (id: string) => Promise<Inbox | null>;
  readonly findDelivery: (tenantId: string, id: string) => Promise<Delivery | null>;
  /** The tenant's webhooks that point to this inbox. */
  readonly routesTo: (tenantId: string, inboxId: string) => readonly Route[];
}

/** Records a visit with a verdict on its signature, and says what to answer; null when there is no such inbox. */
export async function visitInbox(
  visit: InboxVisit,
  tools: VisitTools,
): Promise<(InboxAnswer & { readonly requestId: string }) | null> {
  const inbox = await tools.findInbox(visit.inboxId);
  if (!inbox) return null;
  const { tenantId } = inbox;
  const named = headerOf(visit, "hookwire-delivery");
  const delivery = named === undefined ? null : await tools.findDelivery(tenantId, named);
  const request = Object.assign(new InboxRequest(), visit, {
    id: tools.newId("inr"),
    tenantId,
    receivedAt: tools.clock.now(),
    deliveryId: delivery?.id ?? null,
    ...judge(visit, secretsFor(inbox, delivery, signedAt(visit, tools), tools), tools),
  });
  const answer = await tools.store.receive(request);
  if (!answer) return null;
  tools.announce({ type: "inbox.received", tenantId, inboxId: inbox.id });
  return { ...answer, requestId: request.id };
}

/** When it says that it was signed, unless that is yet to come: a secret may end while its last request is on the way. */
function signedAt(visit: InboxVisit, { clock }: VisitTools): Date {
  const signedMs = 1000 * Number(headerOf(visit, "webhook-timestamp"));
  return new Date(Math.min(signedMs, clock.now().getTime()));
}

/** What signs, at the time of the request, for the delivery's webhook, or for every webhook that points here. */
function secretsFor(
  { tenantId, id }: Inbox,
  delivery: Delivery | null,
  at: Date,
  { store, routesTo }: VisitTools,
): string[] {
  const route = delivery && store.route(tenantId, delivery.webhookId);
  return (route ? [route] : routesTo(tenantId, id)).flatMap((each) => secretsAt(each, at));
}

function judge(visit: InboxVisit, secrets: string[], { clock }: VisitTools) {
  const signature = headerOf(visit, "webhook-signature");
  if (signature === undefined || secrets.length === 0)
    return { signatureValid: null, signatureProblem: null };
  const headers = {
    id: headerOf(visit, "webhook-id"),
    timestamp: headerOf(visit, "webhook-timestamp"),
    signature,
  };
  const verdict = verify({ secrets, headers, body: visit.body, now: clock.now() });
  return {
    signatureValid: verdict.valid,
    signatureProblem: verdict.valid ? null : verdict.problem,
  };
}

function headerOf({ headers }: InboxVisit, name: string): string | undefined {
  return headers.find((header) => header.name === name)?.value;
}
