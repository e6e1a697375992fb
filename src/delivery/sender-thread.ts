import { parentPort, workerData } from "node:worker_threads";
import type { Outcome } from "../domain/outcome.ts";
import type { OutgoingRequest } from "../domain/request.ts";
import { createSending, type FromThread, type SenderRules, type ToThread } from "./sender.ts";

/** The thread that makes the requests, so that signing and sockets leave the main thread to commits and clients. */
const main = parentPort!;
const sending = createSending(workerData as SenderRules);
const stop = new AbortController();
let ended: (readonly [number, Outcome])[] = [];

main.on("message", (message: ToThread) => {
  if (message === "abort") stop.abort();
  // Ends the thread at once: lookups that nobody waits for any more would keep it for seconds.
  else if (message === "close") void sending.close().finally(() => process.exit());
  else for (const [number, request] of message.requests) void send(number, request);
});

async function send(number: number, request: OutgoingRequest): Promise<void> {
  const outcome = await sending.send(request, stop.signal);
  // What ends in the same turn of the event loop goes back in one message.
  if (ended.push([number, outcome]) === 1) setImmediate(post);
}

function post(): void {
  main.postMessage(ended satisfies FromThread);
  ended = [];
}
