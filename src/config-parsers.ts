import { promises as dns } from "node:dns";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { parseDuration } from "./domain/duration.ts";
import { parseCidr } from "./domain/target.ts";

/** The text of a setting that is not what it should look like, which the message says. */
export class Unreadable extends Error {}

export function fail(shape: string): never {
  throw new Unreadable(shape);
}

export const integer = (least: number, most: number) =>
  z.string().transform((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most
      ? value
      : fail(`a whole number from ${least} to ${most}`);
  });
export const duration = (least: number, most: number, example: string) =>
  z.string().transform((text) => {
    const ms = parseDuration(text);
    return ms !== undefined && ms >= least && ms <= most
      ? ms
      : fail(`an ISO 8601 duration such as ${example}`);
  });
export const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
export const cidrs = list.transform((parts) => {
  for (const part of parts) {
    try {
      parseCidr(part);
    } catch (error) {
      fail(`a list of CIDRs such as 127.0.0.0/8,10.0.0.0/8: ${(error as Error).message}`);
    }
  }
  return parts;
});

export const nameServers = list.transform((parts) => {
  try {
    new dns.Resolver().setServers(parts);
  } catch {
    fail("a list of addresses such as 10.0.0.2,10.0.0.3:5353");
  }
  return parts;
});

export const origins = list.transform((parts) =>
  parts.map((part) => {
    const url = URL.parse(part);
    return url && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
      ? url.origin
      : fail("a list of origins without a path, such as https://admin.example.com");
  }),
);

/** A secret key's bytes. */
export function secretKey(text: string): Buffer {
  const key = Buffer.from(text, "base64");
  return key.length === 32
    ? key
    : fail("32 bytes in base64, as `openssl rand -base64 32` prints them");
}

const DOCUMENTS = z.record(z.string(), z.string().min(1));

/** As GraphQL Code Generator writes them, with `persistedDocuments`. */
export function readDocuments(path: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(DOCUMENTS.parse(JSON.parse(readFileSync(path, "utf8")))));
  } catch {
    return fail(
      'a JSON file of GraphQL documents by their hash, such as {"3b7c…": "query A { … }"}',
    );
  }
}

/** What begins with http: or https: and ends with its host or port. */
function bareUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  const isBare =
    url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.hash;
  return isBare ? url : undefined;
}

export function publicUrl(text: string): string {
  return (
    bareUrl(text)?.origin ??
    fail("an http or https address without a path, such as https://hooks.example.com")
  );
}

const PROXY_SHAPE =
  "an http or https address without a path, such as http://10.0.0.4:3128 or http://user:password@proxy.example.com:3128";

export function outboundProxy(text: string) {
  const url = bareUrl(text) ?? fail(PROXY_SHAPE);
  const isSecure = url.protocol === "https:";
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (isSecure ? 443 : 80)),
    ...((url.username || url.password) && { authorization: basic(url) }),
  };
}

/** The scheme of RFC 7617. */
function basic({ username, password }: URL): string {
  let pair: string;
  try {
    pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    // A % that is not the beginning of an escaped character.
    return fail("a URL whose user name and password have % written as %25");
  }
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}
