import { z } from "zod";
import type { Fact } from "./fact.ts";
import { Inbox, INBOX_DELAY_MAX_MS, INBOX_LIFE_MAX_MS, INBOXES_MAX } from "./inbox.ts";
import { checkedDuration, checkedText, zodProblems } from "./input.ts";
import { Refusal, refuseIf } from "./refusal.ts";
import type { Tools } from "./tools.ts";

const FIELDS = z.object({
  name: checkedText(200).nullable(),
  expiresIn: checkedDuration(60_000, INBOX_LIFE_MAX_MS),
  responseStatus: z.int().min(200, "must be 200 to 599").max(599, "must be 200 to 599"),
  responseDelay: checkedDuration(0, INBOX_DELAY_MAX_MS),
  failNext: z.int().min(0, "must be 0 to 1,000").max(1000, "must be 0 to 1,000"),
});
const CHANGES = FIELDS.omit({ expiresIn: true }).partial();
/** What null restores in an update. */
const DEFAULTS = { name: null, responseStatus: 200, responseDelay: "PT0S", failNext: 0 };

export type InboxInput = z.input<typeof FIELDS>;
export type InboxPatch = { readonly [K in keyof typeof DEFAULTS]?: InboxInput[K] | null };

export async function createInbox(
  tenantId: string,
  input: InboxInput,
  tools: Tools,
): Promise<Inbox> {
  const { expiresIn, responseDelay, ...fields } = parsed(FIELDS.safeParse(input));
  const now = tools.clock.now();
  const inbox = Object.assign(new Inbox(), fields, {
    id: tools.newId("inb"),
    tenantId,
    createdAt: now,
    expiresAt: new Date(now.getTime() + expiresIn),
    responseDelayMs: responseDelay,
  });
  await tools.store.change(
    tenantId,
    async (work) => {
      if ((await work.countInboxes()) >= INBOXES_MAX)
        throw new Refusal("INBOXES_FULL", { limit: INBOXES_MAX });
      work.add(inbox);
    },
    tools.by,
  );
  return announced("inbox.created", inbox, tools);
}

/** An absent field stays; null restores its default. */
export async function updateInbox(
  tenantId: string,
  id: string,
  patch: InboxPatch,
  tools: Tools,
): Promise<Inbox> {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  const restored = given.map(([name, value]) => [
    name,
    value ?? DEFAULTS[name as keyof typeof DEFAULTS],
  ]);
  const { responseDelay, ...changes } = parsed(CHANGES.safeParse(Object.fromEntries(restored)));
  const inbox = await tools.store.change(
    tenantId,
    async (work) =>
      Object.assign(
        await work.inbox(id),
        changes,
        responseDelay === undefined ? {} : { responseDelayMs: responseDelay },
      ),
    tools.by,
  );
  return announced("inbox.updated", inbox, tools);
}

export async function deleteInbox(tenantId: string, id: string, tools: Tools): Promise<Inbox> {
  const inbox = await tools.store.change(
    tenantId,
    async (work) => {
      const inbox = await work.inbox(id);
      work.remove(inbox);
      return inbox;
    },
    tools.by,
  );
  return announced("inbox.deleted", inbox, tools);
}

function parsed<T>(result: z.ZodSafeParseResult<T>): T {
  refuseIf(zodProblems(result.error));
  return result.data!;
}

function announced(
  type: Extract<Fact, { inboxId: string }>["type"],
  inbox: Inbox,
  { announce }: Tools,
): Inbox {
  announce({ type, tenantId: inbox.tenantId, inboxId: inbox.id });
  return inbox;
}
