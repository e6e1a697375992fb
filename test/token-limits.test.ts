import { expect, test } from "vitest";
import { startApp } from "./app.ts";
import { BareSocket } from "./bare-socket.ts";
import { withKey } from "./keys-steps.ts";
import { makeToken, statusWith } from "./tokens-steps.ts";
import { HandClock } from "./world.ts";

test("a token asks as often as a key, and no more often with tokens that it makes", async () => {
  const clock = new HandClock();
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_RATE: "5" }, circumstances: { clock } });
  const token = await makeToken(app);
  const other = await makeToken(app);
  const made = await withKey(app, token, () => makeToken(app));
  const madeByThat = await withKey(app, made, () => makeToken(app));
  for (const one of [token, made, madeByThat]) expect(await statusWith(app, one)).toBe(200);
  for (const one of [token, made, madeByThat]) expect(await statusWith(app, one)).toBe(429);
  for (let count = 0; count < 5; count++) expect(await statusWith(app, other)).toBe(200);
  expect((await app.post({ query: "{ __typename }" })).status).toBe(200);
  clock.pass(60_000);
  expect(await statusWith(app, made)).toBe(200);
});

test("a token has as many sockets as a key, and no more with tokens that it makes", async () => {
  await using app = await startApp({ env: { HOOKWIRE_LIMIT_SOCKETS_PER_KEY: "1" } });
  const token = await makeToken(app);
  const made = await withKey(app, token, () => makeToken(app));
  using line = new BareSocket(app);
  expect(await line.greet(token)).toBe("connection_ack");
  using refused = new BareSocket(app);
  expect(await refused.greet(made)).toBe(1013);
  for (const key of [await makeToken(app), app.key]) {
    using others = new BareSocket(app);
    expect(await others.greet(key)).toBe("connection_ack");
  }
});
