import { isIPv4, isIPv6 } from "node:net";

/** CIDRs as an operator writes them. */
export interface TargetRules {
  /** What webhooks may reach although it is refused by default. */
  readonly allow: readonly string[];
  /** What they may not reach in any case; wins over `allow`. */
  readonly deny: readonly string[];
}

export interface Refused {
  readonly ok: false;
  /** What is wrong, and how to allow the target where that is possible. */
  readonly reason: string;
}
export type Judgement = { readonly ok: true } | Refused;

/** Where requests may go. */
export interface TargetPolicy {
  /** `ip` as text: IPv4, IPv6, mapped (judged as the IPv4 inside) or with a zone (ignored). */
  judgeAddress(ip: string): Judgement;
  /**
   * A URL's host. `addresses` are the only ones to connect to; without them the host is a name to
   * ask DNS for, and each answer has to pass `judgeAddress`.
   */
  judgeHost(host: string): { readonly ok: true; readonly addresses?: readonly string[] } | Refused;
  /**
   * What can be said before DNS. `href` is the form to store: normalised, and without its fragment,
   * which is never sent.
   */
  judgeUrl(url: string): { readonly ok: true; readonly href: string } | Refused;
}

interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}
export interface Cidr extends Address {
  readonly prefix: number;
  readonly text: string;
}

/** Not global by IANA's special-purpose registries (RFC 6890), or serving a cloud's credentials. */
const REFUSED = table({
  "0.0.0.0/8": "this machine (0.0.0.0/8)",
  "10.0.0.0/8": "a private network",
  "100.64.0.0/10": "a shared network (CGNAT)",
  "127.0.0.0/8": "this machine (loopback)",
  "168.63.129.16/32": "a cloud's metadata service",
  "169.254.0.0/16": "a link-local address, where clouds keep their metadata service",
  "172.16.0.0/12": "a private network",
  "192.0.0.0/24": "reserved by IETF",
  "192.0.2.0/24": "reserved for documentation",
  "192.31.196.0/24": "reserved (AS112)",
  "192.52.193.0/24": "reserved (AMT)",
  "192.88.99.0/24": "reserved (6to4 relay)",
  "192.168.0.0/16": "a private network",
  "192.175.48.0/24": "reserved (AS112)",
  "198.18.0.0/15": "reserved for benchmarks",
  "198.51.100.0/24": "reserved for documentation",
  "203.0.113.0/24": "reserved for documentation",
  "224.0.0.0/4": "a multicast address",
  "240.0.0.0/4": "reserved",
  "::/128": "this machine (unspecified address)",
  "::1/128": "this machine (loopback)",
  "64:ff9b::/96": "an IPv4 address in disguise (NAT64)",
  "64:ff9b:1::/48": "an IPv4 address in disguise (NAT64)",
  "fc00::/7": "a private network",
  "fe80::/10": "a link-local address",
  "ff00::/8": "a multicast address",
  "2001::/23": "reserved by IETF (Teredo and others)",
  "2001:db8::/32": "reserved for documentation",
  "2002::/16": "an IPv4 address in disguise (6to4)",
  "2620:4f:8000::/48": "reserved (AS112)",
  "3fff::/20": "reserved for documentation",
});
/** IPv6 is public inside this range only (RFC 4291), less the ranges above. */
const GLOBAL_IPV6 = parseCidr("2000::/3");

/**
 * Metadata services hand out a machine's credentials, so a wide range such as 100.64.0.0/10 or
 * fc00::/7, allowed for the sake of a network, must not open them by the way: only an entry that
 * equals one of these or lies inside it does.
 */
const GUARDED = [
  "169.254.0.0/16", // AWS, Google, Azure, OpenStack and others
  "168.63.129.16/32", // Azure
  "100.100.100.200/32", // Alibaba
  "192.0.0.192/32", // Oracle
  "fd00:ec2::/32", // AWS
  "fd20:ce::/32", // Google
].map(parseCidr);

/** Ports of other protocols that an HTTP request could speak to by accident or on purpose, as browsers refuse them (Fetch standard, port blocking). */
const BLOCKED_PORTS = new Set(
  (
    "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137 " +
    "139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 " +
    "1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080"
  ).split(" "),
);

/** `port` as a URL has it: empty for the protocol's own. */
export function isBlockedPort(port: string): boolean {
  return BLOCKED_PORTS.has(port);
}

const CONTROL_CHARACTER = /\p{Cc}/u;
const LOCALHOST = /(?:^|\.)localhost$/;
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal)$/;

/** Compiles the rules; throws, naming it, on an entry that is no CIDR. */
export function createTargetPolicy(rules: TargetRules): TargetPolicy {
  const allow = rules.allow.map(parseCidr);
  const deny = rules.deny.map(parseCidr);

  const judgeAddress: TargetPolicy["judgeAddress"] = (ip) => {
    const address = parseAddress(ip);
    if (!address) return refuse(`${ip} is not an IP address`);
    const denied = deny.find((cidr) => contains(cidr, address));
    if (denied) return refuse(`${ip} may not be reached: HOOKWIRE_DENY_TARGETS has ${denied.text}`);
    const what = whyRefused(address);
    if (what === undefined || allow.some((cidr) => opens(cidr, address))) return { ok: true };
    return refuse(`${ip} is ${what}. ${howToAllow(address)}`);
  };

  const loopback = ["127.0.0.1", "::1"].filter((ip) => judgeAddress(ip).ok);

  const judgeHost: TargetPolicy["judgeHost"] = (host) => {
    const name = host.replace(/^\[|\]$/g, "").toLowerCase();
    if (parseAddress(name)) {
      const judged = judgeAddress(name);
      return judged.ok ? { ok: true, addresses: [name] } : judged;
    }
    const bare = name.replace(/\.$/, "");
    if (!PRIVATE_NAME.test(bare)) return { ok: true };
    if (loopback.length === 0) {
      return refuse(`${bare} is a name inside a private network. ${HOW_TO_ALLOW}127.0.0.0/8`);
    }
    return LOCALHOST.test(bare) ? { ok: true, addresses: loopback } : { ok: true };
  };

  return { judgeAddress, judgeHost, judgeUrl: (url) => judgeUrl(url, judgeHost) };
}

function judgeUrl(
  text: string,
  judgeHost: TargetPolicy["judgeHost"],
): ReturnType<TargetPolicy["judgeUrl"]> {
  if (CONTROL_CHARACTER.test(text)) {
    return refuse("The URL holds a control character, such as a tab or a line break");
  }
  const url = URL.parse(text);
  if (!url) return refuse("This is not a URL; it should look like https://example.com/webhooks");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse(`The URL must start with https:// or http://, not ${url.protocol.slice(0, 40)}`);
  }
  if (url.username || url.password) {
    return refuse(
      "The URL holds a user name or a password: put credentials into a custom header instead",
    );
  }
  if (isBlockedPort(url.port)) {
    return refuse(`Port ${url.port} belongs to another protocol; browsers refuse it too`);
  }
  const judged = judgeHost(url.hostname);
  if (!judged.ok) return judged;
  url.hash = "";
  return { ok: true, href: url.href };
}

/**
 * An IPv4 or IPv6 range, or a single address. Throws an error that quotes the text when it is
 * neither, and when it has bits behind its prefix: 10.1.2.3/8 may be meant as 10.1.2.3/32 and would
 * open sixteen million addresses.
 */
export function parseCidr(text: string): Cidr {
  const [ip = "", length, ...rest] = text.split("/");
  const address = ip.includes("%") ? undefined : parseAddress(ip);
  if (!address || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) {
    throw new Error(`"${text}" is not a CIDR such as 10.0.0.0/8 or fd00::/8`);
  }
  // ::ffff:10.0.0.0/104 is the mapped way to write 10.0.0.0/8.
  const mapped = address.family === 4 && ip.includes(":");
  const width = bitsOf(address.family);
  const prefix = length === undefined ? width : Number(length) - (mapped ? 96 : 0);
  if (prefix < 0 || prefix > width)
    throw new Error(`"${text}" is not a CIDR: its prefix is too ${prefix < 0 ? "short" : "long"}`);
  if (address.value & ((1n << BigInt(width - prefix)) - 1n)) {
    throw new Error(`"${text}" is not a CIDR: the address has bits behind its prefix of ${length}`);
  }
  return { ...address, prefix, text };
}

function table(
  entries: Record<string, string>,
): readonly { readonly cidr: Cidr; readonly what: string }[] {
  return Object.entries(entries).map(([text, what]) => ({ cidr: parseCidr(text), what }));
}

function whyRefused(address: Address): string | undefined {
  const entry = REFUSED.find(({ cidr }) => contains(cidr, address));
  if (entry) return entry.what;
  return address.family === 6 && !contains(GLOBAL_IPV6, address)
    ? "outside the public IPv6 addresses"
    : undefined;
}

function opens(cidr: Cidr, address: Address): boolean {
  if (!contains(cidr, address)) return false;
  const guard = GUARDED.find((guarded) => contains(guarded, address));
  return guard === undefined || (cidr.prefix >= guard.prefix && contains(guard, cidr));
}

const HOW_TO_ALLOW =
  "If webhooks are meant to reach it, the operator allows it with HOOKWIRE_ALLOW_TARGETS=";

function howToAllow(address: Address): string {
  const isLoopback = address.family === 4 && address.value >> 24n === 127n;
  return (
    HOW_TO_ALLOW + (isLoopback ? "127.0.0.0/8" : `${format(address)}/${bitsOf(address.family)}`)
  );
}

function contains(cidr: Cidr, address: Address): boolean {
  if (cidr.family !== address.family) return false;
  return (cidr.value ^ address.value) >> BigInt(bitsOf(cidr.family) - cidr.prefix) === 0n;
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** A mapped IPv4 address (::ffff:0:0/96) counts as IPv4: that is where the packets go. */
function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: quad(text) };
  const ip = text.replace(/%.*$/s, "");
  if (!isIPv6(ip)) return undefined;
  const value = groups(ip);
  return value >> 32n === 0xffffn
    ? { family: 4, value: value & 0xffff_ffffn }
    : { family: 6, value };
}

function quad(ip: string): bigint {
  return ip.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function groups(ip: string): bigint {
  const hex = ip.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const value = quad(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = [], tail = []] = hex
    .split("::")
    .map((side) => (side === "" ? [] : side.split(":")));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].reduce(
    (value, group) => (value << 16n) | BigInt(`0x${group}`),
    0n,
  );
}

function format({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const hex = value.toString(16).padStart(32, "0").match(/.{4}/g) ?? [];
  return new URL(`http://[${hex.join(":")}]`).hostname.slice(1, -1);
}

function refuse(reason: string): Refused {
  return { ok: false, reason };
}
