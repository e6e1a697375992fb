import { expect, test } from "vitest";
import { Session } from "./session.ts";

const rights = {
  tenantId: "ten_1",
  scopes: new Set<never>(),
  webhookIds: null,
  keyName: null,
  expiresAt: new Date(1000),
};

test("what was opened ends with a session once, what was closed before does not, and what comes later at once", () => {
  const ended: string[] = [];
  const session = new Session("key_1", rights, () => new Date(0));
  session.onEnd(() => ended.push("open"));
  session.onEnd(() => ended.push("closed"))();
  session.end();
  session.end();
  expect([ended, session.isOver]).toEqual([["open"], true]);
  session.onEnd(() => ended.push("late"));
  expect(ended).toEqual(["open", "late"]);
});

test("a session is over when its key expires", () => {
  let nowMs = 999;
  const session = new Session("key_1", rights, () => new Date(nowMs));
  expect(session.isOver).toBe(false);
  nowMs = 1000;
  expect(session.isOver).toBe(true);
});
