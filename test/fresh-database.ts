import { randomBytes } from "node:crypto";
import { Client } from "pg";

export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
}

/** An empty database of its own on the server, gone when it is disposed of. */
export async function freshDatabase(server: string): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const run = async (sql: string) => {
    const client = new Client(server);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`create database ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => run(`drop database ${name} with (force)`),
  };
}
