import BetterSqlite from "better-sqlite3";
import type { App } from "./app.ts";
import type { UpdateWebhookInput, UpsertWebhookInput, WebhookRef } from "./generated/graphql.ts";
import { http, type Receiver } from "./receiver.ts";
import {
  WebhooksOne,
  WebhooksPause,
  WebhooksUpdate,
  WebhooksUpsert,
} from "./webhooks-documents.ts";

/** A member of a result union, by its name; any other answer fails the test. */
export function as<T extends { __typename: string }, N extends T["__typename"]>(
  result: T | null | undefined,
  name: N,
): Extract<T, { __typename: N }> {
  if (result?.__typename !== name)
    throw new Error(`${name} expected, not ${JSON.stringify(result)}`);
  return result as Extract<T, { __typename: N }>;
}

export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("Something is missing here");
  return value;
}

export async function readWebhook(app: App, by: WebhookRef) {
  return present((await app.run(WebhooksOne, { by })).webhook);
}

export async function updated(app: App, input: UpdateWebhookInput) {
  const { updateWebhook } = await app.run(WebhooksUpdate, { input });
  return present(as(updateWebhook, "UpdateWebhookPayload").webhook);
}

export async function upserted(app: App, input: UpsertWebhookInput) {
  const payload = as(
    (await app.run(WebhooksUpsert, { input })).upsertWebhook,
    "UpsertWebhookPayload",
  );
  return { ...present(payload.webhook), isNew: payload.isNew, secret: payload.secret };
}

export async function paused(app: App, webhook: WebhookRef, reason?: string) {
  const { pauseWebhook } = await app.run(WebhooksPause, { input: { webhook, reason } });
  return present(as(pauseWebhook, "PauseWebhookPayload").webhook);
}

export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A receiver on loopback that keeps what it got and answers 200. */
export async function collector(): Promise<
  Receiver & { readonly got: Received[]; next(): Promise<Received> }
> {
  const got: Received[] = [];
  const waiting: ((received: Received) => void)[] = [];
  const receiver = await http((request, response, body) => {
    const received = { headers: request.headers as Record<string, string>, body: body.toString() };
    response.end("ok");
    got.push(received);
    waiting.shift()?.(received);
  });
  return Object.assign(receiver, {
    got,
    /** The next one that comes. */
    next: () => new Promise<Received>((resolve) => waiting.push(resolve)),
  });
}

/** The SQL statements that the services of this process prepare from here on; `using` ends it. */
export function watchStatements(): { readonly seen: string[] } & Disposable {
  const seen: string[] = [];
  const prototype = BetterSqlite.prototype as { prepare: (sql: string) => unknown };
  const { prepare } = prototype;
  prototype.prepare = function (sql) {
    seen.push(sql);
    return prepare.call(this, sql);
  };
  return {
    seen,
    [Symbol.dispose]() {
      prototype.prepare = prepare;
    },
  };
}

/** Holds back every write of the service, as another program on its database would, until it is disposed of. */
export function holdWrites(app: App): Disposable {
  const other = new BetterSqlite(app.env["DATABASE_URL"]?.replace("sqlite:", ""));
  other.exec("begin immediate");
  return { [Symbol.dispose]: () => void other.close() };
}
