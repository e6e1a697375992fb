import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { BareSocket } from "./bare-socket.ts";
import { makeKey, withKey } from "./keys-steps.ts";
import { makeToken } from "./tokens-steps.ts";

const QUERY = "query Names { events { name } }";
const STREAM = "subscription Follow { deliveryUpdates { __typename } }";
const MUTATION = "mutation Make { createInbox { __typename } }";
const OTHER = "{ viewer { keyName } }";

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
/** With and without the prefix: tools write either. */
const FILE = {
  [`sha256:${hashOf(QUERY)}`]: QUERY,
  [hashOf(STREAM)]: STREAM,
  [hashOf(MUTATION)]: MUTATION,
};

interface Told {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

/** A service that runs only the documents of the file; `key` is one of no operator. */
async function startBound(documents: object = FILE) {
  const folder = mkdtempSync(join(tmpdir(), "hookwire-documents-"));
  const path = join(folder, "persisted.json");
  writeFileSync(path, JSON.stringify(documents));
  const app = await startApp({ env: { HOOKWIRE_DOCUMENTS: path } }).finally(() =>
    rmSync(folder, { recursive: true }),
  );
  return { app, key: (await makeKey(app)).secret };
}

/** The ways to ask, each with what it is told first. */
const WAYS = {
  async HTTP(app: App, key: string, body: object): Promise<Told> {
    return (await (await withKey(app, key, () => app.post(body))).json()) as Told;
  },
  async "server-sent events"(app: App, key: string, body: object): Promise<Told> {
    const response = await withKey(app, key, () => app.post(body, { accept: "text/event-stream" }));
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const told = /^(?:data: )?(\{.*\})$/m.exec((text += chunk))?.[1];
      if (told !== undefined) return JSON.parse(told) as Told;
    }
    throw new Error(`Nothing was told: ${text}`);
  },
  async "a socket"(app: App, key: string, body: object): Promise<Told> {
    using line = new BareSocket(app);
    expect(await line.greet(key)).toBe("connection_ack");
    const { type, payload } = await line.ask({ query: "", ...body });
    const after = await line.ask({ query: QUERY });
    expect(after.type).toBe("next");
    return type === "error" ? { errors: payload as Told["errors"] } : (payload as Told);
  },
};

describe.each(Object.entries(WAYS))("over %s", (_way, ask) => {
  test("a document of the file runs by its id, as any client sends it, and by its own text", async () => {
    const { app, key } = await startBound();
    await using _ = app;
    const id = hashOf(QUERY);
    for (const body of [
      { documentId: id },
      { documentId: `sha256:${id}` },
      { extensions: { persistedQuery: { version: 1, sha256Hash: id } } },
      { query: QUERY },
    ])
      expect(await ask(app, key, body), JSON.stringify(body)).toHaveProperty("data.events.0.name");
  });

  test.each([
    [{ query: OTHER }, "PERSISTED_DOCUMENT_REQUIRED"],
    [{ query: `${QUERY} ` }, "PERSISTED_DOCUMENT_REQUIRED"],
    [{ query: OTHER, documentId: hashOf(QUERY) }, "PERSISTED_DOCUMENT_REQUIRED"],
    [{ query: "" }, "PERSISTED_DOCUMENT_REQUIRED"],
    [{ documentId: hashOf(OTHER) }, "PERSISTED_DOCUMENT_NOT_FOUND"],
    [{ documentId: "__proto__" }, "PERSISTED_DOCUMENT_NOT_FOUND"],
    [{ documentId: 5 }, "PERSISTED_DOCUMENT_REQUIRED"],
    [
      { extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(OTHER) } } },
      "PERSISTED_DOCUMENT_NOT_FOUND",
    ],
  ])("%j is refused with %s", async (body, code) => {
    const { app, key } = await startBound();
    await using _ = app;
    const told = await ask(app, key, body);
    expect(told).toMatchObject({ errors: [{ extensions: { code } }] });
    expect(told).not.toHaveProperty("data");
    expect(told.errors![0]!.extensions).not.toHaveProperty("http");
  });

  test("a token is bound too, whoever made it; the operator's key is not", async () => {
    const { app } = await startBound();
    await using _ = app;
    const token = await makeToken(app);
    expect(await ask(app, token, { query: OTHER })).toMatchObject({
      errors: [{ extensions: { code: "PERSISTED_DOCUMENT_REQUIRED" } }],
    });
    expect(await ask(app, token, { documentId: hashOf(QUERY) })).toHaveProperty("data.events");
    expect(await ask(app, ADMIN_KEY, { query: OTHER })).toHaveProperty("data.viewer");
    expect(await ask(app, ADMIN_KEY, { documentId: hashOf(QUERY) })).toHaveProperty("data.events");
  });
});

test.each(["server-sent events", "a socket"] as const)(
  "a stream runs by its id over %s",
  async (way) => {
    const { app, key } = await startBound();
    await using _ = app;
    expect(await WAYS[way](app, key, { documentId: `sha256:${hashOf(STREAM)}` })).toEqual({
      data: { deliveryUpdates: { __typename: "StreamCaughtUp" } },
    });
  },
);

test("by GET a query runs by its hash, and a mutation does not", async () => {
  const { app, key } = await startBound();
  await using _ = app;
  const get = (text: string) => {
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } });
    const headers = { authorization: `Bearer ${key}` };
    return fetch(`${app.url}/graphql?${new URLSearchParams({ extensions })}`, { headers });
  };
  expect(await (await get(QUERY)).json()).toHaveProperty("data.events");
  expect((await get(MUTATION)).status).toBe(405);
  expect((await get(OTHER)).status).toBe(400);
});

test("limits hold for documents of the file too", async () => {
  const deep = `{ ${"viewer { tenant { ".repeat(10)} id ${"} }".repeat(10)} }`;
  const { app, key } = await startBound({ deep });
  await using _ = app;
  expect(await WAYS.HTTP(app, key, { documentId: "deep" })).toMatchObject({
    errors: [{ extensions: { code: "LIMIT_REACHED", setting: "HOOKWIRE_LIMIT_DEPTH" } }],
  });
});

test("without a file nothing runs by an id", async () => {
  await using app = await startApp();
  expect((await app.post({ documentId: hashOf(QUERY) })).status).toBe(400);
});
