import { cpSync } from "node:fs";
import BetterSqlite from "better-sqlite3";
import type { Shape } from "./publisher.ts";
import { KEY, makeFolder, Service } from "./service.ts";
import { shapeOf } from "./shape.ts";
import { TYPE, type Parts } from "./throughput.ts";

/** Of the webhooks, so many of ten hang. */
const DEAD_OF_TEN = 3;
/** What one call may write, and a margin. */
const ROWS_OF_CALL = 4000;

export interface Backlog {
  readonly webhooks: number;
  /** One delivery each for every webhook. */
  readonly events: number;
}

export const isDead = (number: number): boolean => number % 10 < DEAD_OF_TEN;
export const pathOf = (number: number): string => `/${isDead(number) ? "hang" : "ok"}/${number}`;

/** An origin of its own for each. */
function urlOf(number: number, port: number): string {
  const host = `127.0.${1 + Math.floor(number / 250)}.${1 + (number % 250)}`;
  return `http://${host}:${port}${pathOf(number)}`;
}

/** Made by the service itself, for webhooks that are paused: nothing was tried yet. Returns the folder. */
export async function fill(
  { webhooks, events }: Backlog,
  { publisher, port }: Pick<Parts, "publisher" | "port">,
): Promise<string> {
  const folder = makeFolder();
  await using service = await Service.start({ folder });
  for (let number = 0; number < webhooks; number++)
    await service.makeWebhook({
      url: urlOf(number, port),
      type: TYPE,
      settings: { paused: true },
    });
  const shape: Shape = await shapeOf(service, TYPE, 1024);
  await publisher.ask("connect", { url: service.url, key: KEY, connections: 1 });
  const batch = Math.max(1, Math.floor(ROWS_OF_CALL / webhooks));
  for (let left = events; left > 0; left -= batch)
    await publisher.ask("batch", { shape, count: Math.min(batch, left) });
  await service.stop();
  return folder;
}

/** A copy in which webhooks are active, the dead ones or not: no process has met their receivers. */
export function copyOf(filled: string, withDead: boolean): string {
  const folder = makeFolder();
  cpSync(filled, folder, { recursive: true });
  const db = new BetterSqlite(`${folder}/data/hookwire.db`);
  db.prepare(
    `update webhook set state = 'ACTIVE', state_reason = null, active_since = ? where ? or url like '%/ok/%'`,
  ).run(Date.now(), Number(withDead));
  db.close();
  return folder;
}
