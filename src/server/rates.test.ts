import { expect, test } from "vitest";
import { readConfig } from "../config.ts";
import { Rates } from "./rates.ts";
import { Session } from "./session.ts";

const rights = {
  tenantId: "ten_1",
  scopes: new Set<never>(),
  webhookIds: null,
  keyName: null,
  expiresAt: null,
};

test("who asks too often waits, also when very many others ask meanwhile", () => {
  let nowMs = 0;
  const rates = new Rates(readConfig({ HOOKWIRE_LIMIT_RATE: "1" }), () => nowMs);
  const refused = (id: string) => rates.refuse(new Session(id, rights, () => new Date(0)));
  expect(refused("often")).toBeUndefined();
  for (let other = 0; other < 5000; other++) expect(refused(`other ${other}`)).toBeUndefined();
  expect(refused("often")?.seconds).toBe(60);
  nowMs = 60_000;
  for (let other = 0; other < 5000; other++) expect(refused(`late ${other}`)).toBeUndefined();
  expect(refused("often")).toBeUndefined();
  expect(refused("late 0")?.seconds).toBe(60);
});
