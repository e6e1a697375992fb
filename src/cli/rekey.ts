import { randomBytes } from "node:crypto";
import { existsSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { secretKey } from "../config-parsers.ts";
import { ConfigProblem, readSettings, SETTINGS } from "../config.ts";
import { DatabaseProblem } from "../persistence/database.ts";
import { KeyFile, textOf } from "../persistence/key-file.ts";
import { rekey as rekeyDatabase, rewrite } from "../persistence/rekey.ts";
import { inWords, openDatabase, type SqliteDatabase } from "../persistence/sqlite/open.ts";
import { isServer } from "../persistence/storage.ts";
import type { Command } from "./command.ts";

const NEW_KEY = "HOOKWIRE_NEW_SECRET_KEY";

const USAGE = `Usage: hookwire rekey

Changes the key that signing secrets and secret headers are encrypted with. Stop the service first.

Environment:
  DATABASE_URL              as the service has it
  HOOKWIRE_SECRET_KEY       as the service has it; without it, the key in the file beside the database
  HOOKWIRE_NEW_SECRET_KEY   the new key, as openssl rand -base64 32 prints one; without it, one is made

A key in a file is changed there. With HOOKWIRE_SECRET_KEY, a key that is made is printed, once.
Sessions and access tokens end: sign in again. Backups made before are still opened by the old key.`;

export const rekey: Command = {
  usage: USAGE,
  problems: [ConfigProblem, DatabaseProblem],
  async run(args) {
    parseArgs({ args: [...args], options: {} });
    const settings = readRekeySettings();
    const { file } = settings;
    // What SQLite puts aside while it rewrites holds payloads: not in a folder for everybody.
    process.env["SQLITE_TMPDIR"] ??= dirname(resolve(file));
    const database = await inWords(file, () => openDatabase(file));
    try {
      await inWords(file, () => change(database, settings));
    } finally {
      await database.close();
    }
  },
};

type Settings = ReturnType<typeof readRekeySettings>;

function readRekeySettings() {
  const {
    DATABASE_URL: file,
    HOOKWIRE_SECRET_KEY: given,
    [NEW_KEY]: newKey,
  } = readSettings(
    {
      DATABASE_URL: SETTINGS.DATABASE_URL,
      HOOKWIRE_SECRET_KEY: SETTINGS.HOOKWIRE_SECRET_KEY,
      [NEW_KEY]: { parse: z.string().transform(secretKey), default: textOf(randomBytes(32)) },
    },
    process.env,
  );
  if (isServer(file)) throw new DatabaseProblem("Only a SQLite database can be rekeyed so far");
  if (file === ":memory:") throw new DatabaseProblem("A database in memory keeps no secrets");
  if (!existsSync(file))
    throw new DatabaseProblem(
      `There is no database ${resolve(file)}; set DATABASE_URL to what the service has`,
    );
  return { file, secretKey: given, newKey, isMade: process.env[NEW_KEY] === undefined };
}

function change({ writer }: SqliteDatabase, { file, secretKey, newKey, isMade }: Settings): void {
  const show = () => {
    // At once, and with an error when nobody listens: a key that is lost loses every secret.
    if (isMade) writeSync(process.stdout.fd, `New secret key (shown only now): ${textOf(newKey)}`);
  };
  const { secrets, headers, keyId, formerKeyId } = rekeyDatabase(writer, {
    file,
    secretKey,
    newKey,
    show,
  });
  console.log(
    `Resealed ${counted(secrets, "signing secret")} and ${counted(headers, "secret header")}; the key is now ${keyId} (was ${formerKeyId}).`,
  );
  const { path } = new KeyFile(file);
  console.log(
    secretKey
      ? `Start the service with HOOKWIRE_SECRET_KEY set to the new key${isMade ? "" : `, and without ${NEW_KEY}`}.`
      : `The new key is in ${path}.`,
  );
  console.log(`Rewriting ${file}, so that nothing is left in it that the old key opens …`);
  rewrite(writer, file);
  console.log(
    "Done. Sessions and access tokens are over. Copies and backups made before still open with the old key.",
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
