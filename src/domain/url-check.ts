import { Refusal } from "./refusal.ts";
import { createTargetPolicy, type TargetRules } from "./target.ts";

/** The normal form of a URL that webhooks may use; the service's own inboxes always are. */
export function createUrlCheck(
  rules: TargetRules & { readonly inboxPrefix: string },
): (text: string) => string {
  const policy = createTargetPolicy(rules);
  return (text) => {
    const judged = policy.judgeUrl(text);
    if (judged.ok) return judged.href;
    const url = URL.parse(text);
    if (url?.href.startsWith(rules.inboxPrefix)) return url.href.split("#")[0]!;
    const isUnsafe = url !== null && !policy.judgeHost(url.hostname).ok;
    const problems = [{ path: ["url"], message: judged.reason }];
    throw new Refusal(isUnsafe ? "URL_UNSAFE" : "INPUT_INVALID", { path: ["url"], problems });
  };
}
