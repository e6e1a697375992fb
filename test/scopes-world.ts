import { SCOPES } from "../src/domain/rights.ts";
import { startApp, type App } from "./app.ts";
import type { Scope } from "./generated/graphql.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

export interface Answer {
  readonly data: Record<string, unknown>;
  readonly errors?: { path?: unknown[]; extensions: { code: string; requiredScopes?: Scope[] } }[];
}

/** Something of everything, and for each scope a key that has all but this one. */
export class ScopesWorld {
  readonly app: App;
  readonly ids: Readonly<Record<"webhook" | "event" | "delivery" | "inbox", string>>;
  readonly #keys: ReadonlyMap<Scope, string>;

  constructor(app: App, ids: ScopesWorld["ids"], keys: ReadonlyMap<Scope, string>) {
    this.app = app;
    this.ids = ids;
    this.#keys = keys;
  }

  keyWithout(scope: Scope): string {
    return this.#keys.get(scope)!;
  }

  ask(without: Scope, query: string, variables: object = {}): Promise<Answer> {
    return withKey(this.app, this.keyWithout(without), async () => {
      const response = await this.app.post({ query, variables });
      return (await response.json()) as Answer;
    });
  }
}

export async function startScopesWorld(): Promise<ScopesWorld> {
  const app = await startApp();
  const keys = new Map<Scope, string>();
  for (const scope of SCOPES) {
    const { secret } = await makeKey(app, { scopes: SCOPES.filter((one) => one !== scope) });
    keys.set(scope, secret);
  }
  const webhook = await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
  const { eventId: event } = await publishSample(app);
  const inbox = await makeInbox(app);
  const response = await app.post({ query: "{ deliveries { nodes { id } } }" });
  const { data } = (await response.json()) as {
    data: { deliveries: { nodes: { id: string }[] } };
  };
  const delivery = data.deliveries.nodes[0]!.id;
  return new ScopesWorld(app, { webhook: webhook.id, event, delivery, inbox: inbox.id }, keys);
}
