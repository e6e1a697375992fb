import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { JsonObject } from "../domain/catalog/entry.ts";
import { typescriptCatalog, type TypedEvent } from "../domain/catalog/typescript.ts";
import type { Command } from "./command.ts";

const DEFAULT_URL = "http://127.0.0.1:4000";
/** A catalog may have megabytes, but nobody waits longer for them. */
const TIMEOUT_MS = 60_000;

const USAGE = `Usage: hookwire types [--url <url>] [--out <file>]

Writes one TypeScript file with the types of all events in the catalog of a running service: the built-in ones
and your own. Retired ones are left out.

Options:
  --url <url>   where the service is; HOOKWIRE_URL, or ${DEFAULT_URL}, without it
  --out <file>  where to write; standard output without it

Environment:
  HOOKWIRE_API_KEY  any API key of the tenant, whatever its scopes
  HOOKWIRE_URL      see --url`;

/** The message is all that a person has to know. */
class TypesProblem extends Error {}

export const types: Command = {
  usage: USAGE,
  problems: [TypesProblem],
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { url: { type: "string" }, out: { type: "string" } },
    });
    const url = endpointOf(values.url ?? (process.env["HOOKWIRE_URL"] || DEFAULT_URL));
    const events = await catalogAt(url, readKey());
    const text = typescriptCatalog(events);
    if (values.out === undefined) return void process.stdout.write(text);
    await write(values.out, text);
    console.log(`Wrote ${events.length} event types to ${values.out}.`);
  },
};

/** The service's address, or that of its API, as the service prints it. */
function endpointOf(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypesProblem(`${text} is not an address; it should be like ${DEFAULT_URL}`);
  if (url.username || url.password)
    throw new TypesProblem(
      "The address must be without a password: the key is in HOOKWIRE_API_KEY",
    );
  url.pathname = `${url.pathname.replace(/(\/graphql)?\/*$/, "")}/graphql`;
  return url;
}

/** Not an option: the command line is seen by every user of the machine. */
function readKey(): string {
  const key = process.env["HOOKWIRE_API_KEY"] ?? "";
  if (key === "") throw new TypesProblem("Set HOOKWIRE_API_KEY to an API key of the service");
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypesProblem("HOOKWIRE_API_KEY is not an API key");
  return key;
}

const QUERY = `{
  events(includeDeprecated: true) {
    name
    title
    description
    schema
    deprecationReason
    retiredAt
  }
}`;

const ANSWER = z.union([
  z.object({ errors: z.array(z.object({ message: z.string() })).min(1) }),
  z.object({
    data: z.object({
      events: z.array(
        z.object({
          name: z.string(),
          title: z.string(),
          description: z.string(),
          // It came as JSON.
          schema: z.custom<JsonObject>((value) => z.looseObject({}).safeParse(value).success),
          deprecationReason: z.string().nullable(),
          retiredAt: z.string().nullable(),
        }),
      ),
    }),
  }),
]);

async function catalogAt(url: URL, key: string): Promise<readonly TypedEvent[]> {
  const { status, text } = await post(url, key);
  if (status === 401)
    throw new TypesProblem(`${url.href} does not know the key in HOOKWIRE_API_KEY`);
  const answer = ANSWER.safeParse(parsed(text)).data;
  if (!answer) throw new TypesProblem(`${url.href} is not a Hookwire: it answered ${status}`);
  if ("errors" in answer)
    throw new TypesProblem(`${url.href} refused: ${answer.errors[0]?.message}`);
  return answer.data.events.filter(({ retiredAt }) => retiredAt === null);
}

async function post(url: URL, key: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ query: QUERY }),
      redirect: "manual", // The key is for this address alone.
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { message, cause } = error as Error;
    const { code, message: why } = (cause ?? {}) as NodeJS.ErrnoException;
    throw new TypesProblem(`${url.href} can't be reached (${code ?? why ?? message})`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // No answer of Hookwire, which the caller says.
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new TypesProblem(
      `${file || "The file"} can't be written (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}
