import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export const KEY_BYTES = 32;

/**
 * The secret key beside the database. While it changes there is a second file, `.key.new`: it is on the disk before the
 * database is sealed with what it holds, and goes when `.key` holds the same. So whatever cuts a change short:
 *
 *   | it was cut                        | the database opens with | the next start (`settle`)          |
 *   |-----------------------------------|-------------------------|------------------------------------|
 *   | before the database's commit      | .key                    | removes .key.new, whole or not     |
 *   | after it                          | .key.new                | writes it into .key, whole or not  |
 *   | when only .key.new had to go      | both                    | removes .key.new                   |
 *
 * `.key` is written over, not replaced: it may be a link or a mount, and its owner and mode stay.
 */
export class KeyFile {
  readonly path: string;
  readonly nextPath: string;

  constructor(database: string) {
    this.path = `${database}.key`;
    this.nextPath = `${this.path}.new`;
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  /** The first one; never seen half written. */
  make(): void {
    rmSync(this.nextPath, { force: true });
    write(openSync(this.nextPath, "wx", 0o600), randomBytes(KEY_BYTES));
    renameSync(this.nextPath, this.path);
    syncFolder(this.path);
  }

  /** Undefined when it is not there or holds something else. */
  read(): Buffer | undefined {
    return keyIn(this.path);
  }

  /** Ends what a change that was cut short has left. */
  settle(opens: (key: Buffer) => boolean): void {
    if (!existsSync(this.nextPath)) return;
    const key = this.read();
    const next = keyIn(this.nextPath);
    if (key && opens(key)) this.#removeNext();
    else if (next && opens(next)) this.finish(next);
  }

  /** Keeps the next key, whatever happens from here on. Throws when it could not be finished. */
  prepare(next: Buffer): void {
    accessSync(this.path, constants.R_OK | constants.W_OK);
    rmSync(this.nextPath, { force: true });
    try {
      const file = openSync(this.nextPath, "wx", 0o600);
      // Made by root, it must still be readable to the service.
      const { uid, gid } = statSync(this.path);
      if (process.getuid?.() === 0) fchownSync(file, uid, gid);
      write(file, next);
      syncFolder(this.path);
    } catch (error) {
      rmSync(this.nextPath, { force: true });
      throw error;
    }
  }

  /** The database opens with nothing but the next key. */
  finish(next: Buffer): void {
    try {
      write(openSync(this.path, constants.O_WRONLY | constants.O_CREAT, 0o600), next);
    } catch (cause) {
      throw new Error(
        `what ${this.nextPath} holds can't be written into it (${(cause as Error).message}); move that file there`,
        { cause },
      );
    }
    this.#removeNext();
  }

  #removeNext(): void {
    rmSync(this.nextPath);
    syncFolder(this.path);
  }
}

export function textOf(key: Buffer): string {
  return `${key.toString("base64")}\n`;
}

function keyIn(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  const key = Buffer.from(readFileSync(path, "utf8"), "base64");
  return key.length === KEY_BYTES ? key : undefined;
}

/** Over what the file holds, onto the disk; closes it. */
function write(file: number, key: Buffer): void {
  try {
    const bytes = Buffer.from(textOf(key));
    writeSync(file, bytes, 0, bytes.length, 0);
    ftruncateSync(file, bytes.length);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A file that was made or removed is so after a power cut too. Windows opens no folders. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
