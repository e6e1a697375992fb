import type { Problem } from "./refusal.ts";
import type { CustomHeader } from "./request.ts";

/** A header as a form sends it: an absent value keeps the stored one of the same name. */
export interface HeaderInput {
  readonly name: string;
  readonly value?: string | null;
  readonly isSecret: boolean;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,4096}$/;
/** Names that the transport or the service itself sets (RFC 9110, Standard Webhooks). */
const RESERVED =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|user-agent|accept-encoding|(content|proxy|webhook|hookwire)-.*)$/;

/** The headers to store, and into `problems` whatever is wrong with them. */
export function checkHeaders(
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
    const known = stored.find((one) => one.name === name);
    const value = header.value ?? known?.value;
    if (value === undefined)
      at("value", `is missing, and no ${name} header is stored yet whose value could be kept`);
    else if (header.value == null && known?.isSecret && !header.isSecret)
      at("value", "must be said again to make it visible: it is stored as a secret");
    else if (!HEADER_VALUE.test(value))
      at("value", "must be at most 4,096 visible Latin-1 characters on one line");
    return { name, value: value ?? "", isSecret: header.isSecret };
  });
}
