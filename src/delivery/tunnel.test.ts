import { createServer as createTcpServer, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from "node:tls";
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
import {
  answering,
  attempt,
  dnsError,
  http,
  listen,
  loopback,
  raw,
  refusedUrl,
  turn,
  type Receiver,
} from "../../test/receiver.ts";
import type { Resolver } from "./resolver.ts";

const authorities = getCACertificates("default");
beforeAll(() => setDefaultCACertificates([...authorities, pem("ca")]));
afterAll(() => setDefaultCACertificates(authorities));

/** A receiver with TLS that answers each request, and notes the names that it was asked for. */
async function secure(certificate: string): Promise<Receiver & { names: unknown[] }> {
  const names: unknown[] = [];
  const server = createTlsServer({ key: pem("key"), cert: pem(certificate) }, (socket) => {
    names.push(socket.servername);
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  });
  server.on("tlsClientError", () => undefined);
  return Object.assign(await listen(server, "https"), { names });
}

describe.each([
  ["http:", undefined],
  ["https:", "good"],
])("over a proxy on %s", (_scheme, certificate) => {
  test("http: arrives, and the proxy is told the checked address only", async () => {
    const hosts: unknown[] = [];
    await using receiver = await http((request, response) => {
      hosts.push(request.headers.host);
      response.end("thanks");
    });
    await using proxy = await startProxy({ to: receiver.port, certificate });
    await using by = over(proxy);
    const url = `http://hooks.example:${receiver.port}/hook`;
    const outcome = await attempt(url, { by });
    expect(outcome).toMatchObject({
      kind: "SUCCEEDED",
      remoteAddress: PUBLIC,
      response: { body: new Uint8Array(Buffer.from("thanks")) },
      timings: { dnsMs: expect.any(Number), connectMs: expect.any(Number) },
    });
    expect(outcome.timings.tlsMs).toBeUndefined();
    expect(outcome.requestHeaders.map(({ name }) => name)).not.toContain("proxy-authorization");
    await turn();
    const second = await attempt(url, { by });
    expect(second).toMatchObject({ kind: "SUCCEEDED", remoteAddress: PUBLIC });
    expect(second.timings.connectMs).toBeUndefined();
    const authority = `${PUBLIC}:${receiver.port}`;
    expect(proxy.asked).toEqual([
      {
        authority,
        headers: {
          host: authority,
          connection: "keep-alive",
          "proxy-authorization": CREDENTIALS,
        },
      },
    ]);
    expect(hosts).toEqual(Array(2).fill(`hooks.example:${receiver.port}`));
  });

  test("https: arrives, with the webhook's name in the handshake and the certificate", async () => {
    await using receiver = await secure("other-name");
    await using proxy = await startProxy({ to: receiver.port, certificate });
    await using by = over(proxy);
    const url = `https://other.example.:${receiver.port}/`;
    expect(await attempt(url, { by })).toMatchObject({
      kind: "SUCCEEDED",
      remoteAddress: PUBLIC,
      timings: { connectMs: expect.any(Number), tlsMs: expect.any(Number) },
    });
    await turn();
    expect((await attempt(url, { by })).kind).toBe("SUCCEEDED");
    expect(proxy.asked.map(({ authority }) => authority)).toEqual([`${PUBLIC}:${receiver.port}`]);
    expect(receiver.names).toEqual(["other.example"]);
    expect(await attempt(`https://hooks.example:${receiver.port}/`, { by })).toMatchObject({
      kind: "TLS",
      message: expect.stringContaining("another name"),
      remoteAddress: PUBLIC,
    });
  });

  test("https: to an address is checked for the address", async () => {
    await using receiver = await secure("good");
    await using proxy = await startProxy({ certificate });
    await using by = over(proxy, { policy: loopback });
    expect((await attempt(receiver.url, { by })).kind).toBe("SUCCEEDED");
    await using other = await secure("other-name");
    expect((await attempt(other.url, { by })).kind).toBe("TLS");
  });

  test.each([
    ["a receiver that plays dead", (socket: Socket) => void socket.pause(), "TIMEOUT"],
    ["one that closes", (socket: Socket) => void socket.end(), "TLS"],
    [
      "one that speaks plain HTTP",
      (socket: Socket) => void socket.write("HTTP/1.1 400 No\r\n\r\n"),
      "TLS",
    ],
  ])("%s in the handshake fails, and the tunnel is closed", async (_what, act, kind) => {
    await using receiver = await listen(
      createTcpServer((socket) =>
        socket.on("error", () => undefined).once("data", () => act(socket)),
      ),
    );
    await using proxy = await startProxy({ to: receiver.port, certificate });
    await using by = over(proxy);
    const outcome = await attempt(`https://hooks.example:${receiver.port}/`, {
      by,
      timeoutMs: 500,
    });
    expect(outcome).toMatchObject({ kind, message: expect.stringContaining("TLS") });
    await allClosed(proxy);
  });

  test("a proxy that drops the tunnel ends the attempt, in the handshake and after it", async () => {
    await using receiver = await secure("other-name");
    const drop = () => proxy.sockets.forEach((socket) => socket.resetAndDestroy());
    await using silent = await listen(
      createTcpServer((socket) => socket.once("data", drop)),
      "https",
    );
    const ports = [silent.port, receiver.port];
    await using proxy = await startProxy({ to: () => ports.shift()!, certificate });
    await using by = over(proxy);
    expect(await attempt("https://other.example/", { by })).toMatchObject({
      kind: "TLS",
      message: expect.stringContaining("closed the connection during the TLS handshake"),
    });
    receiver.server.once("secureConnection", drop);
    expect(await attempt("https://other.example/", { by })).toMatchObject({
      kind: "CONNECT",
      message: expect.stringContaining("before it answered"),
    });
  });

  test("a tunnel that was closed since it served is replaced within the attempt", async () => {
    let requests = 0;
    await using receiver = await raw((socket) => {
      if (++requests === 2) socket.destroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    await using proxy = await startProxy({ to: receiver.port, certificate });
    await using by = over(proxy);
    const url = `http://hooks.example:${receiver.port}/`;
    expect((await attempt(url, { by })).kind).toBe("SUCCEEDED");
    await turn();
    expect((await attempt(url, { by })).kind).toBe("SUCCEEDED");
    expect([requests, proxy.asked.length]).toEqual([3, 2]);
  });
});

describe("where a tunnel leads", () => {
  test("what may not be reached is refused without a word to the proxy, also the proxy itself", async () => {
    await using proxy = await startProxy();
    const mixed = { ...answering([PUBLIC]), resolve6: () => Promise.resolve(["::1"]) };
    for (const [host, resolver] of [
      [`127.0.0.1:${proxy.port}`, answering([PUBLIC])],
      ["[::ffff:127.0.0.1]", answering([PUBLIC])],
      ["localhost", answering([PUBLIC])],
      ["hooks.example:25", answering([PUBLIC])],
      ["rebound.example", answering(["10.0.0.1"])],
      ["mixed.example", mixed],
    ] satisfies [string, Resolver][]) {
      await using by = over(proxy, { resolver });
      const outcome = await attempt(`http://${host}/`, { by });
      expect(outcome, host).toMatchObject({ kind: "BLOCKED_ADDRESS" });
      expect(outcome.remoteAddress).toBeUndefined();
    }
    expect(proxy.sockets).toHaveLength(0);
  });

  test("an IPv6 address is asked for in brackets", async () => {
    await using receiver = await http((_request, response) => response.end());
    await using proxy = await startProxy({ to: receiver.port });
    const address = "2606:2800:220:1::1";
    const resolver = {
      resolve4: () => Promise.reject(dnsError("ENODATA")),
      resolve6: () => Promise.resolve([address]),
    };
    await using by = over(proxy, { resolver });
    expect(await attempt("http://six.example/", { by })).toMatchObject({
      kind: "SUCCEEDED",
      remoteAddress: address,
    });
    expect(await attempt(`http://[${address}]:81/`, { by })).toMatchObject({ kind: "SUCCEEDED" });
    expect(proxy.asked.map(({ authority }) => authority)).toEqual([
      `[${address}]:80`,
      `[${address}]:81`,
    ]);
  });

  test("the next address is asked for when the proxy does not reach one, up to three", async () => {
    await using receiver = await http((_request, response) => response.end());
    const found = ["93.184.216.1", "93.184.216.2", "93.184.216.3", "93.184.216.4"];
    const reached = new Set<string>();
    const status = { unreached: 502 };
    await using proxy = await startProxy({
      to: receiver.port,
      refuse: ({ authority }) => (reached.has(authority) ? undefined : answers(status.unreached)),
    });
    await using by = over(proxy, { resolver: answering(found) });
    const asked = () => proxy.asked.splice(0).map(({ authority }) => authority);
    const authorities = found.map((address) => `${address}:80`);
    expect((await attempt("http://many.example/", { by })).kind).toBe("CONNECT");
    expect(asked()).toEqual(authorities.slice(0, 3));
    status.unreached = 403;
    expect((await attempt("http://many.example/", { by })).kind).toBe("CONNECT");
    expect(asked()).toEqual(authorities.slice(0, 1));
    status.unreached = 502;
    reached.add(authorities[1]!);
    expect(await attempt("http://many.example/", { by })).toMatchObject({
      kind: "SUCCEEDED",
      remoteAddress: found[1],
    });
    expect(asked()).toEqual(authorities.slice(0, 2));
  });

  test("the service's own inbox is reached without the proxy", async () => {
    await using receiver = await http((_request, response) => response.end());
    await using by = over({ url: await refusedUrl() }, { ownInbox: (url) => url.includes("/in/") });
    const url = `http://127.0.0.1:${receiver.port}/in/inb_1`;
    expect((await attempt(url, { by })).kind).toBe("SUCCEEDED");
  });
});
