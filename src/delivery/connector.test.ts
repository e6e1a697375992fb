import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import {
  answering,
  attempt,
  dnsError,
  http,
  loopback,
  raw,
  refusedUrl,
  strict,
  turn,
} from "../../test/receiver.ts";
import { createTargetPolicy, type TargetPolicy } from "../domain/target.ts";
import type { Resolver } from "./resolver.ts";
import { createSend, type Sending } from "./send.ts";

describe("names and addresses", () => {
  async function by<T>(
    options: { policy: TargetPolicy; resolver?: Resolver },
    use: (by: Sending) => Promise<T>,
  ) {
    const own = createSend(options);
    try {
      return await use(own);
    } finally {
      await own.close();
    }
  }

  test.each([
    ["ENOTFOUND", "has no address"],
    ["ENODATA", "has no address"],
    ["ESERVFAIL", "could not answer"],
    ["ECONNREFUSED", "could not answer"],
    ["ETIMEOUT", "did not answer"],
  ])("the name servers' %s is DNS", async (code, text) => {
    const fail = () => Promise.reject(dnsError(code));
    await by({ policy: strict, resolver: { resolve4: fail, resolve6: fail } }, async (own) => {
      const outcome = await attempt("https://gone.example/", { by: own });
      expect(outcome).toMatchObject({ kind: "DNS", message: expect.stringContaining(text) });
      expect(outcome.message).toContain("gone.example");
    });
  });

  test("a name is asked for once, connected to, and stays in the Host header", async () => {
    const hosts: unknown[] = [];
    await using receiver = await http((request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });
    await by({ policy: loopback, resolver: answering(["127.0.0.1"]) }, async (own) => {
      const outcome = await attempt(`http://inside.example:${receiver.port}/`, { by: own });
      expect(outcome).toMatchObject({ kind: "SUCCEEDED", timings: { dnsMs: expect.any(Number) } });
      expect(hosts).toEqual([`inside.example:${receiver.port}`]);
    });
  });

  test("localhost means loopback without asking name servers", async () => {
    await using receiver = await http((_request, response) => response.end());
    await by({ policy: loopback, resolver: answering(["8.8.8.8"]) }, async (own) => {
      const outcome = await attempt(`http://app.localhost:${receiver.port}/`, { by: own });
      expect(outcome).toMatchObject({ kind: "SUCCEEDED", remoteAddress: "127.0.0.1" });
    });
  });

  test("a private target is refused without a connection, with one text whatever listens there", async () => {
    await using receiver = await http((_request, response) => response.end());
    const closed = await refusedUrl();
    await by({ policy: strict, resolver: answering(["127.0.0.1"]) }, async (own) => {
      const open = await attempt(receiver.url, { by: own });
      expect(open).toMatchObject({
        kind: "BLOCKED_ADDRESS",
        message: expect.stringContaining("HOOKWIRE_ALLOW_TARGETS=127.0.0.0/8"),
      });
      expect((await attempt(closed, { by: own })).message).toBe(open.message);
      for (const host of ["[::ffff:127.0.0.1]", "localhost", "2130706433", "rebound.example"]) {
        const url = `http://${host}:${receiver.port}/`;
        expect(await attempt(url, { by: own }), host).toMatchObject({
          kind: "BLOCKED_ADDRESS",
          timings: {},
        });
      }
      expect(receiver.sockets).toHaveLength(0);
    });
  });

  test("one private address among public ones refuses the name", async () => {
    await using receiver = await http((_request, response) => response.end());
    for (const addresses of [
      ["8.8.8.8", "127.0.0.1"],
      ["127.0.0.1", "8.8.8.8"],
    ]) {
      await by({ policy: strict, resolver: answering(addresses) }, async (own) => {
        const outcome = await attempt(`http://mixed.example:${receiver.port}/`, { by: own });
        expect(outcome).toMatchObject({
          kind: "BLOCKED_ADDRESS",
          message: expect.stringContaining("mixed.example"),
        });
      });
    }
    expect(receiver.sockets).toHaveLength(0);
  });

  test("a name that changes to a private address is refused at its next connection", async () => {
    await using receiver = await http((_request, response) =>
      response.setHeader("connection", "close").end(),
    );
    const answers = ["127.0.0.1", "127.0.0.2"];
    const resolver = { ...answering([]), resolve4: () => Promise.resolve([answers.shift() ?? ""]) };
    const policy = createTargetPolicy({ allow: ["127.0.0.1"], deny: [] });
    await by({ policy, resolver }, async (own) => {
      const url = `http://flip.example:${receiver.port}/`;
      expect((await attempt(url, { by: own })).kind).toBe("SUCCEEDED");
      expect((await attempt(url, { by: own })).kind).toBe("BLOCKED_ADDRESS");
    });
  });

  test("the address connected to is judged once more, before anything is sent", async () => {
    await using receiver = await raw(() => undefined);
    let calls = 0;
    const judgeAddress = () =>
      ++calls === 1 ? { ok: true as const } : strict.judgeAddress("127.0.0.1");
    await by(
      { policy: { ...loopback, judgeAddress }, resolver: answering(["127.0.0.1"]) },
      async (own) => {
        const connected = once(receiver.server, "connection") as Promise<[Socket]>;
        const outcome = await attempt(`http://other.example:${receiver.port}/`, { by: own });
        expect(outcome.kind).toBe("BLOCKED_ADDRESS");
        const [socket] = await connected;
        await once(socket, "close");
        expect(socket.bytesRead).toBe(0);
      },
    );
  });

  test("the service's own inbox may be private, nothing else on that address", async () => {
    await using receiver = await http((_request, response) => response.end());
    const own = createSend({ policy: strict, ownInbox: (url) => url.includes("/in/") });
    expect((await attempt(`http://localhost:${receiver.port}/in/inb_1`, { by: own })).kind).toBe(
      "SUCCEEDED",
    );
    expect((await attempt(`http://127.0.0.1:${receiver.port}/in/inb_1`, { by: own })).kind).toBe(
      "SUCCEEDED",
    );
    expect((await attempt(receiver.url, { by: own })).kind).toBe("BLOCKED_ADDRESS");
    await own.close();
  });
});

describe("a kept-alive connection", () => {
  const OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

  test.each([
    ["resets", (socket: Socket) => socket.resetAndDestroy()],
    ["closes", (socket: Socket) => socket.end()],
  ])("that %s on its next request is replaced within the attempt", async (_how, fail) => {
    let total = 0;
    await using receiver = await raw((socket, count) => {
      total++;
      if (count === 1) socket.write(OK);
      else fail(socket);
    });
    expect((await attempt(receiver.url)).kind).toBe("SUCCEEDED");
    await turn();
    expect((await attempt(receiver.url)).kind).toBe("SUCCEEDED");
    expect([total, receiver.sockets.length]).toEqual([3, 2]);
  });

  test("is replaced by a new one, not by another that is as stale", async () => {
    const waiting: Socket[] = [];
    await using receiver = await raw((socket, count) => {
      if (count > 1) return socket.resetAndDestroy();
      waiting.push(socket);
      if (waiting.length === 2) for (const each of waiting) each.write(OK);
      if (waiting.length > 2) socket.write(OK);
    });
    await Promise.all([attempt(receiver.url), attempt(receiver.url)]);
    await turn();
    expect((await attempt(receiver.url)).kind).toBe("SUCCEEDED");
    expect(receiver.sockets).toHaveLength(3);
  });

  test("is replaced within the same deadline", async () => {
    let connections = 0;
    await using receiver = await raw((socket, count) => {
      if (count === 1 && ++connections === 1) socket.write(OK);
      else if (connections === 1) socket.resetAndDestroy();
    });
    await attempt(receiver.url);
    await turn();
    expect(await attempt(receiver.url, { timeoutMs: 300 })).toMatchObject({ kind: "TIMEOUT" });
  });

  test("is replaced once, and the second failure counts", async () => {
    let total = 0;
    await using receiver = await raw((socket) => {
      if (++total === 1) socket.write(OK);
      else socket.resetAndDestroy();
    });
    await attempt(receiver.url);
    await turn();
    expect((await attempt(receiver.url)).kind).toBe("CONNECT");
    expect(total).toBe(3);
  });

  test("that breaks after the first byte of an answer is not tried again", async () => {
    await using receiver = await raw((socket, count) => {
      if (count === 1) socket.write(OK);
      else socket.write("H", () => socket.resetAndDestroy());
    });
    await attempt(receiver.url);
    await turn();
    expect((await attempt(receiver.url)).kind).toBe("INVALID_RESPONSE");
    expect(receiver.sockets).toHaveLength(1);
  });
});
