import { Pool } from "undici";
import { answer } from "./child.ts";
import { nowMs } from "./stats.ts";

/** Events of one type with a payload of a given size, published over HTTP as a script would. */
export interface Shape {
  readonly type: string;
  /** JSON text of an object without its closing brace and filled up to the size: `sentAt` is added to it. */
  readonly payload: string;
}

const BATCH = `mutation ($input: PublishEventsInput!) {
  publishEvents(input: $input) {
    __typename
    ... on PublishEventsPayload { results { __typename ... on PublishEventPayload { eventId } } }
    ... on UserError { message }
  }
}`;
const SINGLE = `mutation ($i: PublishEventInput!, $go: Boolean!) {
  __typename
  publishEvent(input: $i) @include(if: $go) {
    __typename
    ... on PublishEventPayload { eventId }
    ... on UserError { message }
  }
}`;

let pool: Pool;
let headers: Record<string, string>;
const [batch, single] = [BATCH, SINGLE].map((query) => JSON.stringify(query));

export const commands = {
  connect(about: { url: string; key: string; connections: number }): void {
    pool = new Pool(about.url, { connections: about.connections, pipelining: 1 });
    headers = { authorization: `Bearer ${about.key}`, "content-type": "application/json" };
  },
  /** One batch of `count` events. Returns how many were accepted. */
  async batch({ shape, count }: { shape: Shape; count: number }): Promise<number> {
    const events = Array.from({ length: count }, () => eventOf(shape)).join(",");
    const answered = await post(`{"query":${batch},"variables":{"input":{"events":[${events}]}}}`);
    const accepted = answered.split('"__typename":"PublishEventPayload"').length - 1;
    if (accepted !== count) throw new Error(answered.slice(0, 500));
    return accepted;
  },
  /** One mutation for each event, `atOnce` under way; `go: false` asks for nothing. Returns milliseconds. */
  async singles(about: {
    shape: Shape;
    count: number;
    atOnce: number;
    go: boolean;
  }): Promise<number> {
    let left = about.count;
    const startMs = performance.now();
    await Promise.all(
      Array.from({ length: about.atOnce }, async () => {
        while (left-- > 0) await publish(about.shape, about.go);
      }),
    );
    return performance.now() - startMs;
  },
  /** Open loop: `perSecond` mutations begin at their time, whatever became of those before. Returns answer times. */
  async openLoop(about: { shape: Shape; perSecond: number; seconds: number }): Promise<number[]> {
    const answerTimes: number[] = [];
    const count = about.perSecond * about.seconds;
    const startMs = nowMs();
    const open: Promise<void>[] = [];
    const send = async (dueMs: number) => {
      await publish(about.shape, true, dueMs);
      answerTimes.push(nowMs() - dueMs);
    };
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        for (let dueMs = dueOf(); open.length < count && dueMs <= nowMs(); dueMs = dueOf())
          open.push(send(dueMs));
        if (open.length < count) return;
        clearInterval(timer);
        resolve();
      }, 1);
      const dueOf = () => startMs + (open.length * 1000) / about.perSecond;
    });
    await Promise.all(open);
    return answerTimes;
  },
};
export type Publisher = typeof commands;

function eventOf({ type, payload }: Shape, sentAtMs = nowMs()): string {
  return `{"type":"${type}","payload":${payload},"sentAt":${sentAtMs.toFixed(3)}}}`;
}

async function publish(shape: Shape, go: boolean, sentAtMs?: number): Promise<void> {
  const event = eventOf(shape, sentAtMs);
  const text = await post(`{"query":${single},"variables":{"i":${event},"go":${go}}}`);
  const wanted = go ? '"__typename":"PublishEventPayload"' : '"__typename":"Mutation"';
  if (!text.includes(wanted)) throw new Error(text.slice(0, 500));
}

async function post(body: string): Promise<string> {
  const { body: answered } = await pool.request({
    method: "POST",
    path: "/graphql",
    headers,
    body,
  });
  return await answered.text();
}

answer(commands);
