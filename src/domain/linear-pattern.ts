import { RE2JS } from "re2js";
import { Lru } from "./lru.ts";
import { re2Syntax } from "./pattern-syntax.ts";
import { Untranslatable } from "./untranslatable.ts";

/** Instructions of the compiled pattern: a character of a text costs at most as many steps. */
const MAX_INSTRUCTIONS = 1_000;
const MAX_CHARACTERS = 500;

/**
 * A pattern that has read many texts keeps up to 9 MB of what it learned from them, so that
 * validators hold none. Compiling one again takes about a millisecond.
 */
const compiled = new Lru<string, RE2JS>(50);

/**
 * A regular expression of a tenant, with the meaning that ECMA-262 gives it with the flag `u`, in time linear in the text:
 * JavaScript's own engine takes exponential time for `^(a+)+$`. Throws when RE2 can't take the pattern.
 */
export function linearPattern(source: string): RE2JS {
  const known = compiled.get(source);
  if (known) return known;
  const pattern = RE2JS.compile(re2Syntax(source));
  compiled.set(source, pattern);
  return pattern;
}

/** What keeps the pattern from being used, in words that continue the name of its place. */
export function patternProblem(source: string): string | null {
  if (source.length > MAX_CHARACTERS) {
    return `is a pattern of more than ${MAX_CHARACTERS} characters`;
  }
  try {
    // JSON Schema asks for patterns of JavaScript: RE2 alone would take its own `(?i)` and `\A`.
    RegExp(source, "u");
  } catch (error) {
    return `is not a regular expression: ${reason(error)}`;
  }
  try {
    if (linearPattern(source).programSize() <= MAX_INSTRUCTIONS) return null;
    return "repeats too much: use smaller counts in braces, or minLength and maxLength";
  } catch (error) {
    if (error instanceof Untranslatable) return error.message;
    return `is a regular expression that RE2 can't take: ${reason(error)}`;
  }
}

/** What comes last in "Invalid regular expression: /(a/u: Unterminated group". */
function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .slice(text.lastIndexOf(": ") + 1)
    .trim()
    .slice(0, 100);
}
