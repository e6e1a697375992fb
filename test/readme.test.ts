import { readFileSync } from "node:fs";
import { OperationTypeNode } from "graphql";
import { expect, test } from "vitest";
import { SETTINGS } from "../src/config.ts";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { Notes, run, stepsOf } from "./doc-steps.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const steps = stepsOf(readme);

/** What the watching tab shows until `count` attempts have ended. */
async function watch(
  app: App,
  query: string,
  count: number,
  isOpen: () => void,
): Promise<string[]> {
  const shown: string[] = [];
  for await (const { data } of app
    .client()
    .iterate<{ deliveryUpdates: Record<string, unknown> }>({ query })) {
    const update = data!.deliveryUpdates;
    if (update.__typename === "StreamCaughtUp") isOpen();
    if (update.change === "ATTEMPTED") shown.push(String(update.status));
    if (shown.length === count) break;
  }
  return shown;
}

test("the first ten minutes of the README run as they stand", async () => {
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "" } });
  const notes = new Notes();
  let watching: Promise<string[]> | undefined;
  const ran: string[] = [];
  for (const step of steps) {
    const { name, kind, query } = step;
    ran.push(name);
    if (kind === OperationTypeNode.SUBSCRIPTION) {
      // The test, two failures, then the redelivery.
      const opened = Promise.withResolvers<void>();
      watching = watch(app, query, 3, opened.resolve);
      await opened.promise;
      continue;
    }
    const text = JSON.stringify(await run(app, step, notes));
    if (name === "Look") expect(text).toContain('"signatureValid":true');
    if (name === "Test") expect(text).toContain('"succeeded":true');
  }
  expect(ran).toEqual(
    "Catalog MakeInbox MakeWebhook Preview Watch Test Look Break Publish Where Mend Redeliver CreateKey".split(
      " ",
    ),
  );
  expect(await watching).toEqual(["SUCCEEDED", "RETRYING", "SUCCEEDED"]);
});

test("the table of settings says what the code says", () => {
  const rows = Object.entries(SETTINGS).map(
    ([name, { default: value, help }]) => `| \`${name}\` | ${value && `\`${value}\``} | ${help} |`,
  );
  const table = ["| setting | default | meaning |", "|---|---|---|", ...rows].join("\n");
  expect(readme).toContain(`<!-- settings -->\n\n${table}\n\n<!-- /settings -->`);
});

/** The `curl` examples, each as what it asks. */
const calls = [...readme.matchAll(/^(curl [^`]*)```/gm)].map(([, command = ""]) => ({
  path: /http:\/\/127\.0\.0\.1:4000(\/\S+)/.exec(command)?.[1] ?? "",
  body: /-d '([^']+)'/.exec(command)?.[1] ?? "",
  headers: Object.fromEntries(
    [...command.matchAll(/-H "([\w-]+): ([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value.replace("$HOOKWIRE_ADMIN_KEY", ADMIN_KEY),
    ]),
  ),
}));

test("the curl examples are answered as they stand", async () => {
  await using app = await startApp();
  await makeWebhook(app, { url: (await makeInbox(app)).url, name: "Shop" });
  await publishSample(app);
  const told: string[] = [];
  for (const { path, body, headers } of calls) {
    const response = await fetch(`${app.url}${path}`, { method: "POST", body, headers });
    const isStream = headers["accept"] === "text/event-stream";
    told.push(isStream ? await firstEvent(response) : await response.text());
  }
  expect(told[0]).toMatch(/^\{"data":\{"webhooks":\{"nodes":\[\{"name":"Shop","state":"ACTIVE"/);
  expect(told[1]).toMatch(/"deliveryUpdates":\{.*"change":"CREATED"/);
  expect(told).toHaveLength(2);
});

/** What an event stream tells first. */
async function firstEvent(response: Response): Promise<string> {
  let text = "";
  if (response.body)
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (/^data: .+\n/m.test(text)) break;
    }
  return text;
}
