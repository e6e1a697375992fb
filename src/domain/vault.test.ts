import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createVault } from "./vault.ts";

const key = randomBytes(32);

test("what is sealed opens for its owner, and reads as nothing in between", () => {
  const vault = createVault(key);
  const sealed = vault.seal("whsec_très secret", "sec_1");
  expect(sealed).not.toContain("secret");
  expect(vault.open(sealed, "sec_1")).toBe("whsec_très secret");
  expect(vault.seal("x", "sec_1")).not.toBe(vault.seal("x", "sec_1"));
});

test("it opens for no other owner, with no other key, and not when changed", () => {
  const vault = createVault(key);
  const sealed = vault.seal("secret", "sec_1");
  expect(() => vault.open(sealed, "sec_2")).toThrow();
  expect(() => createVault(randomBytes(32)).open(sealed, "sec_1")).toThrow(/another key/);
  const [id, content = ""] = sealed.split(".");
  const bytes = Buffer.from(content, "base64url");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(() => vault.open(`${id}.${changed.toString("base64url")}`, "sec_1")).toThrow();
  }
});
