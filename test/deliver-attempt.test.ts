import { expect, test } from "vitest";
import { startApp, type App } from "./app.ts";
import { holdingReceiver, onlyDelivery, settled } from "./deliver-receiver.ts";
import { graphql } from "./generated/gql.ts";
import { refusedUrl } from "./receiver.ts";
import { makeWebhook, publishSample, sample } from "./steps.ts";

const DeliverAttempt = graphql(`
  query DeliverAttempt($id: ID!) {
    delivery(id: $id) {
      lastAttempt {
        id
      }
      attempts {
        nodes {
          id
          number
          trigger
          outcome
          message
          startedAt
          durationMs
          url
          remoteAddress
          timings {
            dnsMs
            connectMs
            tlsMs
            firstByteMs
            downloadMs
          }
          requestHeaders {
            name
            value
          }
          requestBody {
            text
            bytes
            contentType
            truncated
          }
          responseStatus
          responseHeaders {
            name
            value
          }
          responseBody {
            ...WholeBody
          }
        }
      }
    }
  }
`);

async function attemptsOf(app: App, id: string) {
  const { delivery } = await app.run(DeliverAttempt, { id });
  const attempts = delivery?.attempts?.nodes ?? [];
  expect(delivery?.lastAttempt?.id).toBe(attempts.at(-1)?.id);
  return attempts;
}

async function answeredBy(
  app: App,
  answer: (url: Awaited<ReturnType<typeof holdingReceiver>>) => void,
  index: number,
  receiver: Awaited<ReturnType<typeof holdingReceiver>>,
) {
  const { eventId } = await publishSample(app);
  await receiver.request(index);
  answer(receiver);
  const id = await onlyDelivery(app, eventId);
  await settled(app, id, "SUCCEEDED", "FAILED");
  const [attempt] = await attemptsOf(app, id);
  if (!attempt) throw new Error("No attempt");
  return attempt;
}

test("an attempt shows what was sent and what came back, with secrets and cookies redacted", async () => {
  await using app = await startApp();
  await using receiver = await holdingReceiver();
  const { secret } = await makeWebhook(app, {
    url: `${receiver.url}?token=1`,
    headers: [
      { name: "X-Plain", value: "seen", isSecret: false },
      { name: "Authorization", value: "Bearer hidden-value", isSecret: true },
    ],
  });
  const { eventId } = await publishSample(app);
  const arrived = await receiver.request(1);
  arrived.verify(secret);
  expect(() => arrived.verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).toThrow();
  expect(arrived.headers).toMatchObject({
    "content-type": "application/json",
    "user-agent": expect.stringMatching(/^Hookwire\/\d/),
    "webhook-id": eventId,
    "hookwire-event-type": "payment_received",
    "hookwire-attempt": "1",
    "x-plain": "seen",
    authorization: "Bearer hidden-value",
  });
  expect(arrived.headers).not.toHaveProperty("hookwire-test");
  expect(arrived.json).toEqual({
    id: eventId,
    type: "payment_received",
    timestamp: expect.any(String),
    data: await sample(app, "payment_received"),
  });
  arrived.answer(201, {
    headers: {
      "content-type": "application/json; charset=utf-8",
      "set-cookie": ["a=secret-cookie", "b=2"],
      "x-trace": "42",
    },
    body: '{"ok":true}',
  });
  const id = await onlyDelivery(app, eventId);
  await settled(app, id, "SUCCEEDED");
  const [attempt] = await attemptsOf(app, id);
  expect(attempt).toMatchObject({
    number: 1,
    trigger: "AUTOMATIC",
    outcome: "SUCCEEDED",
    message: expect.stringContaining("201"),
    url: `${receiver.url}?token=1`,
    remoteAddress: "127.0.0.1",
    responseStatus: 201,
    requestBody: {
      text: arrived.body.toString(),
      bytes: arrived.body.length,
      contentType: "application/json",
      truncated: false,
    },
    responseBody: {
      text: '{"ok":true}',
      bytes: 11,
      truncated: false,
      json: { ok: true },
      contentType: "application/json; charset=utf-8",
    },
  });
  const sent = new Map(attempt?.requestHeaders.map(({ name, value }) => [name, value]));
  expect(sent.get("authorization")).toBe("[redacted]");
  expect(sent.get("x-plain")).toBe("seen");
  expect(sent.get("webhook-signature")).toBe(arrived.headers["webhook-signature"]);
  const received = attempt?.responseHeaders ?? [];
  expect(received.filter(({ name }) => name === "set-cookie").map(({ value }) => value)).toEqual([
    "[redacted]",
    "[redacted]",
  ]);
  expect(received).toContainEqual({ name: "x-trace", value: "42" });
  expect(attempt?.timings).toMatchObject({
    dnsMs: null,
    tlsMs: null,
    firstByteMs: expect.any(Number),
    downloadMs: expect.any(Number),
  });
  expect(attempt?.timings?.firstByteMs).toBeLessThanOrEqual(attempt?.durationMs ?? 0);
  expect(JSON.stringify([attempt, app.log])).not.toMatch(/hidden-value|secret-cookie/);
});

test("16 KiB of an answer are kept, in whatever bytes it comes", async () => {
  await using app = await startApp({ env: { HOOKWIRE_RETRY_DELAYS: "" } });
  await using receiver = await holdingReceiver();
  await makeWebhook(app, { url: receiver.url, retryDelays: [] });
  const exact = await answeredBy(
    app,
    ({ all }) => all[0]?.answer(200, { body: "x".repeat(16_384) }),
    1,
    receiver,
  );
  expect(exact.responseBody).toMatchObject({
    bytes: 16_384,
    truncated: false,
    text: "x".repeat(16_384),
  });
  const more = await answeredBy(
    app,
    ({ all }) => all[1]?.answer(500, { body: "y".repeat(5_000_000) }),
    2,
    receiver,
  );
  expect(more).toMatchObject({
    outcome: "HTTP_STATUS",
    responseBody: { bytes: 16_384, truncated: true, text: "y".repeat(16_384) },
  });
  const bytes = Buffer.from([0, 255, 254, 128, 10]);
  const binary = await answeredBy(
    app,
    ({ all }) => all[2]?.answer(200, { body: bytes }),
    3,
    receiver,
  );
  expect(binary.responseBody).toMatchObject({
    text: null,
    json: null,
    base64: bytes.toString("base64"),
    bytes: 5,
  });
  const empty = await answeredBy(app, ({ all }) => all[3]?.answer(204), 4, receiver);
  expect(empty).toMatchObject({
    responseStatus: 204,
    responseBody: { bytes: 0, text: "", truncated: false },
  });
});

test("an attempt without an answer says what was in the way, and shows the request all the same", async () => {
  await using app = await startApp();
  const cases = [
    [await refusedUrl(), "CONNECT", "refused the connection"],
    ["http://no-such-host.invalid/", "DNS", "no-such-host.invalid"],
  ] as const;
  for (const [url, outcome, message] of cases) {
    const webhook = await makeWebhook(app, {
      url,
      retryDelays: [],
      eventTypes: [outcome === "DNS" ? "payment_created" : "payment_received"],
    });
    const { eventId } = await publishSample(app, {
      type: outcome === "DNS" ? "payment_created" : "payment_received",
    });
    const id = await onlyDelivery(app, eventId);
    await settled(app, id, "FAILED");
    const [attempt] = await attemptsOf(app, id);
    expect(attempt).toMatchObject({
      outcome,
      message: expect.stringContaining(message),
      url: webhook.url,
      responseStatus: null,
      responseBody: null,
      responseHeaders: [],
    });
    expect(attempt?.requestHeaders.map(({ name }) => name)).toContain("webhook-signature");
  }
});

test("an attempt that begins after a change of the webhook uses its new address, format stays as published", async () => {
  await using app = await startApp({
    env: { HOOKWIRE_RETRY_DELAYS: "PT0.2S,PT0.2S,PT0.2S,PT0.2S" },
  });
  await using receiver = await holdingReceiver();
  await using moved = await holdingReceiver();
  receiver.answerAll({ status: 500 });
  moved.answerAll({ status: 200 });
  const { id } = await makeWebhook(app, { url: receiver.url, eventTypes: ["payment_received"] });
  const { eventId } = await publishSample(app);
  const first = await receiver.request(1);
  const update = `mutation { updateWebhook(input: { webhook: { id: "${id}" }, url: "${moved.url}", format: FLAT }) { __typename } }`;
  expect(await (await app.post({ query: update })).text()).toContain("UpdateWebhookPayload");
  const second = await moved.request(1);
  expect(second.body.equals(first.body)).toBe(true);
  const delivery = await settled(app, await onlyDelivery(app, eventId), "SUCCEEDED");
  const attempts = await attemptsOf(app, delivery.id);
  expect(attempts.at(0)?.url).toBe(receiver.url);
  expect(attempts.at(-1)?.url).toBe(moved.url);
});
