import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { Webhook as StockVerifier } from "standardwebhooks";
import { expect, test } from "vitest";
import { eventually, startApp, type App } from "./app.ts";
import { CreateInbox, DeliveryUpdates } from "./documents.ts";
import type { CreateInboxInput } from "./generated/graphql.ts";
import { InboxById, InboxDelete, InboxNode, InboxUpdate } from "./inbox-documents.ts";
import { makeInbox, makeWebhook, publishSample } from "./steps.ts";
import { nextUpdates } from "./watch-steps.ts";
import { HandClock } from "./world.ts";

const post = (url: string, body: BodyInit = "x") => fetch(url, { method: "POST", body });

async function requestsOf(app: App, id: string) {
  const { inbox } = await app.run(InboxById, { id });
  return inbox?.requests?.nodes ?? [];
}

test("an inbox records method, path, headers and body as they came", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app);
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"]) {
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/a%20b/?q=1&q=2`, {
        method,
        headers: { "X-Own": ["one", "two"] },
      });
      request
        .on("response", (response) => resolve(response.resume().statusCode))
        .on("error", reject);
      request.end();
    });
    expect(answered).toBe(200);
    const [newest] = await requestsOf(app, id);
    expect(newest).toMatchObject({
      method,
      path: `/in/${id}/a%20b/?q=1&q=2`,
      inbox: { id },
      delivery: null,
    });
    expect(
      newest?.headers.filter(({ name }) => name === "x-own").map(({ value }) => value),
    ).toEqual(["one", "two"]);
    expect(newest?.body).toMatchObject({ bytes: 0, text: "", json: null, truncated: false });
    expect(newest).toMatchObject({ signatureValid: null, signatureProblem: null });
  }
});

test("a body is kept byte by byte: JSON, text, binary, and the first MiB of a larger one", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app);
  const newestBody = async () => (await requestsOf(app, id))[0]?.body;
  await fetch(url, {
    method: "POST",
    body: '{"ä": [1]}',
    headers: { "content-type": "application/json" },
  });
  expect(await newestBody()).toMatchObject({
    json: { ä: [1] },
    text: '{"ä": [1]}',
    contentType: "application/json",
  });
  const binary = Buffer.from([0, 255, 254, 10, 13, 0]);
  await post(url, binary);
  expect(await newestBody()).toEqual({
    base64: binary.toString("base64"),
    bytes: 6,
    text: null,
    json: null,
    truncated: false,
    contentType: null,
  });
  const exact = randomBytes(1024 * 1024);
  await post(url, exact);
  expect(await newestBody()).toMatchObject({ bytes: exact.length, truncated: false });
  const large = randomBytes(3 * 1024 * 1024 + 1);
  expect((await post(url, large)).status).toBe(200);
  const kept = await newestBody();
  expect(kept).toMatchObject({ bytes: 1024 * 1024, truncated: true });
  expect(Buffer.from(kept?.base64 ?? "", "base64").equals(large.subarray(0, 1024 * 1024))).toBe(
    true,
  );
});

test("an inbox answers the status it is told, also one without a body", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app, { responseStatus: 418, name: "  Teapot " });
  expect((await post(url)).status).toBe(418);
  for (const responseStatus of [200, 204, 205, 304, 410, 599]) {
    await app.run(InboxUpdate, { input: { inboxId: id, responseStatus } });
    expect((await post(url)).status).toBe(responseStatus);
  }
  expect((await app.run(InboxById, { id })).inbox).toMatchObject({
    name: "Teapot",
    responseStatus: 599,
  });
  const { updateInbox } = await app.run(InboxUpdate, {
    input: { inboxId: id, name: null, responseStatus: null },
  });
  expect(updateInbox).toMatchObject({ inbox: { name: null, responseStatus: 200 } });
});

test("an inbox answers after its delay and not before, and has recorded the request meanwhile", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id, url } = await makeInbox(app, { responseDelay: "PT30S" });
  let isAnswered = false;
  const answer = post(url).then((response) => ((isAnswered = true), response.status));
  await eventually(async () => (await requestsOf(app, id)).length === 1);
  clock.pass(29_999);
  await app.run(InboxById, { id });
  expect(isAnswered).toBe(false);
  await eventually(async () => (clock.pass(1), isAnswered));
  expect(await answer).toBe(200);
});

test("failNext fails exactly the next n, however many come at once", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app, { failNext: 3, responseStatus: 202 });
  const statuses = await Promise.all(
    Array.from({ length: 10 }, async () => (await post(url)).status),
  );
  expect(statuses.toSorted((a, b) => a - b)).toEqual([
    ...Array<number>(7).fill(202),
    503,
    503,
    503,
  ]);
  expect((await app.run(InboxById, { id })).inbox?.failNext).toBe(0);
  await app.run(InboxUpdate, { input: { inboxId: id, failNext: 1 } });
  expect([(await post(url)).status, (await post(url)).status]).toEqual([503, 202]);
});

test("a deleted inbox answers 404, and what it got is gone", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app);
  await post(url);
  const [request] = await requestsOf(app, id);
  expect((await app.run(InboxDelete, { input: { inboxId: id } })).deleteInbox).toMatchObject({
    deletedId: id,
  });
  expect((await post(url)).status).toBe(404);
  expect((await app.run(InboxNode, { id })).node).toBeNull();
  expect((await app.run(InboxNode, { id: request?.id ?? "" })).node).toBeNull();
  expect((await app.run(InboxDelete, { input: { inboxId: id } })).deleteInbox).toMatchObject({
    code: "NOT_FOUND",
  });
  const { updateInbox } = await app.run(InboxUpdate, { input: { inboxId: id, name: "x" } });
  expect(updateInbox).toMatchObject({ code: "NOT_FOUND" });
});

test("an inbox expires with what it got", async () => {
  const clock = new HandClock();
  await using app = await startApp({ circumstances: { clock } });
  const { id, url } = await makeInbox(app, { expiresIn: "PT1M" });
  const lasting = await makeInbox(app, { expiresIn: "P30D" });
  /** The status; a clock that stands still lets no delay end, not even none. */
  const visit = async () => {
    let status: number | undefined;
    void post(url).then((response) => (status = response.status));
    return eventually(async () => (clock.pass(0), status));
  };
  expect(await visit()).toBe(200);
  clock.pass(59_999);
  expect(await visit()).toBe(200);
  const [request] = await requestsOf(app, id);
  clock.pass(1);
  expect(await visit()).toBe(404);
  expect((await app.run(InboxById, { id })).inbox).toBeNull();
  const { node, inboxes } = await app.run(InboxNode, { id });
  expect([node, inboxes?.nodes.map((inbox) => inbox.id)]).toEqual([null, [lasting.id]]);
  await eventually(async () => {
    clock.pass(60_000);
    return (await app.run(InboxNode, { id: request?.id ?? "" })).node === null;
  });
});

test("an inbox keeps its last 500 requests; the oldest go first", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app);
  for (let count = 0; count < 520; count += 20)
    await Promise.all(Array.from({ length: 20 }, (_, index) => post(url, String(count + index))));
  const seen: string[] = [];
  for (let after: string | null | undefined; ;) {
    const { inbox } = await app.run(InboxById, { id, first: 100, after });
    expect(inbox?.requests?.totalCount).toEqual({ value: 500, exact: true });
    seen.push(...(inbox?.requests?.nodes ?? []).map(({ body }) => body.text ?? ""));
    if (!inbox?.requests?.pageInfo.hasNextPage) break;
    after = inbox.requests.pageInfo.endCursor;
  }
  expect(seen).toHaveLength(500);
  expect(new Set(seen).size).toBe(500);
  expect(seen.some((text) => Number(text) < 20)).toBe(false);
});

test("an inbox is a webhook's URL without HOOKWIRE_ALLOW_TARGETS, and knows the delivery and its signature", async () => {
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "" } });
  const { id, url } = await makeInbox(app);
  const { secret } = await makeWebhook(app, { url });
  const { eventId, streamCursor } = await publishSample(app);
  await nextUpdates(app.subscribe(DeliveryUpdates, { start: { after: streamCursor } }), 2);
  const [got] = await requestsOf(app, id);
  expect(got).toMatchObject({
    signatureValid: true,
    signatureProblem: null,
    delivery: { eventId },
  });
  const headers = Object.fromEntries((got?.headers ?? []).map(({ name, value }) => [name, value]));
  expect(() => new StockVerifier(secret).verify(got?.body.text ?? "", headers)).not.toThrow();
});

test("an inbox says why a signature is wrong: body, secret, age; and nothing without one", async () => {
  await using app = await startApp();
  const { id, url } = await makeInbox(app);
  const { secret } = await makeWebhook(app, { url });
  const send = async (signer: string, at: Date, body: string, sent = body) => {
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new StockVerifier(signer).sign("evt_1", at, body),
    };
    await fetch(url, { method: "POST", body: sent, headers });
    return (await requestsOf(app, id))[0];
  };
  const now = new Date();
  expect(await send(secret, now, "{}")).toMatchObject({
    signatureValid: true,
    signatureProblem: null,
  });
  const other = `whsec_${randomBytes(32).toString("base64")}`;
  expect(await send(other, now, "{}")).toMatchObject({
    signatureValid: false,
    signatureProblem: expect.stringContaining("another secret"),
  });
  expect(await send(secret, now, "{}", "{ }")).toMatchObject({
    signatureValid: false,
    signatureProblem: expect.stringContaining("body was changed"),
  });
  expect(await send(secret, new Date(now.getTime() - 3_600_000), "{}")).toMatchObject({
    signatureValid: false,
    signatureProblem: expect.stringMatching(/36\d\d seconds old/),
  });
  await post(url, "{}");
  expect((await requestsOf(app, id))[0]).toMatchObject({
    signatureValid: null,
    signatureProblem: null,
  });
});

test.each<[string, CreateInboxInput, string]>([
  ["a status below 200", { responseStatus: 199 }, "responseStatus"],
  ["a status above 599", { responseStatus: 600 }, "responseStatus"],
  ["a delay of more than a minute", { responseDelay: "PT61S" }, "responseDelay"],
  ["a delay that is none", { responseDelay: "soon" }, "responseDelay"],
  ["a negative failNext", { failNext: -1 }, "failNext"],
  ["a life of less than a minute", { expiresIn: "PT59S" }, "expiresIn"],
  ["a life of more than 30 days", { expiresIn: "P31D" }, "expiresIn"],
  ["a name that is too long", { name: "x".repeat(201) }, "name"],
])("%s is refused with its path", async (_what, input, field) => {
  await using app = await startApp();
  const { createInbox } = await app.run(CreateInbox, { input });
  expect(createInbox).toMatchObject({ code: "INVALID_INPUT", path: ["input", field] });
  if (field === "expiresIn") return;
  const { id } = await makeInbox(app);
  const { updateInbox } = await app.run(InboxUpdate, { input: { inboxId: id, ...input } });
  expect(updateInbox).toMatchObject({ code: "INVALID_INPUT", path: ["input", field] });
});
