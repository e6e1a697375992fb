import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ADMIN_KEY, eventually, startApp, type App } from "./app.ts";
import { ORDER, registered } from "./catalog-steps.ts";
import { hookwire, start } from "./cli.ts";
import { InboxById } from "./inbox-documents.ts";
import { makeFolder, startProcess } from "./process.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { compile } from "./tsc.ts";

function types(folder: string, args: string, env: NodeJS.ProcessEnv = {}) {
  return hookwire(folder, `types ${args}`, { HOOKWIRE_API_KEY: ADMIN_KEY, ...env }).ended;
}

const RECEIVER = `
import { isEventType, type HookwireEvent, type OrderCreatedPayload } from "./events.ts";

/** The union is told apart by its type. */
export function told(event: HookwireEvent): string {
  switch (event.type) {
    case "order_created":
      return \`\${event.data.customer.email} owes \${event.data.total.toFixed(2)}\`;
    case "payment_received":
      return event.data.payment_total;
    default:
      return event.type;
  }
}

/** The guard takes whatever came. */
export function total(body: string): number | null {
  const event: unknown = JSON.parse(body);
  if (!isEventType(event, "order_created")) return null;
  const order: OrderCreatedPayload = event.data;
  return order.total;
}
`;

const WRONG = `
import { isEventType, type HookwireEvent } from "./events.ts";

export function wrong(event: HookwireEvent): unknown[] {
  const early: unknown = event.data.total;
  if (event.type !== "order_created") return [early, isEventType(event, "order_shipped")];
  const text: string = event.data.total;
  return [text, event.data.totl, event.data.status === "closed", event.data.lines.length];
}
`;

const RUN = `
import { readFileSync } from "node:fs";
import { told, total } from "./receiver.ts";
const body = readFileSync("body.json", "utf8");
console.log(JSON.stringify([told(JSON.parse(body)), total(body)]));
`;

/** The body that a receiver really got for the type's sample. */
async function delivered(app: App, type: string): Promise<string> {
  const { id, url } = await makeInbox(app);
  await makeWebhook(app, { url, eventTypes: [type] });
  await publishSample(app, { type });
  return eventually(async () => {
    const { inbox } = await app.run(InboxById, { id });
    return inbox?.requests?.nodes[0]?.body.text;
  });
}

test("hookwire types writes what a receiver compiles with, and the receiver reads what is delivered", async () => {
  await using app = await startApp();
  using folder = makeFolder();
  const old = { ...ORDER, name: "order_updated", deprecationReason: "Use order_created." };
  await registered(app, [ORDER, old, { ...ORDER, name: "order_shipped" }]);
  await registered(app, [ORDER, old], { prune: true });
  expect(await types(folder.path, `--url ${app.url} --out events.ts`)).toEqual({
    code: 0,
    signal: null,
    stdout: "Wrote 29 event types to events.ts.\n",
    stderr: "",
  });
  const events = readFileSync(join(folder.path, "events.ts"), "utf8");
  expect(events).toMatch(/@deprecated Use order_created\.\n.*OrderUpdatedPayload \{/s);
  expect(events).not.toMatch(/order_?shipped/i);
  const errors = await compile({ "events.ts": events, "receiver.ts": RECEIVER, "wrong.ts": WRONG });
  expect(errors.map((line) => line.replace(/: error (TS\d+): .*/, " $1"))).toEqual([
    "wrong.ts(5,37) TS2339",
    "wrong.ts(6,73) TS2345",
    "wrong.ts(7,9) TS2322",
    "wrong.ts(8,28) TS2551",
    "wrong.ts(8,34) TS2367",
    "wrong.ts(8,66) TS18048",
  ]);
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);
  write("package.json", '{ "type": "module" }');
  write("receiver.ts", RECEIVER);
  write("run.mjs", RUN);
  for (const [type, expected] of [
    ["order_created", ["a@example.com owes 12.50", 12.5]],
    ["payment_received", [expect.stringMatching(/\d/), null]],
  ] as const) {
    write("body.json", await delivered(app, type));
    const { stdout, stderr } = await start(folder.path, [process.execPath, "run.mjs"], {}).ended;
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(expected);
  }
});

test("without --out it prints the same; the address may come from the environment, or be that of the API", async () => {
  await using app = await startApp();
  using folder = makeFolder();
  const printed = await types(folder.path, "", { HOOKWIRE_URL: `${app.url}/` });
  expect(printed).toMatchObject({ code: 0, stderr: "" });
  expect(printed.stdout).toContain("export type HookwireEvent");
  const other = await types(folder.path, `--url ${app.url}/graphql`, {
    HOOKWIRE_URL: "http://[::]:1",
  });
  expect(other.stdout).toBe(printed.stdout);
});

test("a shell with the settings of hookwire types can start the service", async () => {
  using folder = makeFolder();
  const env = { HOOKWIRE_API_KEY: ADMIN_KEY, HOOKWIRE_URL: "http://127.0.0.1:4000" };
  await using service = await startProcess(folder.path, env);
  expect((await types(folder.path, `--url ${service.url}`)).code).toBe(0);
});

test("what goes wrong is told in one line, and the file that was there stays", async () => {
  await using app = await startApp();
  using folder = makeFolder();
  const file = join(folder.path, "events.ts");
  writeFileSync(file, "as it was");
  mkdirSync(join(folder.path, "taken"));
  const gone = await serve(200, "");
  await gone[Symbol.asyncDispose]();
  await using stranger = await serve(200, "<!doctype html>");
  await using api = await serve(200, '{"errors":[{"message":"Cannot query field \\"events\\"."}]}');
  await using moved = await serve(302, "", { location: `${app.url}/graphql` });
  const here = `--url ${app.url} --out`;
  const cases: [string, RegExp, NodeJS.ProcessEnv?][] = [
    [`--url ${gone.url} --out events.ts`, /\/graphql can't be reached \(ECONNREFUSED\)$/],
    [`${here} events.ts`, /does not know the key in HOOKWIRE_API_KEY$/, { HOOKWIRE_API_KEY: "x" }],
    [`${here} events.ts`, /: Set HOOKWIRE_API_KEY to an API key/, { HOOKWIRE_API_KEY: "" }],
    [`${here} events.ts`, /: HOOKWIRE_API_KEY is not an API key$/, { HOOKWIRE_API_KEY: "ключ" }],
    [`--url ${stranger.url} --out events.ts`, /\/graphql is not a Hookwire: it answered 200$/],
    [`--url ${moved.url} --out events.ts`, /\/graphql is not a Hookwire: it answered 302$/],
    [`--url ${api.url} --out events.ts`, /\/graphql refused: Cannot query field "events"\.$/],
    ["--url nonsense --out events.ts", /: nonsense is not an address; it should be like http:/],
    ["--url http://a:b@127.0.0.1:1 --out events.ts", /must be without a password/],
    [`${here} nowhere/events.ts`, /: nowhere\/events\.ts can't be written \(ENOENT\)$/],
    [`${here} taken`, /: taken can't be written \(EISDIR\)$/],
  ];
  for (const [args, message, env] of cases) {
    const { code, stdout, stderr } = await types(folder.path, args, env);
    expect({ code, stdout }, args).toEqual({ code: 1, stdout: "" });
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr).toMatch(/^hookwire types: .*\n$/);
  }
  expect(readFileSync(file, "utf8")).toBe("as it was");
  expect(await types(folder.path, "--key secret")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Unknown option '--key'.*\n\nUsage: hookwire types /s),
  });
});

/** Whatever else may be at an address. */
async function serve(status: number, body: string, headers: Record<string, string> = {}) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
