import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { attempt, http, raw, SECRET, turn, writes } from "../../test/receiver.ts";
import { BODY_LIMIT } from "./exchange.ts";

describe("an answer", () => {
  test("200 is a success with its body, headers, address and timings", async () => {
    await using receiver = await http((_request, response) =>
      response.setHeader("X-Mine", "1").end("thanks"),
    );
    const outcome = await attempt(receiver.url);
    expect(outcome).toMatchObject({
      kind: "SUCCEEDED",
      remoteAddress: "127.0.0.1",
      response: { status: 200, truncated: false, body: new Uint8Array(Buffer.from("thanks")) },
      timings: {
        connectMs: expect.any(Number),
        firstByteMs: expect.any(Number),
        downloadMs: expect.any(Number),
      },
    });
    expect(outcome.response?.headers).toContainEqual({ name: "x-mine", value: "1" });
    expect(outcome.retryAfterMs).toBeUndefined();
    await turn();
    const second = await attempt(receiver.url);
    expect(receiver.sockets).toHaveLength(1);
    expect(second.timings.connectMs).toBeUndefined();
    expect(second.remoteAddress).toBe("127.0.0.1");
  });

  test("204 is a success without a body, even when one follows", async () => {
    await using receiver = await writes(
      "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello",
    );
    expect(await attempt(receiver.url)).toMatchObject({
      kind: "SUCCEEDED",
      response: { status: 204, body: new Uint8Array(0), truncated: false },
    });
  });

  test.each([
    [BODY_LIMIT, BODY_LIMIT, false],
    [BODY_LIMIT + 1, BODY_LIMIT, true],
    [300_000, BODY_LIMIT, true],
  ])("a body of %i bytes is kept up to %i", async (sent, kept, truncated) => {
    await using receiver = await http((_request, response) =>
      response.end(Buffer.alloc(sent, "x")),
    );
    const { kind, response } = await attempt(receiver.url);
    expect({ kind, length: response?.body.length, truncated: response?.truncated }).toEqual({
      kind: "SUCCEEDED",
      length: kept,
      truncated,
    });
    expect(response?.body.buffer.byteLength).toBe(kept);
  });

  test("a body in pieces is put together", async () => {
    await using receiver = await http((_request, response) => {
      response.write("one,");
      setImmediate(() => {
        response.write("two,");
        setImmediate(() => response.end("three"));
      });
    });
    const { response } = await attempt(receiver.url);
    expect(Buffer.from(response?.body ?? []).toString()).toBe("one,two,three");
  });

  test("an endless body is cut at once: the connection closes and nothing piles up", async () => {
    const ends: Promise<unknown>[] = [];
    await using receiver = await raw((socket) => {
      ends.push(new Promise((resolve) => socket.once("close", resolve)));
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
      const pour = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on("drain", pour);
      pour();
    });
    const before = process.memoryUsage().rss;
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => attempt(receiver.url)));
    await Promise.all(ends);
    for (const { kind, response, tookMs } of outcomes) {
      expect([kind, response?.body.length, response?.truncated]).toEqual([
        "SUCCEEDED",
        BODY_LIMIT,
        true,
      ]);
      expect(tookMs).toBeLessThan(4000);
    }
    for (const { bytesWritten } of receiver.sockets)
      expect(bytesWritten).toBeLessThan(16 * 1024 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  test("a compressed bomb is kept as it came", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    await using receiver = await http((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    );
    const { kind, response } = await attempt(receiver.url);
    expect(kind).toBe("SUCCEEDED");
    expect(Buffer.compare(response?.body ?? new Uint8Array(0), bomb.subarray(0, BODY_LIMIT))).toBe(
      0,
    );
  });

  test.each([
    ["drips", (socket: Socket) => void setInterval(() => socket.write("x"), 20).unref()],
    ["hangs", () => undefined],
  ])("200 stays a success when its body %s until the deadline", async (_how, go) => {
    await using receiver = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nhello");
      go(socket);
    });
    const outcome = await attempt(receiver.url, { timeoutMs: 300 });
    expect(outcome).toMatchObject({
      kind: "SUCCEEDED",
      response: { status: 200, truncated: true },
    });
    expect(outcome.tookMs).toBeGreaterThanOrEqual(299);
    expect(outcome.message).toContain("did not come to an end");
  });

  test("200 stays a success when the connection is reset in the body", async () => {
    await using receiver = await raw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello", () =>
        socket.resetAndDestroy(),
      );
    });
    const { kind, response } = await attempt(receiver.url);
    expect({ kind, response }).toMatchObject({
      kind: "SUCCEEDED",
      response: { body: new Uint8Array(Buffer.from("hello")), truncated: true },
    });
  });

  test.each([
    [400, "its answer"],
    [401, "credentials"],
    [403, "credentials"],
    [404, "URL"],
    [410, "gone"],
    [413, "too large"],
    [418, "its answer"],
    [429, "fewer requests"],
    [500, "its own log"],
    [599, "its own log"],
  ])("%i is told with advice: %s", async (status, advice) => {
    await using receiver = await writes(`HTTP/1.1 ${status} X\r\ncontent-length: 2\r\n\r\nno`);
    const outcome = await attempt(receiver.url);
    expect(outcome).toMatchObject({ kind: "HTTP_STATUS", response: { status } });
    expect(outcome.message).toContain(advice);
    expect(outcome.message).toContain(String(status));
  });

  test.each([301, 302, 303, 307, 308])(
    "%i is not followed, and says where it points to",
    async (status) => {
      let requests = 0;
      await using receiver = await http((_request, response) => {
        requests++;
        response.writeHead(status, { location: `/elsewhere?${"x".repeat(500)}` }).end();
      });
      const outcome = await attempt(receiver.url);
      expect(outcome).toMatchObject({ kind: "REDIRECT", response: { status } });
      expect(outcome.message).toMatch(
        /points to \/elsewhere\?x{189}: redirects are not followed, change the webhook's URL/,
      );
      expect(requests).toBe(1);
    },
  );

  test("304 without a location is a redirect too", async () => {
    await using receiver = await writes("HTTP/1.1 304 Not Modified\r\n\r\n");
    expect(await attempt(receiver.url)).toMatchObject({
      kind: "REDIRECT",
      response: { status: 304 },
    });
  });

  test("recorded headers are bounded, and cookies are redacted", async () => {
    const many = Array.from({ length: 150 }, (_, at) => `h${at}: ${at}\r\n`).join("");
    const head = `HTTP/1.1 200 OK\r\nset-cookie: session=s3cret\r\nlong: ${"y".repeat(6000)}\r\ncontent-length: 0\r\n`;
    await using receiver = await writes(`${head}${many}\r\n`);
    const { response } = await attempt(receiver.url);
    expect(response?.headers).toHaveLength(100);
    expect(response?.headers[0]).toEqual({ name: "set-cookie", value: "[redacted]" });
    expect(response?.headers[1]?.value).toHaveLength(4096);
  });

  test.each([
    [429, "120", 120_000],
    [503, "0", 0],
    [302, "7", 7_000],
    [503, "999999999", 86_400_000],
    [503, "soon", undefined],
    [200, "120", undefined],
  ])("%i with Retry-After %s asks to wait %s ms", async (status, value, expected) => {
    await using receiver = await http((_request, response) =>
      response.writeHead(status, { "retry-after": value }).end(),
    );
    expect((await attempt(receiver.url)).retryAfterMs).toBe(expected);
  });
});

describe("the request", () => {
  test("is what the stock verifier accepts, byte for byte", async () => {
    const verified: unknown[] = [];
    await using receiver = await http((request, response, body) => {
      verified.push(new Webhook(SECRET).verify(body, request.headers as Record<string, string>));
      response.end(`${request.method} ${request.url} ${request.headers["content-length"]}`);
    });
    const { kind, response } = await attempt(`${receiver.url}?a=b#c`);
    expect(kind).toBe("SUCCEEDED");
    expect(Buffer.from(response?.body ?? []).toString()).toBe("POST /hook?a=b 10");
    expect(verified).toEqual([{ a: "ü" }]);
  });

  test("carries secret headers, and its record does not", async () => {
    let authorization: string | undefined;
    await using receiver = await http((request, response) => {
      ({ authorization } = request.headers);
      response.end();
    });
    const customHeaders = [
      { name: "authorization", value: "Bearer s3cret", isSecret: true },
      { name: "x-plain", value: "seen", isSecret: false },
    ];
    const outcome = await attempt(receiver.url, { customHeaders });
    expect(authorization).toBe("Bearer s3cret");
    expect(outcome.requestHeaders).toContainEqual({ name: "authorization", value: "[redacted]" });
    expect(outcome.requestHeaders).toContainEqual({ name: "x-plain", value: "seen" });
    expect(JSON.stringify(outcome)).not.toContain("s3cret");
  });

  test.each([
    ["a URL that cannot be read", { url: "nonsense" }],
    ["a scheme that is not HTTP's", { url: "ftp://127.0.0.1/" }],
    [
      "a header that HTTP does not have",
      { customHeaders: [{ name: "x", value: "a\r\nb: c", isSecret: true }] },
    ],
    ["a secret that is none", { secrets: ["nonsense"] }],
  ])("with %s is INTERNAL, and never an exception", async (_name, changes) => {
    const outcome = await attempt("http://127.0.0.1:2/", changes);
    expect(outcome.kind).toBe("INTERNAL");
    expect(outcome.response).toBeUndefined();
  });

  test("leaves no timer behind", async () => {
    await using receiver = await http((_request, response) => response.end());
    const timers = () =>
      process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
    const before = timers();
    for (let n = 0; n < 20; n++) await attempt(receiver.url);
    expect(timers() - before).toBeLessThan(10);
  });

  test("is not mixed up with the 300 others in flight", async () => {
    await using receiver = await http((request, response) =>
      response.end(request.headers["webhook-id"]),
    );
    const ids = Array.from({ length: 300 }, (_, at) => `evt_${at}`);
    const outcomes = await Promise.all(ids.map((eventId) => attempt(receiver.url, { eventId })));
    expect(outcomes.map(({ response }) => Buffer.from(response?.body ?? []).toString())).toEqual(
      ids,
    );
  });
});
