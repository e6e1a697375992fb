import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createTcpServer } from "node:net";
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
  type TLSSocket,
} from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attempt, http, listen, type Receiver } from "../../test/receiver.ts";

const pem = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/tls/${name}.pem`, import.meta.url), "utf8");
const authorities = getCACertificates("default");
beforeAll(() => setDefaultCACertificates([...authorities, pem("ca")]));
afterAll(() => setDefaultCACertificates(authorities));

function secure(certificate: string): Promise<Receiver> {
  const server = createTlsServer({ key: pem("key"), cert: pem(certificate) }, (socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  });
  return listen(
    server.on("tlsClientError", () => undefined),
    "https",
  );
}

test("a good certificate is a success, by name and by address", async () => {
  await using receiver = await secure("good");
  for (const host of ["localhost", "localhost.", "127.0.0.1"]) {
    const outcome = await attempt(`https://${host}:${receiver.port}/`);
    expect(outcome, host).toMatchObject({
      kind: "SUCCEEDED",
      timings: { tlsMs: expect.any(Number) },
    });
  }
});

test("the name that a receiver is asked for has no trailing dot", async () => {
  await using receiver = await secure("good");
  const secured = once(receiver.server, "secureConnection") as Promise<[TLSSocket]>;
  await attempt(`https://localhost.:${receiver.port}/`);
  const [socket] = await secured;
  expect(socket.servername).toBe("localhost");
});

test.each([
  ["self-signed", "self-signed"],
  ["expired", "expired"],
  ["other-name", "another name"],
])("a certificate that is %s is told so", async (certificate, text) => {
  await using receiver = await secure(certificate);
  for (const host of ["localhost", "127.0.0.1"]) {
    const outcome = await attempt(`https://${host}:${receiver.port}/`);
    expect(outcome).toMatchObject({
      kind: "TLS",
      message: expect.stringContaining(text),
      remoteAddress: "127.0.0.1",
    });
    expect(outcome.response).toBeUndefined();
  }
});

test("https to a port that speaks plain HTTP", async () => {
  await using receiver = await http((_request, response) => void response.end());
  const outcome = await attempt(receiver.url.replace("http:", "https:"));
  expect(outcome).toMatchObject({
    kind: "TLS",
    message: expect.stringContaining("does not speak TLS"),
  });
});

test("https to a port that closes during the handshake", async () => {
  await using receiver = await listen(
    createTcpServer((socket) => socket.once("data", () => socket.end())),
    "https",
  );
  const outcome = await attempt(receiver.url);
  expect(outcome).toMatchObject({ kind: "TLS", message: expect.stringContaining("handshake") });
});

test("http to a port that speaks TLS", async () => {
  await using receiver = await secure("good");
  const outcome = await attempt(receiver.url.replace("https:", "http:"));
  expect(outcome).toMatchObject({
    kind: "CONNECT",
    message: expect.stringContaining("http or https"),
  });
});
