import type { EventTypeChange } from "../domain/catalog/registration.ts";
import type { Webhook } from "../domain/webhook.ts";
import type { Page, PageArgs } from "../persistence/page.ts";
import type { Context } from "./context.ts";

type Read = Promise<Page<Webhook>>;

/** Of each operation: the reads so far, and the one that the next has to wait for. */
const operations = new WeakMap<Context, { byName: Map<string, Read>; last: Promise<unknown> }>();

/**
 * The webhooks that get events of a type. Each read looks at all webhooks of the tenant, and one type may have hundreds of
 * changes: they share a read, and those of an operation follow each other.
 */
export function affectedBy(
  { eventType, names }: EventTypeChange,
  page: PageArgs,
  context: Context,
): Read {
  const reads = operations.get(context) ?? { byName: new Map(), last: Promise.resolve() };
  operations.set(context, reads);
  const name = JSON.stringify([eventType, page.first, page.after]);
  let read = reads.byName.get(name);
  if (!read) {
    const { webhookReader, tenantId } = context;
    read = reads.last.then(async () => {
      const found = await webhookReader.webhooks(tenantId, { wanting: names }, "CREATED_AT", page);
      let count: ReturnType<typeof found.count> | undefined;
      return { ...found, count: () => (count ??= found.count()) };
    });
    reads.byName.set(name, read);
    // A cursor that can't be read is told where it was sent, and holds up nobody else.
    reads.last = read.catch(() => undefined);
  }
  return read;
}
