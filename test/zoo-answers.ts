import { createServer as createHttp2Server } from "node:http2";
import { gzipSync } from "node:zlib";
import { http, listen, raw, writes } from "./receiver.ts";
import { accepts, drips, OK, pours, type Animal } from "./zoo-servers.ts";

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const HINTS = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n";
const CUT_BODY = "answered 200 (its body did not come to an end)";

function redirect(headers: Readonly<Record<string, string>>) {
  return () => http((_request, response) => response.writeHead(302, headers).end());
}

/** 128 MB in 128 KB in a few hundred bytes. */
function bomb() {
  const packed = gzipSync(gzipSync(Buffer.alloc(128 * 1024 * 1024)));
  return http((_request, response) =>
    response.writeHead(200, { "content-encoding": "gzip, gzip" }).end(packed),
  );
}

/** What answers, or begins to, once it has the request. */
export const ANSWERS: readonly Animal[] = [
  {
    name: "takes the request and says nothing",
    open: () => raw(() => undefined),
    kind: "TIMEOUT",
    says: "waiting for the answer",
  },
  {
    name: "drips its status line",
    open: () => drips("HTTP/1.1 200 O", "O"),
    kind: "TIMEOUT",
    says: "while waiting for",
  },
  {
    name: "drips headers",
    open: () => drips(HEAD, "x: y\r\n"),
    kind: "TIMEOUT",
    says: "while waiting for",
  },
  {
    name: "pours headers without end",
    open: () => pours(HEAD, `x: ${"y".repeat(100)}\r\n`),
    kind: "INVALID_RESPONSE",
    says: "larger than 16 KiB",
  },
  {
    name: "drips provisional answers",
    open: () => drips("", HINTS),
    kind: "TIMEOUT",
    says: "while waiting for",
  },
  {
    name: "pours provisional answers without end",
    // Each costs the sender as much as a whole answer, so the deadline alone would not do.
    open: () => pours("", HINTS),
    kind: "INVALID_RESPONSE",
    says: "one provisional answer (1xx) after the other",
  },
  {
    name: "drips its body",
    open: () => drips(`${HEAD}content-length: 1000000\r\n\r\n`, "x"),
    kind: "SUCCEEDED",
    says: CUT_BODY,
    status: 200,
    isHeld: true,
  },
  {
    name: "hangs in its body",
    open: () => writes(`${HEAD}content-length: 1000000\r\n\r\nhello`),
    kind: "SUCCEEDED",
    says: CUT_BODY,
    status: 200,
    isHeld: true,
  },
  {
    name: "pours its body without end",
    open: () => pours(CHUNKED, `1000\r\n${"x".repeat(0x1000)}\r\n`),
    kind: "SUCCEEDED",
    says: "answered 200",
    status: 200,
  },
  {
    name: "answers 500 with an endless body",
    open: () => pours("HTTP/1.1 500 Oh\r\n\r\n", "x"),
    kind: "HTTP_STATUS",
    says: "answered 500",
    status: 500,
  },
  {
    name: "answers with a bomb of two layers of gzip",
    open: bomb,
    kind: "SUCCEEDED",
    says: "answered 200",
    status: 200,
  },
  {
    name: "resets in the middle of its body",
    open: () =>
      raw((socket) =>
        socket.write(`${HEAD}content-length: 50\r\n\r\nhello`, () => socket.resetAndDestroy()),
      ),
    kind: "SUCCEEDED",
    says: CUT_BODY,
    status: 200,
  },
  {
    name: "sends less than it announces",
    open: () => raw((socket) => socket.end(`${HEAD}content-length: 50\r\n\r\nhello`)),
    kind: "SUCCEEDED",
    says: CUT_BODY,
    status: 200,
  },
  {
    name: "sends more than it announces: the answer to a request to come",
    open: () => writes(`${OK}HTTP/1.1 500 Forged\r\ncontent-length: 0\r\n\r\n`),
    kind: "SUCCEEDED",
    says: "answered 200",
    status: 200,
  },
  {
    name: "sends chunks of no size",
    open: () => writes(`${CHUNKED}five\r\nhello\r\n`),
    kind: "SUCCEEDED",
    says: CUT_BODY,
    status: 200,
  },
  {
    name: "sends a body with 204",
    open: () => writes("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello"),
    kind: "SUCCEEDED",
    says: "answered 204",
    status: 204,
  },
  {
    name: "redirects to itself",
    open: redirect({ location: "/hook" }),
    kind: "REDIRECT",
    says: "points to /hook: redirects are not followed",
    status: 302,
  },
  {
    name: "redirects to a cloud's metadata",
    open: redirect({ location: "http://169.254.169.254/latest/meta-data/" }),
    kind: "REDIRECT",
    says: "points to http://169.254.169.254/",
    status: 302,
  },
  {
    name: "redirects nowhere",
    open: redirect({}),
    kind: "REDIRECT",
    says: "answered 302: redirects are not followed",
    status: 302,
  },
  {
    name: "turns every request down",
    open: () => http((_request, response) => response.writeHead(401).end("no")),
    kind: "HTTP_STATUS",
    says: "answered 401",
    status: 401,
  },
  ...(
    [
      ["speaks another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
      ["speaks HTTP/0.9", "<html>hello</html>"],
      ["switches protocols", "HTTP/1.1 101 X\r\nupgrade: ws\r\nconnection: upgrade\r\n\r\n"],
      ["announces two lengths", `${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
      [
        "announces a length and chunks",
        `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      ["sends a header without a colon", `${HEAD}no colon\r\n\r\n`],
      ["sends a NUL in a header", `${HEAD}x: a\0b\r\n\r\n`],
    ] as const
  ).map(([name, text]): Animal => ({
    name,
    open: () => writes(text),
    kind: "INVALID_RESPONSE",
    says: "is not HTTP/1.1",
  })),
  {
    name: "answers status 999",
    open: () => writes("HTTP/1.1 999 High\r\ncontent-length: 0\r\n\r\n"),
    kind: "INVALID_RESPONSE",
    says: "status 999, which HTTP does not have",
  },
  {
    name: "speaks HTTP/2 only, without TLS",
    open: () => listen(createHttp2Server()),
    kind: "INVALID_RESPONSE",
    says: "is not HTTP/1.1",
  },
  {
    name: "breaks off in its headers",
    open: () => raw((socket) => socket.end(`${HEAD}x: `)),
    kind: "INVALID_RESPONSE",
    says: "is not HTTP/1.1",
  },
  {
    name: "resets in the middle of the request",
    open: () => accepts((socket) => socket.once("data", () => socket.resetAndDestroy())),
    kind: "CONNECT",
    says: "closed the connection before it answered",
  },
];
