import { serverAudits } from "graphql-http";
import { expect, test } from "vitest";
import { ADMIN_KEY, startApp } from "./app.ts";

test("every audit of GraphQL over HTTP passes, MUST, SHOULD and MAY, with the key", async () => {
  await using app = await startApp();
  const fetchFn = (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${ADMIN_KEY}`);
    return fetch(url, { ...init, headers });
  };
  const audits = serverAudits({ url: `${app.url}/graphql`, fetchFn });
  expect(audits.length).toBeGreaterThan(50);
  const failed: string[] = [];
  for (const { id, name, fn } of audits) {
    const result = await fn();
    if (result.status !== "ok") failed.push(`${id} ${name}: ${result.reason}`);
  }
  expect(failed).toEqual([]);
});
