import { expect, test } from "vitest";
import { createTargetPolicy, parseCidr } from "./target.ts";

const strict = createTargetPolicy({ allow: [], deny: [] });

function allowing(...allow: string[]) {
  return createTargetPolicy({ allow, deny: [] });
}

/** First and last addresses of each refused range, the famous ones between, and the ways to dress them up. */
const REFUSED = `
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.255
168.63.129.16 169.254.0.0 169.254.169.254 169.254.170.2 169.254.170.23 169.254.255.255 172.16.0.0 172.31.255.255
192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.0 192.168.255.255
192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::1%lo ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::fFFf:127.0.0.1 0:0:0:0:0:ffff:7f00:1
::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0 ::ffff:0:7f00:1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::1
100::1 100:0:0:1::1 5f00::1 fc00::1 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fdff:ffff::1 fe80::1 fe80::1%eth0
febf::1 fec0::1 ff02::1 2001::1 2001:2::1 2001:10::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 2002:ffff::1
2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 1fff:ffff::1 8000::1
`
  .trim()
  .split(/\s+/);

const PUBLIC = `
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 ::ffff:8.8.8.8 ::ffff:808:808 2001:200::1 2001:4860:4860::8888
2003::1 2606:4700:4700::1111 2a00:1450:4001::1 2620:4f:7fff::1 3ffe::1 2000::
`
  .trim()
  .split(/\s+/);

test("addresses that are not public are refused, whatever their dress", () => {
  expect(REFUSED).toHaveLength(78);
  expect(REFUSED.filter((ip) => strict.judgeAddress(ip).ok)).toEqual([]);
});

test("public addresses right beside the refused ranges pass", () => {
  expect(PUBLIC).toHaveLength(31);
  expect(PUBLIC.filter((ip) => !strict.judgeAddress(ip).ok)).toEqual([]);
});

test.each(["", "example.com", "127.1", "0x7f.1", "1.2.3", "1.2.3.4.5", ":::1", "::g", "[::1]"])(
  "%j is no address, and refused",
  (text) => {
    expect(strict.judgeAddress(text)).toEqual({
      ok: false,
      reason: expect.stringContaining("not an IP address"),
    });
  },
);

test.each([
  ["127.8.9.1", "127.0.0.0/8"],
  ["::ffff:7f00:1", "127.0.0.0/8"],
  ["10.1.2.3", "10.1.2.3/32"],
  ["::ffff:10.1.2.3", "10.1.2.3/32"],
  ["169.254.169.254", "169.254.169.254/32"],
  ["::1", "::1/128"],
  ["fd00:0:0:7::1%eth0", "fd00:0:0:7::1/128"],
  ["64:ff9b::7f00:1", "64:ff9b::7f00:1/128"],
])("the refusal of %s says how to allow it, and that works", (ip, cidr) => {
  const judged = strict.judgeAddress(ip);
  expect(judged).toMatchObject({
    ok: false,
    reason: expect.stringMatching(`HOOKWIRE_ALLOW_TARGETS=${cidr}$`),
  });
  expect(allowing(cidr).judgeAddress(ip)).toEqual({ ok: true });
});

test("an allowed range opens exactly itself, and its mapped form", () => {
  const policy = allowing("10.0.0.0/8", "fd12::/16");
  for (const ip of ["10.0.0.1", "10.255.255.255", "::ffff:10.0.0.1", "fd12::1"]) {
    expect(policy.judgeAddress(ip), ip).toEqual({ ok: true });
  }
  for (const ip of [
    "127.0.0.1",
    "192.168.0.1",
    "::ffff:127.0.0.1",
    "fd13::1",
    "::10.0.0.1",
    "64:ff9b::a00:1",
  ]) {
    expect(policy.judgeAddress(ip).ok, ip).toBe(false);
  }
  expect(allowing("::ffff:10.0.0.0/104").judgeAddress("10.9.9.9")).toEqual({ ok: true });
});

test("a wide allowed range does not open a metadata service; an entry inside its range does", () => {
  const wide = allowing("0.0.0.0/0", "::/0");
  for (const ip of ["10.0.0.1", "127.0.0.1", "100.100.100.201", "fd00::1", "fe80::1"]) {
    expect(wide.judgeAddress(ip), ip).toEqual({ ok: true });
  }
  const services = `169.254.169.254 ::ffff:169.254.169.254 168.63.129.16 100.100.100.200 192.0.0.192
    fd00:ec2::254 fd20:ce::254`.split(/\s+/);
  for (const ip of services) expect(wide.judgeAddress(ip).ok, ip).toBe(false);
  expect(allowing("169.254.0.0/15").judgeAddress("169.254.169.254").ok).toBe(false);
  for (const range of ["169.254.0.0/16", "169.254.169.254", "169.254.169.0/24"]) {
    expect(allowing(range).judgeAddress("169.254.169.254"), range).toEqual({ ok: true });
  }
  expect(allowing("fd00:ec2::254").judgeAddress("fd00:ec2::254")).toEqual({ ok: true });
});

test("what is denied stays denied, and the reason names the entry", () => {
  const policy = createTargetPolicy({
    allow: ["10.0.0.0/8"],
    deny: ["10.0.7.0/24", "8.8.0.0/16", "2606::/16"],
  });
  expect(policy.judgeAddress("10.0.6.1")).toEqual({ ok: true });
  for (const ip of ["10.0.7.1", "::ffff:10.0.7.1", "8.8.8.8", "2606:4700::1"]) {
    expect(policy.judgeAddress(ip), ip).toMatchObject({
      reason: expect.stringContaining("HOOKWIRE_DENY_TARGETS"),
    });
  }
  const noLoopback = createTargetPolicy({ allow: ["127.0.0.0/8"], deny: ["127.0.0.1/32"] });
  expect(noLoopback.judgeUrl("http://localhost/").ok).toBe(false);
});

/** Each means loopback, another private place or nothing that a webhook could reach. */
const REFUSED_URLS = [
  ..."2130706433 0x7f000001 017700000001 0177.0.0.1 0x7f.1 127.1 127.0.0.1. 127.0.0.1 0 0.0.0.0 0x".split(
    " ",
  ),
  ..."①②⑦.⓪.⓪.① 127。0。0。1 １２７.0.0.1 ⓛocalhost loc%61lhost LOCALHOST localhost. a.localhost".split(
    " ",
  ),
  ..."printer.local api.internal metadata.google.internal. LOCAL internal example.com@127.0.0.1".split(
    " ",
  ),
  ..."127.0.0.1#@example.com [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [fd00::1]".split(
    " ",
  ),
  ..."[64:ff9b::7f00:1] [2002:7f00:1::] 169.254.169.254 10.0.0.1:8080 192.168.1.1/path?x#y".split(
    " ",
  ),
].map((rest) => `http://${rest}`);

const OTHER_REFUSED_URLS = [
  "http:127.0.0.1",
  "http:\\\\127.0.0.1",
  "http:///127.0.0.1",
  "https://127.0.0.1/",
  "http://[fe80::1%eth0]/",
  "http://[fe80::1%25eth0]/",
  "ftp://example.com/",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "data:text/plain,x",
  "ws://example.com/",
  "example.com/hook",
  "//example.com",
  "",
  "http://",
  "http://exa mple.com/",
  "https://example.com:99999/",
  "https://example.com/a\tb",
  "https://exam\nple.com/",
  "https://example.com/\u0000",
  "\u0001https://example.com/",
  "https://user:pass@example.com/",
  "https://user@example.com/",
  "https://:pass@example.com/",
];

test("URLs that hide a private place, or are no plain web address, are refused with a reason", () => {
  const urls = [...REFUSED_URLS, ...OTHER_REFUSED_URLS];
  expect(urls).toHaveLength(61);
  expect(urls.filter((url) => strict.judgeUrl(url).ok)).toEqual([]);
  for (const url of urls)
    expect(strict.judgeUrl(url)).toMatchObject({ reason: expect.stringMatching(/\w{3}/) });
  expect(strict.judgeUrl("https://u:p@example.com/")).toMatchObject({
    reason: expect.stringContaining("custom header"),
  });
});

test.each([
  ["https://example.com/hook?a=1", "https://example.com/hook?a=1"],
  ["HTTP://EXAMPLE.com:80/a/../b#part", "http://example.com/b"],
  [" https://example.com ", "https://example.com/"],
  ["https://bücher.example/x", "https://xn--bcher-kva.example/x"],
  ["http://0x08.8.2056", "http://8.8.8.8/"],
  ["https://[2606:4700:4700:0:0::1111]:8443/", "https://[2606:4700:4700::1111]:8443/"],
  ["https://notlocalhost/", "https://notlocalhost/"],
  ["https://localhost.example.com/", "https://localhost.example.com/"],
  ["https://mylocal/", "https://mylocal/"],
  ["https://internal.example/", "https://internal.example/"],
])("%s passes and is stored as %s", (url, href) => {
  expect(strict.judgeUrl(url)).toEqual({ ok: true, href });
});

test("all ports but those that browsers refuse too", () => {
  const passes = (port: number) => strict.judgeUrl(`https://example.com:${port}/`).ok;
  const refused = Array.from({ length: 65_536 }, (_, port) => port).filter((port) => !passes(port));
  expect(refused).toHaveLength(83);
  for (const port of [0, 22, 25, 6000, 6667, 10_080]) expect(refused).toContain(port);
  for (const port of [80, 443, 3306, 5432, 6379, 8080, 8443]) expect(refused).not.toContain(port);
});

test("with loopback allowed localhost means loopback without DNS, and other private names are resolved", () => {
  const policy = allowing("127.0.0.0/8");
  expect(policy.judgeHost("localhost")).toEqual({ ok: true, addresses: ["127.0.0.1"] });
  expect(policy.judgeHost("App.LOCALHOST.")).toEqual({ ok: true, addresses: ["127.0.0.1"] });
  expect(policy.judgeHost("host.docker.internal")).toEqual({ ok: true });
  expect(policy.judgeHost("[::ffff:127.0.0.1]")).toEqual({
    ok: true,
    addresses: ["::ffff:127.0.0.1"],
  });
  expect(policy.judgeHost("[::1]").ok).toBe(false);
  expect(policy.judgeUrl("http://localhost:3000/in")).toEqual({
    ok: true,
    href: "http://localhost:3000/in",
  });
  expect(allowing("127.0.0.0/8", "::1").judgeHost("localhost")).toEqual({
    ok: true,
    addresses: ["127.0.0.1", "::1"],
  });
  expect(allowing("10.0.0.0/8").judgeHost("localhost").ok).toBe(false);
});

test.each([
  "10.0.0/8",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/",
  "10.0.0.0/8/8",
  "10.1.2.3/8",
  "::/129",
  "::1/64",
])("%s is refused as a CIDR by an error that names it", (text) => {
  expect(() => parseCidr(text)).toThrow(`"${text}"`);
  expect(() => createTargetPolicy({ allow: [], deny: [text] })).toThrow(`"${text}"`);
});

test.each([
  "example.com",
  "",
  "fe80::1%eth0/64",
  "::ffff:10.0.0.0/64",
  "10.0.0.0 /8",
  "0x0a.0.0.0/8",
])("%j is refused as a CIDR too", (text) => {
  expect(() => parseCidr(text)).toThrow(`"${text}"`);
});
