import { createClient } from "graphql-ws";
import type { App } from "./app.ts";
import { next } from "./watch-steps.ts";

/** Documents here are plain text: generated types know the main schema alone, and not a tenant's own types. */
export const TYPED = "/graphql/typed";
export const MAIN = "/graphql";

export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { message: string; extensions?: { code?: string } }[];
}

interface Asking {
  readonly path?: string;
  readonly key?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** An answer of the API, whatever it says. */
export async function answerTo(
  app: App,
  query: string,
  { path = TYPED, key = app.key, variables = {} }: Asking = {},
): Promise<Answer> {
  const response = await fetch(app.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

/** Its data; an error fails the test. */
export async function ask(
  app: App,
  query: string,
  asking?: Asking,
): Promise<Record<string, unknown>> {
  const { data, errors } = await answerTo(app, query, asking);
  if (errors || !data) throw new Error(JSON.stringify(errors));
  return data;
}

const REGISTER = `mutation ($input: RegisterEventTypesInput!) {
  registerEventTypes(input: $input) { __typename ... on UserError { message } }
}`;

/** One type of the tenant's own, with these properties. */
export async function register(
  app: App,
  name: string,
  properties: object,
  { key, sample = {}, ...options }: { key?: string; sample?: object; allowBreaking?: boolean } = {},
): Promise<void> {
  const words = { title: name, description: `Raised by ${name}.`, category: "Own" };
  const schema = { type: "object", properties };
  const types = [{ name, ...words, schema, samplePayload: sample }];
  const { registerEventTypes } = await ask(app, REGISTER, {
    ...(key !== undefined && { key }),
    path: MAIN,
    variables: { input: { types, ...options } },
  });
  const { __typename } = registerEventTypes as { __typename: string };
  if (__typename !== "RegisterEventTypesPayload")
    throw new Error(JSON.stringify(registerEventTypes));
}

const PUBLISH = `mutation ($input: PublishEventInput!) {
  publishEvent(input: $input) { __typename ... on PublishEventPayload { eventId } ... on UserError { message } }
}`;

/** The id of the new event. */
export async function publish(
  app: App,
  type: string,
  payload: unknown,
  key?: string,
): Promise<string> {
  const { publishEvent } = await ask(app, PUBLISH, {
    ...(key !== undefined && { key }),
    path: MAIN,
    variables: { input: { type, payload } },
  });
  const { eventId } = publishEvent as { eventId?: string };
  if (eventId === undefined) throw new Error(JSON.stringify(publishEvent));
  return eventId;
}

/** `Event.data` with this selection. */
export async function dataOf(
  app: App,
  id: string,
  selection: string,
  asking: Omit<Asking, "variables"> = {},
): Promise<unknown> {
  const query = `query ($id: ID!) { publishedEvent(by: { id: $id }) { data { ${selection} } } }`;
  const { publishedEvent } = await ask(app, query, { ...asking, variables: { id } });
  return (publishedEvent as { data: unknown }).data;
}

const updates = (selection: string) => `subscription {
  deliveryUpdates { __typename ... on DeliveryUpdate { delivery { event { data { ${selection} } } } } }
}`;

interface Told {
  readonly deliveryUpdates: {
    readonly __typename: string;
    readonly delivery?: { readonly event: { readonly data: unknown } };
  };
}

/** What a message tells of the event's data, past those that tell of none. */
async function nextData(messages: AsyncIterator<Told>): Promise<unknown> {
  for (;;) {
    const { deliveryUpdates } = await next(messages);
    if (deliveryUpdates.delivery) return deliveryUpdates.delivery.event.data;
  }
}

/** A stream of events' data that has caught up. */
export interface Watch extends AsyncDisposable {
  readonly next: () => Promise<unknown>;
}

async function begun(
  messages: AsyncIterator<Told>,
  end: () => void | Promise<void>,
): Promise<Watch> {
  const { deliveryUpdates } = await next(messages);
  if (deliveryUpdates.__typename !== "StreamCaughtUp") throw new Error("It tells of the past");
  return { next: () => nextData(messages), [Symbol.asyncDispose]: async () => end() };
}

export async function watchSocket(
  app: App,
  selection: string,
  { path = TYPED, key = app.key }: Omit<Asking, "variables"> = {},
): Promise<Watch> {
  const client = createClient({
    url: app.url.replace("http", "ws") + path,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
  });
  const results = client.iterate({ query: updates(selection) });
  async function* messages() {
    for await (const { data, errors } of results) {
      if (errors || !data) throw new Error(JSON.stringify(errors));
      yield data as unknown as Told;
    }
  }
  return begun(messages(), () => client.dispose());
}

export async function watchSse(app: App, selection: string): Promise<Watch> {
  const query = encodeURIComponent(updates(selection));
  const ending = new AbortController();
  const response = await fetch(`${app.url}${TYPED}?query=${query}`, {
    headers: { authorization: `Bearer ${app.key}`, accept: "text/event-stream" },
    signal: ending.signal,
  });
  async function* messages() {
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const data = /^event: next\ndata: (.*)$/ms.exec(block)?.[1];
        if (data) yield (JSON.parse(data) as { data: Told }).data;
      }
    }
  }
  return begun(messages(), () => ending.abort());
}
