import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { ADMIN_KEY, eventually, startApp, type App } from "./app.ts";
import { BareSocket } from "./bare-socket.ts";
import { DeliveryUpdates } from "./documents.ts";
import { makeWebhook, publishSample } from "./steps.ts";
import { next, nextUpdates } from "./watch-steps.ts";

const HEAD = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\ncontent-type: application/json\r\n`;

/** A bare connection, what it was answered, and whether it is over. */
class Line implements Disposable {
  readonly socket: Socket;
  told = "";
  isOver = false;

  constructor(app: App) {
    this.socket = connect(Number(new URL(app.url).port), "127.0.0.1");
    this.socket.setEncoding("utf8").on("data", (text: string) => (this.told += text));
    this.socket.on("error", () => undefined);
    this.socket.once("close", () => (this.isOver = true));
  }

  /** One byte at a time, for as long as anybody takes them. */
  drip(text: string): this {
    let sent = 0;
    const timer = setInterval(() => {
      if (this.isOver || sent === text.length) clearInterval(timer);
      else this.socket.write(text[sent++]!);
    }, 40);
    return this;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

test("connections that send a byte now and then end in time, keep nobody out, and end nothing that is answered already", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_REQUEST: "PT1S" } });
  await makeWebhook(app, { url: "http://127.0.0.1:2/", paused: true });
  using line = new BareSocket(app);
  await line.greet();
  const updates = app.sse(DeliveryUpdates);
  await next(updates);
  const slow = Array.from({ length: 60 }, (_, number) => {
    const one = new Line(app);
    // By turns nothing at all, a request line, headers, and a body that never ends.
    if (number % 4 === 1) one.drip("GET / HTTP/1.1 ".repeat(100));
    if (number % 4 === 2) one.drip(HEAD + "x: y\r\n".repeat(1000));
    if (number % 4 === 3) {
      one.socket.write(`${HEAD}content-length: 1000\r\n\r\n`);
      one.drip(`{"query":"${" ".repeat(900)}`);
    }
    return one;
  });
  const began = performance.now();
  await eventually(async () => {
    const asked = performance.now();
    expect((await app.post({ query: "{ __typename }" })).status).toBe(200);
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(performance.now() - began).toBeLessThan(10_000);
    return slow.every(({ isOver }) => isOver);
  });
  expect(performance.now() - began).toBeGreaterThan(900);
  for (const { told } of slow) expect(told).toMatch(/^HTTP\/1\.1 4\d\d |^$/);
  // Those have long been here for longer than a request may take to arrive.
  await publishSample(app);
  expect(await nextUpdates(updates, 1)).toMatchObject([{ change: "CREATED" }]);
  expect(await line.ask({ query: "{ __typename }" })).toMatchObject({ type: "next" });
  expect(app.log.filter(({ level }) => level === "error")).toEqual([]);
});

test("connections are only so many: one too many is closed without an answer, one that ends makes room", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_CONNECTIONS: "2" } });
  using one = new Line(app);
  using two = new Line(app);
  for (const { socket } of [one, two]) await once(socket, "connect");
  // The service has taken both when it has answered the second one.
  two.socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(async () => two.told.includes('"ok"'));
  using three = new Line(app);
  three.socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(async () => three.isOver);
  expect(three.told).toBe("");
  expect(one.isOver || two.isOver).toBe(false);
  one.socket.destroy();
  await eventually(async () => {
    using four = new Line(app);
    four.socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    await once(four.socket, "close");
    return four.told.includes('"ok"');
  });
});
