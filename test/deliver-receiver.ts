import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { eventually, type App } from "./app.ts";
import { DeliverEvent, DeliverTest, DeliverWebhook } from "./deliver-documents.ts";
import { DeliveryById } from "./documents.ts";
import type { TestEventInput } from "./generated/graphql.ts";
import { http, type Receiver } from "./receiver.ts";
import { publishSample } from "./steps.ts";

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/** A request that a receiver holds until the test answers it. */
export class Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly #answer: (answer: Answer) => void;

  constructor(headers: IncomingHttpHeaders, body: Buffer, answer: (answer: Answer) => void) {
    this.headers = headers;
    this.body = body;
    this.#answer = answer;
  }

  get delivery(): string {
    return String(this.headers["hookwire-delivery"]);
  }

  get json(): { id: string; type: string; timestamp: string; data: Record<string, unknown> } {
    return JSON.parse(this.body.toString()) as this["json"];
  }

  answer(status: number, rest: Omit<Answer, "status"> = {}): void {
    this.#answer({ status, ...rest });
  }

  /** As a receiver with the stock library checks it; throws when the signature is wrong. */
  verify(secret: string): void {
    new Webhook(secret).verify(this.body, this.headers as Record<string, string>);
  }
}

/** A receiver on loopback that answers when the test says so, or at once by `answerAll`. */
export class HeldReceiver implements AsyncDisposable {
  readonly all: Arrived[] = [];
  /** Held at this moment, and the most that ever were. */
  inFlight = 0;
  most = 0;
  #receiver!: Receiver;
  #atOnce: ((arrived: Arrived) => Answer | undefined) | undefined;

  async listen(): Promise<this> {
    this.#receiver = await http((request, response, body) =>
      this.#take(request.headers, response, body),
    );
    return this;
  }

  get url(): string {
    return this.#receiver.url;
  }

  /** From now on every request is answered at once; undefined holds one. */
  answerAll(answer: Answer | ((arrived: Arrived) => Answer | undefined)): void {
    this.#atOnce = typeof answer === "function" ? answer : () => answer;
  }

  /** Holds again, as if nothing had come so far. */
  forget(): void {
    this.#atOnce = undefined;
    this.all.length = 0;
    this.most = 0;
  }

  /** The nth request, from 1; waits until it comes. */
  request(count: number): Promise<Arrived> {
    return eventually(async () => this.all[count - 1]);
  }

  #take(headers: IncomingHttpHeaders, response: ServerResponse, body: Buffer): void {
    this.most = Math.max(this.most, ++this.inFlight);
    let isHeld = true;
    const end = () => {
      if (isHeld) this.inFlight--;
      isHeld = false;
    };
    response.on("close", end);
    const arrived = new Arrived(headers, body, ({ status, headers: sent, body: content }) => {
      end();
      response.writeHead(status, sent).end(content);
    });
    this.all.push(arrived);
    const answer = this.#atOnce?.(arrived);
    if (answer) arrived.answer(answer.status, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
  }
}

export function holdingReceiver(): Promise<HeldReceiver> {
  return new HeldReceiver().listen();
}

/** Successes that bring a webhook from one attempt in flight to its full limit; then the receiver holds. */
export async function warmUp(
  app: App,
  receiver: HeldReceiver,
  type = "payment_received",
): Promise<void> {
  receiver.answerAll({ status: 200 });
  for (let successes = 0; successes < 4; successes++) {
    const { eventId } = await publishSample(app, { type });
    await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
  }
  receiver.forget();
}

/** A delivery as the API shows it. */
export async function deliveryOf(app: App, id: string) {
  const { delivery } = await app.run(DeliveryById, { id });
  if (!delivery) throw new Error(`No delivery ${id}`);
  return { ...delivery, attempts: delivery.attempts?.nodes ?? [] };
}

/** The ids of an event's deliveries. */
export async function deliveriesOf(app: App, eventId: string): Promise<string[]> {
  const { publishedEvent } = await app.run(DeliverEvent, { by: { id: eventId } });
  return publishedEvent?.deliveries?.nodes.map(({ id }) => id) ?? [];
}

/** The one delivery of an event. */
export async function onlyDelivery(app: App, eventId: string): Promise<string> {
  const [id, ...others] = await deliveriesOf(app, eventId);
  if (id === undefined || others.length > 0) throw new Error(`${eventId} has not one delivery`);
  return id;
}

export async function webhookOf(app: App, id: string) {
  const { webhook } = await app.run(DeliverWebhook, { id });
  if (!webhook) throw new Error(`No webhook ${id}`);
  return webhook;
}

/** The delivery once it stands there. */
export function settled(app: App, id: string, ...statuses: string[]) {
  return eventually(async () => {
    const delivery = await deliveryOf(app, id);
    return statuses.includes(delivery.status) && delivery;
  });
}

/** What testWebhook answers. */
export async function askTest(app: App, id: string, event?: TestEventInput, wait = "PT20S") {
  const { testWebhook } = await app.run(DeliverTest, { input: { webhook: { id }, event, wait } });
  if (!testWebhook) throw new Error("No answer");
  return testWebhook;
}

/** A test that was run. */
export async function runTest(app: App, id: string, event?: TestEventInput, wait?: string) {
  const answer = await askTest(app, id, event, wait);
  if (answer.__typename !== "TestWebhookPayload" || !answer.delivery)
    throw new Error(JSON.stringify(answer));
  return { ...answer, delivery: answer.delivery };
}
