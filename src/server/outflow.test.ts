import { EventEmitter } from "node:events";
import { setImmediate as settled } from "node:timers/promises";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { Outflow } from "./outflow.ts";

const FULL = "x".repeat(1024 * 1024 + 1);

/** A client that takes what is sent when the test says so. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  isPaused = false;
  readonly ends: string[] = [];
  readonly #waiting: { bytes: number; left: () => void }[] = [];

  send(text: string, left: () => void): void {
    this.bufferedAmount += text.length;
    this.#waiting.push({ bytes: text.length, left });
  }

  /** Takes the oldest text. */
  take(): void {
    const { bytes, left } = this.#waiting.shift()!;
    this.bufferedAmount -= bytes;
    left();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(code?: number, reason?: string): void {
    this.readyState = 2;
    this.ends.push(`close ${code} ${reason}`);
  }

  terminate(): void {
    this.readyState = 3;
    this.ends.push("terminate");
    this.emit("close");
  }
}

function open() {
  const socket = new SlowSocket();
  return { socket, outflow: new Outflow(socket as unknown as WebSocket) };
}

test("at most 16 operations are executed at once, and the next one begins when one has ended", async () => {
  const { outflow } = open();
  const works = Array.from({ length: 18 }, () => Promise.withResolvers<string>());
  const begun: number[] = [];
  const results = works.map(({ promise }, number) =>
    outflow.run(() => {
      begun.push(number);
      return promise;
    }),
  );
  await settled();
  expect(begun).toHaveLength(16);
  works[3]!.resolve("done");
  expect(await results[3]).toBe("done");
  await settled();
  expect(begun).toHaveLength(17);
  works[4]!.reject(new Error("broken"));
  await expect(results[4]).rejects.toThrow("broken");
  await settled();
  expect(begun).toHaveLength(18);
});

test("nothing is executed or read while more than a mebibyte waits, and it goes on when that has left", async () => {
  const { socket, outflow } = open();
  const small = outflow.send("x");
  expect(socket.isPaused).toBe(false);
  const large = outflow.send(FULL);
  expect(socket.isPaused).toBe(true);
  let isBegun = false;
  const result = outflow.run(() => (isBegun = true));
  socket.take();
  await small;
  await settled();
  expect([isBegun, socket.isPaused]).toEqual([false, true]);
  socket.take();
  await large;
  expect(await result).toBe(true);
  expect(socket.isPaused).toBe(false);
});

test("a mebibyte that waits is not too much", async () => {
  const { socket, outflow } = open();
  void outflow.send(FULL.slice(1));
  expect(socket.isPaused).toBe(false);
  expect(await outflow.run(() => "done")).toBe("done");
});

test("when the client is gone, whoever waits is let go and nothing is executed any more", async () => {
  const { socket, outflow } = open();
  void outflow.send(FULL);
  const executed: string[] = [];
  const waiting = outflow.run(() => executed.push("waiting"));
  await settled();
  socket.terminate();
  expect(await waiting).toBeUndefined();
  expect(await outflow.run(() => executed.push("later"))).toBeUndefined();
  await outflow.send("nobody reads this");
  expect(executed).toEqual([]);
});

test("a client that reads is closed with code and reason; one that does not is cut off", () => {
  const reading = open();
  reading.outflow.close(4409, "twice");
  expect(reading.socket.ends).toEqual(["close 4409 twice"]);
  const full = open();
  void full.outflow.send(FULL);
  full.outflow.close(4409, "twice");
  expect(full.socket.ends).toEqual(["close 4409 twice", "terminate"]);
});
