import { readFileSync } from "node:fs";
import { parse, OperationTypeNode, type OperationDefinitionNode } from "graphql";
import { expect, test } from "vitest";
import { SETTINGS } from "../src/config.ts";
import { ADMIN_KEY, startApp, type App } from "./app.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

interface Step {
  readonly name: string;
  readonly kind: OperationTypeNode;
  readonly query: string;
  /** As the reader pastes them, with … for what an earlier answer showed. */
  readonly variables: string;
}

/** The documents in their order, each with the variables that follow it. */
const steps: Step[] = [...readme.matchAll(/```graphql\n(.*?)```(?:\n\n```json\n(.*?)```)?/gs)].map(
  ([, query = "", variables = "{}"]) => {
    const [definition] = parse(query).definitions as OperationDefinitionNode[];
    return { name: definition!.name!.value, kind: definition!.operation, query, variables };
  },
);

/** Fills in what the reader noted. */
function filled(variables: string, noted: Readonly<Record<string, string>>): unknown {
  const text = variables
    .replaceAll(/http:[^"]*…/g, noted.url ?? "")
    .replaceAll("inb_…", noted.inbox ?? "")
    .replaceAll("dlv_…", noted.delivery ?? "");
  expect(text).not.toContain("…");
  return JSON.parse(text);
}

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
  const noted: Record<string, string> = {};
  let watching: Promise<string[]> | undefined;
  const ran: string[] = [];
  for (const { name, kind, query, variables } of steps) {
    ran.push(name);
    if (kind === OperationTypeNode.SUBSCRIPTION) {
      // The test, two failures, then the redelivery.
      const opened = Promise.withResolvers<void>();
      watching = watch(app, query, 3, opened.resolve);
      await opened.promise;
      continue;
    }
    const response = await app.post({ query, variables: filled(variables, noted) });
    const { data, errors } = (await response.json()) as {
      data: Record<string, never>;
      errors?: unknown;
    };
    expect(errors, name).toBeUndefined();
    // A refusal has a message at the top of its answer, and a payload never does.
    for (const answer of Object.values(data)) expect(answer, name).not.toHaveProperty("message");
    const text = JSON.stringify(data);
    noted.url ||= /http:[^"]*\/in\/[^"]*/.exec(text)?.[0] ?? "";
    noted.inbox ||= /inb_\w+/.exec(text)?.[0] ?? "";
    noted.delivery = /dlv_\w+/.exec(text)?.[0] ?? noted.delivery ?? "";
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
