import { z } from "zod";
import { DAY, formatDuration, parseDuration } from "./duration.ts";
import { expandPatterns } from "./event-type.ts";
import { PAYLOAD_FORMATS } from "./event.ts";
import { Refusal, refuseIf, type Problem } from "./refusal.ts";
import type { CustomHeader } from "./request.ts";
import { SIGNATURE_SCHEMES } from "./signature.ts";
import type { Webhook } from "./webhook.ts";

/** A header as a form sends it: an absent value keeps the stored one of the same name. */
export interface HeaderInput {
  readonly name: string;
  readonly value?: string | null;
  readonly isSecret: boolean;
}

/** What a caller says of a webhook; durations are ISO 8601 texts. */
export interface WebhookInput {
  key: string | null;
  name: string;
  url: string;
  eventTypes: readonly string[];
  description: string | null;
  integration: string;
  format: Webhook["format"];
  headers: readonly HeaderInput[];
  signature: Webhook["signature"];
  retryDelays: readonly string[] | null;
  timeout: string | null;
  maxInFlight: number | null;
}

/** What null means in an update: a field that is not here has no default, and null is refused. */
const DEFAULTS: Partial<WebhookInput> = {
  description: null,
  integration: "manual",
  format: "ENVELOPE",
  headers: [],
  retryDelays: null,
  timeout: null,
  maxInFlight: null,
};

export type WebhookPatch = { readonly [K in keyof WebhookInput]?: WebhookInput[K] | null };

const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(most, `must have at most ${most} characters`)
    .refine((value) => !/\p{Cc}/u.test(value), "must not contain control characters");

const duration = (least: number, most: number) =>
  z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= least && ms <= most) return ms;
    const range = `from ${formatDuration(least)} to ${formatDuration(most)}`;
    context.addIssue({
      code: "custom",
      message: `must be an ISO 8601 duration ${range}, such as PT30S`,
    });
    return z.NEVER;
  });

export const checkedDuration = duration;

const FIELDS = z.object({
  key: z
    .string()
    .regex(
      /^[A-Za-z0-9._:-]{1,200}$/,
      "must be 1 to 200 letters, digits, dots, colons, hyphens or underscores",
    )
    .nullable(),
  name: text(200),
  eventTypes: z
    .array(z.string())
    .min(1, "must name at least one event type; * means all")
    .max(100, "must have at most 100 entries; use patterns such as payment_*"),
  description: z.string().max(2000, "must have at most 2,000 characters").nullable(),
  integration: text(64),
  format: z.enum(PAYLOAD_FORMATS),
  signature: z.enum(SIGNATURE_SCHEMES),
  retryDelays: z
    .array(duration(0, 7 * DAY))
    .max(20, "must have at most 20 delays")
    .nullable(),
  timeout: duration(1000, 30_000).nullable(),
  maxInFlight: z.int().min(1, "must be 1 to 256").max(256, "must be 1 to 256").nullable(),
});

/** Input that passed every check; `url` in its normal form. */
export type CheckedWebhook = z.output<typeof FIELDS> & { url: string; headers: CustomHeader[] };

export interface WebhookChecks {
  /** The normal form of a URL that webhooks may use; throws a Refusal for any other. */
  readonly checkUrl: (url: string) => string;
  /** The opened headers stored so far. */
  readonly storedHeaders: readonly CustomHeader[];
}

/** All problems at once; an unsafe URL alone has a code of its own. */
export function checkWebhook(
  input: WebhookInput,
  { checkUrl, storedHeaders }: WebhookChecks,
): CheckedWebhook {
  const parsed = FIELDS.safeParse(input);
  const problems: Problem[] = zodProblems(parsed.error);
  const headers = checkHeaders(input.headers, storedHeaders, problems);
  if (input.eventTypes.length <= 100)
    for (const pattern of expandPatterns(input.eventTypes).unknown)
      problems.push({
        path: ["eventTypes", String(input.eventTypes.indexOf(pattern))],
        message: `${JSON.stringify(pattern)} is no event type, alias or pattern that matches one; the events query lists them`,
      });
  let url = "";
  try {
    url = checkUrl(input.url);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.reason === "URL_UNSAFE" && problems.length === 0) throw refusal;
    problems.push(...(refusal.details.problems ?? []));
  }
  refuseIf(problems);
  return { ...parsed.data!, url, headers };
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
    headers: storedHeaders,
    signature: webhook.signature,
    retryDelays: webhook.retryDelaysMs?.map(formatDuration) ?? null,
    timeout: webhook.timeoutMs === null ? null : formatDuration(webhook.timeoutMs),
    maxInFlight: webhook.maxInFlight,
  };
}

/** An absent field stays; null restores its default and is refused where there is none. */
export function applyPatch(current: WebhookInput, patch: WebhookPatch): WebhookInput {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  refuseIf(
    given
      .filter(([name, value]) => value === null && !(name in DEFAULTS))
      .map(([name]) => ({
        path: [name],
        message: "has no default, so it can't be null; leave it out to keep it",
      })),
  );
  const changes = given.map(([name, value]) => [
    name,
    value ?? DEFAULTS[name as keyof WebhookInput],
  ]);
  return { ...current, ...Object.fromEntries(changes) };
}

export function zodProblems(error: z.ZodError | undefined): Problem[] {
  return (error?.issues ?? []).map((issue) => ({
    path: issue.path.map(String),
    message: issue.message,
  }));
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,4096}$/;
/** Names that the transport or the service itself sets (RFC 9110, Standard Webhooks). */
const RESERVED =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|user-agent|accept-encoding|(content|proxy|webhook|hookwire)-.*)$/;

function checkHeaders(
  input: readonly HeaderInput[],
  stored: readonly CustomHeader[],
  problems: Problem[],
): CustomHeader[] {
  if (input.length > 30)
    problems.push({ path: ["headers"], message: "must have at most 30 headers" });
  const seen = new Set<string>();
  return input.slice(0, 30).map((header, index) => {
    const name = header.name.toLowerCase();
    const at = (field: string, message: string) =>
      problems.push({ path: ["headers", String(index), field], message });
    if (!HEADER_NAME.test(name))
      at("name", "must be a header name (RFC 9110 token) of at most 128 characters");
    else if (RESERVED.test(name)) at("name", `${name} is set by the service and can't be chosen`);
    else if (seen.has(name)) at("name", `${name} is given twice`);
    seen.add(name);
    const value = header.value ?? stored.find((known) => known.name === name)?.value;
    if (value === undefined)
      at("value", `is missing, and no ${name} header is stored yet whose value could be kept`);
    else if (!HEADER_VALUE.test(value))
      at("value", "must be at most 4,096 visible Latin-1 characters on one line");
    return { name, value: value ?? "", isSecret: header.isSecret };
  });
}
