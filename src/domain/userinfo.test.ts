import { expect, test } from "vitest";
import { splitUserinfo } from "./userinfo.ts";

const basic = (credentials: string) =>
  `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;

test.each([
  ["https://user:pass@example.com/a?b=1", "https://example.com/a?b=1", "user:pass"],
  ["https://user@example.com/", "https://example.com/", "user:"],
  ["https://:pass@example.com/", "https://example.com/", ":pass"],
  ["https://us%65r:p%40ss%3A@example.com/", "https://example.com/", "user:p@ss:"],
  ["https://ünï:çödé@example.com/", "https://example.com/", "ünï:çödé"],
  ["https://100%:x@example.com/", "https://example.com/", "100%:x"],
])("%s becomes %s and basic authentication", (text, url, credentials) => {
  expect(splitUserinfo(text)).toEqual({ url, authorization: basic(credentials) });
});

test.each([
  "https://example.com/",
  "https://example.com/@b",
  "x",
  "",
  "https://a\tb:c@example.com/",
])("%j stays as it is", (text) => {
  expect(splitUserinfo(text)).toEqual({ url: text, authorization: null });
});
