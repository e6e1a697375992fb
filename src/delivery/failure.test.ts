import { once } from "node:events";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import {
  answering,
  attempt,
  listen,
  loopback,
  raw,
  refusedUrl,
  writes,
} from "../../test/receiver.ts";
import { createSend } from "./send.ts";

describe("no answer of HTTP", () => {
  const REQUEST_HEAD = "HTTP/1.1 200 OK\r\n";

  test.each([
    ["garbage", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["HTTP/0.9", "<html>hello</html>"],
    [
      "101",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    ],
    ["100", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["status 000", "HTTP/1.1 000 Zero\r\ncontent-length: 0\r\n\r\n"],
    ["status 099", "HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n"],
    ["status 600", "HTTP/1.1 600 High\r\ncontent-length: 0\r\n\r\n"],
    ["status 999", "HTTP/1.1 999 High\r\ncontent-length: 0\r\n\r\n"],
    ["two lengths", `${REQUEST_HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
    [
      "a length and chunks",
      `${REQUEST_HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["a huge header", `${REQUEST_HEAD}x: ${"x".repeat(1_000_000)}\r\n\r\n`],
    ["10,000 headers", `${REQUEST_HEAD}${"a: b\r\n".repeat(10_000)}\r\n`],
    ["a bad header", `${REQUEST_HEAD}no colon\r\n\r\n`],
  ])("%s is an invalid response", async (_name, text) => {
    await using receiver = await writes(text);
    const outcome = await attempt(receiver.url);
    expect(outcome.kind).toBe("INVALID_RESPONSE");
    expect(outcome.response).toBeUndefined();
  });

  test("an answer that breaks off in its head is an invalid response", async () => {
    await using ended = await raw((socket) => socket.end("HTTP/1.1 200 OK\r\nx: "));
    expect((await attempt(ended.url)).kind).toBe("INVALID_RESPONSE");
  });

  test("a connection that closes or is reset before the answer is CONNECT, and not tried twice", async () => {
    await using reset = await raw((socket) => socket.resetAndDestroy());
    await using closed = await raw((socket) => socket.end());
    for (const receiver of [reset, closed]) {
      const outcome = await attempt(receiver.url);
      expect(outcome).toMatchObject({
        kind: "CONNECT",
        message: expect.stringContaining("before it answered"),
      });
      expect(receiver.sockets).toHaveLength(1);
    }
  });

  test("a refused connection is CONNECT", async () => {
    const url = await refusedUrl();
    const outcome = await attempt(url);
    expect(outcome).toMatchObject({ kind: "CONNECT", message: expect.stringContaining("refused") });
    expect(outcome.remoteAddress).toBeUndefined();
    const byName = await attempt(url.replace("127.0.0.1", "localhost"));
    expect(byName).toMatchObject({ kind: "CONNECT", message: expect.stringContaining("refused") });
  });
});

describe("the deadline", () => {
  const short = { timeoutMs: 300 };

  test("bounds a receiver that takes the request and says nothing", async () => {
    await using receiver = await raw(() => undefined);
    const outcome = await attempt(receiver.url, short);
    expect(outcome).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringMatching(/300 ms.*waiting for the answer/),
    });
    expect(outcome.tookMs).toBeGreaterThanOrEqual(299);
  });

  test.each([
    ["headers that drip", "HTTP/1.1 200 OK\r\n", "x: y\r\n"],
    ["a flood of provisional answers", "", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ])("bounds %s", async (_name, first, again) => {
    await using receiver = await raw((socket) => {
      socket.write(first);
      const drip = setInterval(() => socket.write(again), 50);
      socket.on("close", () => clearInterval(drip));
    });
    const outcome = await attempt(receiver.url, short);
    expect(outcome).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("rest of the answer"),
    });
  });

  test("bounds a connection that is never taken", async () => {
    // A listener whose thread is blocked takes no connection; its short queue is full after a few.
    const wake = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       const server = require("node:net").createServer();
       server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
         parentPort.postMessage(server.address().port);
         Atomics.wait(workerData, 0, 0);
         process.exit();
       });`,
      { eval: true, workerData: wake },
    );
    const [port] = (await once(worker, "message")) as [number];
    const fillers = Array.from({ length: 8 }, () =>
      connect(port, "127.0.0.1").on("error", () => undefined),
    );
    const outcome = await attempt(`http://127.0.0.1:${port}/`, short);
    expect(outcome).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("while connecting"),
    });
    for (const filler of fillers) filler.destroy();
    Atomics.notify(wake, 0);
    await once(worker, "exit");
  });

  test("bounds a TLS handshake that gets no answer, and closes the connection", async () => {
    await using receiver = await listen(createTcpServer(), "https");
    const connected = once(receiver.server, "connection") as Promise<[Socket]>;
    const outcome = await attempt(receiver.url, short);
    expect(outcome).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("TLS handshake"),
    });
    const [socket] = await connected;
    await once(socket.resume(), "close");
  });

  test("bounds name servers that never answer", async () => {
    const never = new Promise<never>(() => undefined);
    const by = createSend({
      policy: loopback,
      resolver: { resolve4: () => never, resolve6: () => never },
    });
    const outcome = await attempt("http://slow.example/", { ...short, by });
    expect(outcome).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("looking up slow.example"),
    });
    await by.close();
  });

  test("comes early for all attempts when the service stops", async () => {
    const stop = new AbortController();
    const arrived = Promise.withResolvers<void>();
    let requests = 0;
    await using receiver = await raw(() => {
      if (++requests === 20) arrived.resolve();
    });
    const attempts = Array.from({ length: 20 }, () =>
      attempt(receiver.url, { signal: stop.signal }),
    );
    await arrived.promise;
    stop.abort();
    for (const outcome of await Promise.all(attempts)) {
      expect(outcome).toMatchObject({
        kind: "TIMEOUT",
        message: expect.stringContaining("stopping"),
      });
    }
    expect(requests).toBe(20);
  });

  test("has passed before anything is begun when the service is stopping already", async () => {
    let lookups = 0;
    const resolve4 = () => Promise.resolve([`127.0.0.${++lookups}`]);
    const by = createSend({ policy: loopback, resolver: { ...answering([]), resolve4 } });
    const outcome = await attempt("http://inside.example/", { by, signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("stopping"),
    });
    expect(lookups).toBe(0);
    await by.close();
  });

  test("comes early when the sender is closed", async () => {
    const by = createSend({ policy: loopback });
    const arrived = Promise.withResolvers<void>();
    await using receiver = await raw(() => arrived.resolve());
    const sent = attempt(receiver.url, { by });
    await arrived.promise;
    await by.close();
    expect(await sent).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("stopping"),
    });
    expect((await attempt(receiver.url, { by })).kind).toBe("TIMEOUT");
    expect(receiver.sockets).toHaveLength(1);
  });
});
