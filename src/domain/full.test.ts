import { expect, test } from "vitest";
import { BUILT_IN_CATALOG } from "./catalog/catalog.ts";
import { createIds } from "./id.ts";
import { createInbox } from "./inbox-commands.ts";
import { INBOXES_MAX } from "./inbox.ts";
import type { Work } from "./store.ts";
import type { Tools } from "./tools.ts";
import { createVault } from "./vault.ts";
import { createWebhook, upsertWebhook, WEBHOOKS_MAX } from "./webhook-commands.ts";

const WEBHOOK = {
  key: null,
  name: "One more",
  url: "https://example.com/",
  eventTypes: ["*"],
  description: null,
  integration: "manual",
  format: "ENVELOPE",
  filter: null,
  keepFiltered: false,
  select: [],
  headers: [],
  signature: "HMAC_SHA256",
  retryDelays: null,
  timeout: null,
  maxInFlight: null,
  rateLimitPerSecond: null,
  secret: null,
  paused: false,
} as const;
const INBOX = {
  name: null,
  expiresIn: "P1D",
  responseStatus: 200,
  responseDelay: "PT0S",
  failNext: 0,
};

/** A tenant that has this many webhooks and inboxes; what a command adds to it. */
function tenantWith(count: number) {
  const added: unknown[] = [];
  const told: string[] = [];
  const work: Partial<Work> = {
    findWebhook: async () => null,
    countWebhooks: async () => count,
    countInboxes: async () => count,
    add: (entity) => void added.push(entity.constructor.name),
  };
  const store = {
    catalog: () => BUILT_IN_CATALOG,
    change: <T>(_tenantId: string, decide: (work: Work) => Promise<T>) => decide(work as Work),
  };
  const tools = {
    store,
    announce: ({ type }: { type: string }) => void told.push(type),
    clock: { now: () => new Date(0) },
    newId: createIds(() => new Date(0)),
    randomBytes: (bytes: number) => new Uint8Array(bytes),
    vault: createVault(Buffer.alloc(32)),
    checkUrl: (url: string) => url,
  } as unknown as Tools;
  return { tools, added, told };
}

const COMMANDS = [
  [
    "createWebhook",
    WEBHOOKS_MAX,
    "WEBHOOKS_FULL",
    (tools: Tools) => createWebhook("ten_1", WEBHOOK, tools),
  ],
  [
    "upsertWebhook",
    WEBHOOKS_MAX,
    "WEBHOOKS_FULL",
    (tools: Tools) => upsertWebhook("ten_1", "shop", WEBHOOK, tools),
  ],
  [
    "createInbox",
    INBOXES_MAX,
    "INBOXES_FULL",
    (tools: Tools) => createInbox("ten_1", INBOX, tools),
  ],
] as const;

test.each(COMMANDS)(
  "%s makes the %dth, and refuses the one after it",
  async (_name, most, reason, make) => {
    const nearly = tenantWith(most - 1);
    await make(nearly.tools);
    expect(nearly.added.length).toBeGreaterThan(0);
    expect(nearly.told).toHaveLength(1);
    const full = tenantWith(most);
    await expect(make(full.tools)).rejects.toMatchObject({
      reason,
      code: "LIMIT_REACHED",
      details: { limit: most },
    });
    expect(full).toMatchObject({ added: [], told: [] });
  },
);

test("the limits are 10,000 webhooks and 1,000 inboxes", () => {
  expect([WEBHOOKS_MAX, INBOXES_MAX]).toEqual([10_000, 1_000]);
});
