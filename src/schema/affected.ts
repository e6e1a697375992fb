import { matchesType } from "../domain/catalog/catalog.ts";
import type { Breakage } from "../domain/catalog/registration.ts";
import type { EventTypeChange } from "../domain/catalog/registration.ts";
import { invalidInput, Refusal } from "../domain/refusal.ts";
import type { Webhook } from "../domain/webhook.ts";
import type { Page, PageArgs } from "../persistence/page.ts";
import type { Context } from "./context.ts";

/** Rows that are told in one go, before others have their turn: 1 to 10 ms of work, by how much is asked of each. */
const ROWS = 100;
/** Rows of an operation in all: a page of 25 beside each of the most changes that a call tells. They are in memory together. */
const ROWS_MAX = 75_000;
const PAGE_MAX = 100;
const COUNT_MAX = 10_000;

/** Newest first. */
type Found = Pick<Page<Webhook>, "nodes" | "cursorOf">;

/**
 * What one operation asks of the webhooks that its changes are about. There may be thousands of changes: they share one read
 * of the tenant's webhooks, and are told one after the other, with rests in between.
 */
class Affected {
  readonly #context: Context;
  /** What lies beyond each cursor. */
  readonly #reads = new Map<string | null, Promise<Found>>();
  /** By the read and the type. */
  readonly #matching = new Map<string, Promise<Found>>();
  #turn = Promise.resolve();
  /** Told since the last rest. */
  #rows = 0;
  #allRows = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  async page(change: EventTypeChange, { first, after = null }: PageArgs): Promise<Page<Webhook>> {
    if (!(first >= 1 && first <= PAGE_MAX))
      throw invalidInput(["first"], `must be 1 to ${PAGE_MAX}`);
    const { nodes, cursorOf } = await this.#wanting(change, after);
    const page = nodes.slice(0, first);
    await this.turn(page.length);
    return {
      nodes: page,
      cursorOf,
      hasNextPage: nodes.length > first,
      hasPreviousPage: after !== null,
      count: async () => {
        const { length } = (await this.#wanting(change, null)).nodes;
        return { value: Math.min(length, COUNT_MAX), exact: length <= COUNT_MAX };
      },
    };
  }

  /** Resolves when it is the turn of so many rows; refuses them when they would be too many. */
  turn(rows: number): Promise<void> {
    if (this.#allRows + rows > ROWS_MAX) throw new Refusal("CHANGES_TOO_WIDE", { limit: ROWS_MAX });
    this.#allRows += rows;
    this.#turn = this.#turn.then(async () => {
      if (this.#rows > 0 && this.#rows + rows > ROWS) {
        await this.#context.tools.rest();
        this.#rows = 0;
      }
      this.#rows += 1 + rows;
    });
    return this.#turn;
  }

  #wanting({ eventType, names }: EventTypeChange, after: string | null): Promise<Found> {
    const key = JSON.stringify([eventType, after]);
    let found = this.#matching.get(key);
    if (!found) {
      found = this.#beyond(after).then(({ nodes, cursorOf }) => ({
        nodes: nodes.filter(({ eventTypes }) => names.some((one) => matchesType(eventTypes, one))),
        cursorOf,
      }));
      this.#matching.set(key, found);
    }
    return found;
  }

  #beyond(after: string | null): Promise<Found> {
    let read = this.#reads.get(after);
    if (!read) this.#reads.set(after, (read = this.#read(after)));
    return read;
  }

  async #read(after: string | null): Promise<Found> {
    const { webhookReader, tenantId } = this.#context;
    const nodes: Webhook[] = [];
    for (let from = after; ;) {
      const args = { first: PAGE_MAX, after: from };
      const page = await webhookReader.webhooks(tenantId, {}, "CREATED_AT", args);
      nodes.push(...page.nodes);
      const last = page.nodes.at(-1);
      if (!last || !page.hasNextPage) return { nodes, cursorOf: page.cursorOf };
      from = page.cursorOf(last);
    }
  }
}

const operations = new WeakMap<Context, Affected>();

function affectedIn(context: Context): Affected {
  let affected = operations.get(context);
  if (!affected) operations.set(context, (affected = new Affected(context)));
  return affected;
}

/** The webhooks that get events of the change's type. */
export function affectedBy(
  change: EventTypeChange,
  page: PageArgs,
  context: Context,
): Promise<Page<Webhook>> {
  return affectedIn(context).page(change, page);
}

/** The webhooks whose selection or filter the change breaks. */
export async function brokenBy(
  { breakage }: EventTypeChange,
  kind: keyof Breakage,
  context: Context,
): Promise<Webhook[]> {
  await affectedIn(context).turn(breakage[kind].length);
  return [...breakage[kind]];
}
