import { z } from "zod";
import type { Catalog } from "./catalog/catalog.ts";
import { DAY, formatDuration } from "./duration.ts";
import { PAYLOAD_FORMATS } from "./event.ts";
import type { Predicate } from "./filter.ts";
import { checkedDuration, checkedText, isText, zodProblems } from "./input.ts";
import { Refusal, refuseIf, type Problem } from "./refusal.ts";
import type { CustomHeader } from "./request.ts";
import { parseSecret, SIGNATURE_SCHEMES, type SignatureScheme } from "./secret.ts";
import { splitUserinfo } from "./userinfo.ts";
import { checkHeaders, type HeaderInput } from "./webhook-headers.ts";
import { checkFilter, checkSelect } from "./webhook-shape.ts";
import type { EventSelection, Webhook } from "./webhook.ts";

/** What a caller says of a webhook; durations are ISO 8601 texts. */
export interface WebhookInput {
  key: string | null;
  name: string;
  url: string;
  eventTypes: readonly string[];
  description: string | null;
  integration: string;
  format: Webhook["format"];
  /** A PayloadPredicate; null lets everything through. */
  filter: unknown;
  keepFiltered: boolean;
  select: readonly EventSelection[];
  headers: readonly HeaderInput[];
  signature: Webhook["signature"];
  retryDelays: readonly string[] | null;
  timeout: string | null;
  maxInFlight: number | null;
  rateLimitPerSecond: number | null;
  /** A secret of the caller's own, `whsec_…` or `whsk_…` as `signature` says. */
  secret: string | null;
}

/** What null means in an update: a field that is not here has no default, and null is refused. */
const DEFAULTS: Partial<WebhookInput> = {
  description: null,
  integration: "manual",
  format: "ENVELOPE",
  filter: null,
  keepFiltered: false,
  select: [],
  headers: [],
  retryDelays: null,
  timeout: null,
  maxInFlight: null,
  rateLimitPerSecond: null,
};

export type WebhookPatch = { readonly [K in keyof WebhookInput]?: WebhookInput[K] | null };

const EVENT_TYPES_MAX = 100;
const TWO_CREDENTIALS =
  "holds a user name or password, but the webhook has an authorization header already; leave one of the two out";

const between = (least: number, most: number) => {
  const message = `must be ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message).nullable();
};

const FIELDS = z.object({
  key: z
    .string()
    .regex(
      /^[A-Za-z0-9._:-]{1,200}$/,
      "must be 1 to 200 letters, digits, dots, colons, hyphens or underscores",
    )
    .nullable(),
  name: checkedText(200),
  eventTypes: z
    .array(z.string())
    .min(1, "must name at least one event type; * means all")
    .max(EVENT_TYPES_MAX, "must have at most 100 entries; use patterns such as payment_*"),
  description: z
    .string()
    .max(2000, "must have at most 2,000 characters")
    .refine(isText, "must be text")
    .nullable(),
  integration: checkedText(64),
  format: z.enum(PAYLOAD_FORMATS),
  keepFiltered: z.boolean(),
  signature: z.enum(SIGNATURE_SCHEMES),
  retryDelays: z
    .array(checkedDuration(0, 7 * DAY))
    .max(20, "must have at most 20 delays")
    .nullable(),
  timeout: checkedDuration(1000, 30_000).nullable(),
  maxInFlight: between(1, 256),
  rateLimitPerSecond: between(1, 1000),
});

/** Input that passed every check; `url` and `secret` in their normal form. */
export type CheckedWebhook = z.output<typeof FIELDS> & {
  url: string;
  filter: Predicate | null;
  select: EventSelection[];
  headers: CustomHeader[];
  secret: string | null;
};

export interface WebhookChecks {
  /** The normal form of a URL that webhooks may use; throws a Refusal for any other. */
  readonly checkUrl: (url: string) => string;
  readonly catalog: Catalog;
  /** What it has already stays good, although types may have been changed or retired since. */
  readonly stored?: Pick<Webhook, "eventTypes" | "filter" | "select"> | null;
  /** The opened headers stored so far. */
  readonly storedHeaders: readonly CustomHeader[];
  /** Found already. */
  readonly problems?: readonly Problem[];
}

/** All problems at once; an unsafe URL alone has a code of its own. */
export function checkWebhook(
  input: WebhookInput,
  { checkUrl, catalog, storedHeaders, stored, problems: found = [] }: WebhookChecks,
): CheckedWebhook {
  const parsed = FIELDS.safeParse(input);
  const problems: Problem[] = [...found, ...zodProblems(parsed.error)];
  const { url: plainUrl, authorization } = splitUserinfo(input.url);
  const given =
    authorization === null
      ? input.headers
      : withAuthorization(authorization, input.headers, { storedHeaders, problems });
  const headers = checkHeaders(given, storedHeaders, problems);
  const secret = checkSecret(input.secret, input.signature, problems);
  const eventTypes = input.eventTypes.slice(0, EVENT_TYPES_MAX);
  for (const [index, pattern] of eventTypes.entries())
    if (catalog.matched([pattern]).length === 0 && !stored?.eventTypes.includes(pattern))
      problems.push({
        path: ["eventTypes", String(index)],
        message: `${JSON.stringify(pattern)} is no event type, alias or pattern that matches one; the events query lists them`,
      });
  const checking = { catalog, problems };
  const filter =
    stored && input.filter === stored.filter
      ? stored.filter
      : checkFilter(input.filter, eventTypes, checking);
  const select =
    stored && input.select === stored.select
      ? stored.select
      : checkSelect(input.select, eventTypes, checking);
  let url = "";
  try {
    url = checkUrl(plainUrl);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.reason === "URL_UNSAFE" && problems.length === 0) throw refusal;
    problems.push(...(refusal.details.problems ?? []));
  }
  refuseIf(problems);
  return { ...parsed.data!, url, filter, select, headers, secret };
}

/** The normal form of a secret of the caller's own. What is wrong with it joins the problems. */
export function checkSecret(
  text: string | null,
  scheme: SignatureScheme,
  problems: Problem[],
): string | null {
  if (text === null) return null;
  const parsed = parseSecret(text, scheme);
  if (parsed.ok) return parsed.secret;
  problems.push({ path: ["secret"], message: parsed.problem });
  return null;
}

/**
 * Credentials of a URL as a header. They replace basic authentication that is stored: that came from a URL as well, or
 * might have. Any other header is not dropped behind the caller's back: one of the two has to go.
 */
function withAuthorization(
  value: string,
  headers: readonly HeaderInput[],
  { storedHeaders, problems }: { storedHeaders: readonly CustomHeader[]; problems: Problem[] },
): HeaderInput[] {
  const isIt = ({ name }: Pick<HeaderInput, "name">) => name.toLowerCase() === "authorization";
  const stored = storedHeaders.find(isIt)?.value;
  const isOther = (header: HeaderInput) =>
    header.value == null
      ? stored !== undefined && !/^basic /i.test(stored)
      : header.value !== value;
  if (headers.filter(isIt).some(isOther))
    problems.push({ path: ["url"], message: TWO_CREDENTIALS });
  const others = headers.filter((header) => !isIt(header));
  return [...others, { name: "authorization", value, isSecret: true }];
}

/** The input that a webhook would have today, so that an update is a whole input too. */
export function currentInput(
  webhook: Webhook,
  storedHeaders: readonly CustomHeader[],
): WebhookInput {
  return {
    key: webhook.key,
    name: webhook.name,
    url: webhook.url,
    eventTypes: webhook.eventTypes,
    description: webhook.description,
    integration: webhook.integration,
    format: webhook.format,
    filter: webhook.filter,
    keepFiltered: webhook.keepFiltered,
    select: webhook.select,
    // As a form says them: without a value they stay as they are.
    headers: storedHeaders.map(({ name, isSecret }) => ({ name, isSecret })),
    signature: webhook.signature,
    retryDelays: webhook.retryDelaysMs?.map(formatDuration) ?? null,
    timeout: webhook.timeoutMs === null ? null : formatDuration(webhook.timeoutMs),
    maxInFlight: webhook.maxInFlight,
    rateLimitPerSecond: webhook.rateLimitPerSecond,
    secret: null,
  };
}

/** An absent field stays; null restores its default and is a problem where there is none. */
export function applyPatch(
  current: WebhookInput,
  patch: WebhookPatch,
): { readonly input: WebhookInput; readonly problems: readonly Problem[] } {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  const isRefused = ([name, value]: (typeof given)[number]) =>
    value === null && !(name in DEFAULTS);
  const changes = given
    .filter((change) => !isRefused(change))
    .map(([name, value]) => [name, value ?? DEFAULTS[name as keyof WebhookInput]]);
  const problems = given.filter(isRefused).map(([name]) => ({
    path: [name],
    message: "has no default, so it can't be null; leave it out to keep it",
  }));
  return { input: { ...current, ...Object.fromEntries(changes) }, problems };
}
