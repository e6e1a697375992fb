import type { Clock } from "../../domain/tools.ts";
import type { Crew } from "./claims.ts";
import type { Query } from "./rows.ts";

/** All processes of a database listen to it. */
export const CHANNEL = "hookwire";
/** What a process says when it comes. */
export const JOINED = "+";

const BEAT_MS = 1000;
/** Who was not seen for so long does not count. */
const GONE_MS = 5000;

const BEAT = `
  insert into process (owner, role, started_at, seen_at) values ($1, 'all', clock_timestamp(), clock_timestamp())
  on conflict (owner) do update set seen_at = excluded.seen_at`;
const LOOK = `
  select count(*) as count, extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs" from process where seen_at > clock_timestamp() - $1 * interval '1 millisecond'`;
const FORGET = `delete from process where seen_at < clock_timestamp() - interval '1 hour'`;

export interface LiveCrew extends Crew {
  /** Counts at once: another one has come. */
  count(): void;
  start(query: Query, tools: CrewTools): Promise<void>;
  stop(): Promise<void>;
}

export interface CrewTools {
  /** Made to follow the server's, unless it is a test's. */
  readonly clock: Clock & { follow?(serverMs: number): void };
  readonly report: (error: unknown) => void;
}

/** The processes that send, by their own word, once a second; and the server's clock, which all of them go by. */
export function createCrew(owner: string): LiveCrew {
  const over = new AbortController();
  let senders = 1;
  let beating: Promise<void> = Promise.resolve();
  let count = (): void => {};
  let leave = (): Promise<unknown> => Promise.resolve();

  async function beat(query: Query, { clock }: CrewTools): Promise<void> {
    await query(BEAT, [owner]);
    await query(FORGET);
    const askedMs = performance.now();
    const [row] = await query<{ count: number; nowMs: number }>(LOOK, [GONE_MS]);
    senders = Math.max(1, row!.count);
    // The server looked at its clock on the way.
    clock.follow?.(row!.nowMs + (performance.now() - askedMs) / 2);
  }

  return {
    owner,
    senders: () => senders,
    count: () => count(),
    async start(query, tools) {
      const { clock, report } = tools;
      await beat(query, tools);
      // Until the others count it, each of them takes a larger share of a webhook's limit.
      await query("select pg_notify($1, $2)", [CHANNEL, JOINED]);
      count = () => void beat(query, tools).catch(report);
      leave = () => query("delete from process where owner = $1", [owner]);
      beating = (async () => {
        while (!over.signal.aborted) {
          await clock.wait(BEAT_MS, over.signal);
          if (!over.signal.aborted) await beat(query, tools).catch(report);
        }
      })();
    },
    async stop() {
      over.abort();
      await beating;
      // Who can't say so is forgotten all the same.
      await leave().catch(() => {});
    },
  };
}
