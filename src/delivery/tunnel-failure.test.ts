import { createServer as createTcpServer, type Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  allClosed,
  answers,
  CREDENTIALS,
  over,
  pem,
  PUBLIC,
  startProxy,
} from "../../test/proxy.ts";
import { answering, attempt, http, listen, raw, refusedUrl } from "../../test/receiver.ts";

const authorities = getCACertificates("default");
beforeAll(() => setDefaultCACertificates([...authorities, pem("ca")]));
afterAll(() => setDefaultCACertificates(authorities));

describe("a proxy that fails", () => {
  const URL_OVER = "http://hooks.example/";

  async function failsWith(proxy: { url: string }, text: RegExp) {
    await using by = over(proxy);
    const outcome = await attempt(URL_OVER, { by });
    expect(outcome).toMatchObject({ kind: "CONNECT", message: expect.stringMatching(text) });
    expect(outcome.message).toMatch(/proxy/);
    expect(JSON.stringify(outcome)).not.toMatch(/open-sesame|127\.0\.0\.1/);
    expect(JSON.stringify(outcome)).not.toContain(CREDENTIALS);
    expect(outcome.remoteAddress).toBeUndefined();
    expect(outcome.timings.connectMs).toBeUndefined();
  }

  test.each([
    [407, /credentials \(407\).*HOOKWIRE_PROXY/],
    [403, /does not connect to hooks\.example \(403\)/],
    [405, /does not connect to hooks\.example \(405\)/],
    [302, /does not connect to hooks\.example \(302\)/],
    [502, /did not get to hooks\.example \(502\)/],
    [504, /did not get to hooks\.example \(504\)/],
  ])("with %i is CONNECT, and says so", async (status, text) => {
    await using proxy = await startProxy({ refuse: () => answers(status) });
    await failsWith(proxy, text);
    await allClosed(proxy);
  });

  const OK = "HTTP/1.1 200 OK\r\n";

  test.each<[string, (socket: Socket) => unknown, RegExp]>([
    ["garbage", (socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n"), /not HTTP\/1\.1/],
    ["a page", (socket) => socket.end("<html>hello</html>"), /not HTTP\/1\.1/],
    ["a huge header", (socket) => socket.write(`${OK}x: ${"x".repeat(20_000)}\r\n\r\n`), /16 KiB/],
    ["10,000 headers", (socket) => socket.write(OK + "a: b\r\n".repeat(10_000)), /16 KiB/],
    ["a reset", (socket) => socket.resetAndDestroy(), /closed the connection/],
    ["an end", (socket) => socket.end(), /closed the connection/],
    ["half an answer", (socket) => socket.end(`${OK}x: `), /closed the connection|HTTP\/1\.1/],
    ["too much", (socket) => socket.write(`${OK}\r\n${OK}content-length: 0\r\n\r\n`), /sent more/],
  ])("with %s is CONNECT, and says so", async (_what, act, text) => {
    await using proxy = await raw(act);
    await failsWith(proxy, text);
    await allClosed(proxy);
  });

  test("by not being there is CONNECT, and says so", async () => {
    await failsWith({ url: await refusedUrl() }, /No connection to the proxy \(ECONNREFUSED\)/);
  });

  test("by its certificate is CONNECT, and it is not told the credentials", async () => {
    await using selfSigned = await startProxy({ certificate: "self-signed" });
    await failsWith(selfSigned, /No connection to the proxy \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    await using other = await startProxy({ certificate: "other-name" });
    await failsWith(other, /No connection to the proxy \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
    expect([selfSigned.asked, other.asked]).toEqual([[], []]);
  });

  test("by another scheme than was said is CONNECT, and says so", async () => {
    await using plain = await startProxy();
    await failsWith({ url: plain.url.replace("http:", "https:") }, /\(EPROTO\).*http or https/);
    await using tls = await startProxy({ certificate: "good" });
    await failsWith({ url: tls.url.replace("https:", "http:") }, /HOOKWIRE_PROXY/);
  });
});

describe("the deadline", () => {
  test.each<[string, (socket: Socket) => unknown]>([
    ["says nothing", () => undefined],
    [
      "drips",
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        const drip = setInterval(() => socket.write("x: y\r\n"), 20);
        socket.on("close", () => clearInterval(drip));
      },
    ],
  ])("bounds a proxy that %s, and closes the connection", async (_how, act) => {
    await using proxy = await raw(act);
    await using by = over(proxy);
    expect(await attempt("https://hooks.example/", { by, timeoutMs: 300 })).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringMatching(/300 ms.*while the proxy was connecting to hooks\.example/),
    });
    expect(proxy.sockets).toHaveLength(1);
    await allClosed(proxy);
  });

  test("bounds the handshake with the proxy", async () => {
    await using proxy = await listen(createTcpServer(), "https");
    await using by = over(proxy);
    expect(await attempt("http://hooks.example/", { by, timeoutMs: 300 })).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("while the proxy was connecting"),
    });
    for (const socket of proxy.sockets) socket.resume();
    await allClosed(proxy);
  });

  test("bounds name servers, and the proxy is not asked when they answer after it", async () => {
    await using receiver = await http((_request, response) => response.end());
    await using proxy = await startProxy({ to: receiver.port });
    const late = Promise.withResolvers<string[]>();
    const resolve4 = (host: string) =>
      host === "slow.example" ? late.promise : Promise.resolve([PUBLIC]);
    await using by = over(proxy, { resolver: { ...answering([]), resolve4 } });
    expect(await attempt("http://slow.example/", { by, timeoutMs: 300 })).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("looking up slow.example"),
    });
    late.resolve([PUBLIC]);
    expect((await attempt("http://hooks.example/", { by })).kind).toBe("SUCCEEDED");
    expect(proxy.sockets).toHaveLength(1);
  });

  test("comes early when the sender is closed while the proxy is asked", async () => {
    const asked = Promise.withResolvers<void>();
    await using proxy = await raw(() => asked.resolve());
    const by = over(proxy);
    const sent = attempt("http://hooks.example/", { by });
    await asked.promise;
    await by.close();
    expect(await sent).toMatchObject({
      kind: "TIMEOUT",
      message: expect.stringContaining("stopping"),
    });
    await allClosed(proxy);
  });
});
