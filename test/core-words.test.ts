import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { eventually, startApp } from "./app.ts";
import { CreateWebhook, PublishEvent } from "./documents.ts";
import { makeFolder, startProcess, startReceiver } from "./process.ts";

test("the message of an input with a problem names the field", async () => {
  await using app = await startApp();
  const input = { name: "", url: "http://127.0.0.1:2/", eventTypes: ["*"] };
  const { createWebhook } = await app.run(CreateWebhook, { input });
  expect(createWebhook).toMatchObject({
    __typename: "InvalidInputError",
    message: "input.name must not be empty",
    path: ["input", "name"],
    issues: [{ path: ["input", "name"], message: "must not be empty" }],
  });
});

test("the message of a payload with a problem names the place in it", async () => {
  await using app = await startApp();
  const input = { type: "payment_received", payload: { payment_id: "x" } };
  const { publishEvent } = await app.run(PublishEvent, { input });
  if (publishEvent?.__typename !== "InvalidInputError") throw new Error("It was accepted");
  expect(publishEvent.path).toEqual(["input", "payload"]);
  expect(publishEvent.message).toMatch(/^input\.payload/);
});

test.each(["HOOKWIRE_ALLOW_TARGETS", "HOOKWIRE_DENY_TARGETS"])(
  "%s with an address that has bits behind its prefix is told so",
  (name) => {
    const read = () => readConfig({ [name]: "127.0.0.0/8,10.1.2.3/8" });
    expect(read).toThrow(new RegExp(`^${name} can't be read: .*10\\.1\\.2\\.3/8.*bits behind`));
    expect(read).toThrow(/^[^\n]+$/);
  },
);

test("a prefix that is too long is told so", () => {
  const read = () => readConfig({ HOOKWIRE_ALLOW_TARGETS: "127.0.0.0/33" });
  expect(read).toThrow(/127\.0\.0\.0\/33.*too long/);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s prints one line when the service has stopped, and not before",
  async (signal) => {
    using folder = makeFolder();
    await using receiver = await startReceiver();
    receiver.isHolding = true;
    await using service = await startProcess(folder.path);
    await service.makeWebhook({ url: `${receiver.url}/a` });
    await service.publish();
    await eventually(async () => receiver.held === 1);
    const ended = service.kill(signal);
    await eventually(() =>
      fetch(`${service.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    expect(service.stdout).not.toMatch(/stopped/i);
    receiver.letGo();
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.filter((line) => /stopped/i.test(line))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/Hookwire.*stopped/);
  },
);
