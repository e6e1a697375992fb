import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./process.ts";

export interface Disk extends Disposable {
  readonly path: string;
  /** Takes all room that is left; call the answer to give it back. */
  readonly fill: () => () => void;
}

/** A small file system of its own, which only root can make; undefined for others. */
export function mountDisk(megabytes: number): Disk | undefined {
  const folder = makeFolder();
  const { path } = folder;
  try {
    const size = `size=${megabytes}m`;
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", path], { stdio: "ignore" });
  } catch {
    folder[Symbol.dispose]();
    return undefined;
  }
  return {
    path,
    fill: () => fill(join(path, "filler")),
    [Symbol.dispose]() {
      execFileSync("umount", ["-l", path]);
      folder[Symbol.dispose]();
    },
  };
}

/** Takes all room that is left; call to give it back. */
export function fill(path: string): () => void {
  const file = openSync(path, "w");
  for (const size of [65_536, 4096, 1]) {
    const bytes = Buffer.alloc(size);
    try {
      for (;;) writeSync(file, bytes);
    } catch {
      // No room for this much: smaller pieces fill the rest.
    }
  }
  closeSync(file);
  return () => rmSync(path);
}
