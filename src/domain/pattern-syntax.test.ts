import fc from "fast-check";
import { expect, test } from "vitest";
import { linearPattern, patternProblem } from "./linear-pattern.ts";

/** Those that differ between the two engines, or may. */
const CHARACTERS = [
  ...Array.from(
    "aAbzZ09_- .$^\\/()[]{}|*+?,:=!<\n\r\t\v\f\0\b\u{A0}\u{85}\u{1680}\u{2000}\u{200A}\u{200B}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}éßſKİıΣσςДжя名ªⅫ٣€\u{301}\u{E000}\u{378}😀𝒜",
  ),
  "\uD83D",
  "\uDE00",
  "\uD800",
];
const PROPERTIES = (
  "L Lu Letter Uppercase_Letter gc=Nd General_Category=Decimal_Number LC Cased_Letter P punct S Sc Z Zs Cc C Cn Cs M " +
  "Script=Greek sc=Latin Script=Cyrillic sc=Han Script=Common Any ASCII Assigned Alphabetic Lowercase White_Space Emoji Math"
).split(" ");

const hex = (character: string): string => character.codePointAt(0)!.toString(16);
const character = fc.constantFrom(...CHARACTERS);
/** Written so that JavaScript takes it for the character itself. */
const literal = fc.tuple(character, fc.nat(3)).map(([it, way]) => {
  if (way === 0) return `\\u{${hex(it)}}`;
  if (way === 1 && it.length === 1) return `\\u${hex(it).padStart(4, "0")}`;
  if (way === 2 && it.length === 2) {
    return [0, 1].map((at) => `\\u${it.charCodeAt(at).toString(16)}`).join("");
  }
  if (/[\^$\\.*+?()[\]{}|/]/.test(it)) return `\\${it}`;
  // Two halves side by side would be one character.
  return /\p{Cs}/u.test(it) ? `\\u{${hex(it)}}` : it;
});
const property = fc
  .tuple(fc.constantFrom("p", "P"), fc.constantFrom(...PROPERTIES))
  .map(([sense, name]) => `\\${sense}{${name}}`);
const escape = fc.constantFrom(
  ..."\\d \\D \\s \\S \\w \\W \\t \\n \\v \\f \\r \\0 \\cJ \\x41 \\xE9".split(" "),
);
const inBrackets = literal.map((it) => (it === "-" || it === "^" ? `\\${it}` : it));
const range = fc
  .tuple(character, character)
  .map((pair) => pair.toSorted((one, other) => one.codePointAt(0)! - other.codePointAt(0)!))
  .map(([low, high]) => `\\u{${hex(low!)}}-\\u{${hex(high!)}}`);
const bracketed = fc
  .tuple(
    fc.constantFrom("", "^"),
    fc.array(fc.oneof(inBrackets, range, escape, property, fc.constant("\\b")), { maxLength: 4 }),
    fc.constantFrom("", "-"),
  )
  .map(([sign, members, dash]) => `[${sign}${members.join("")}${dash}]`);

const { pattern } = fc.letrec<{ pattern: string; term: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: literal },
    { weight: 2, arbitrary: escape },
    { weight: 2, arbitrary: bracketed },
    property,
    fc.constant("."),
    fc
      .tuple(fc.constantFrom("(", "(?:", "(?<x>"), tie("pattern"))
      .map(([open, it]) => `${open}${it})`),
  ),
  term: fc.oneof(
    { depthSize: "small" },
    { weight: 5, arbitrary: tie("atom") },
    fc.constantFrom("^", "$", "\\b", "\\B"),
    fc
      .tuple(
        tie("atom"),
        fc.constantFrom("*", "+", "?", "{0}", "{2}", "{01,}", "{0,2}", "{1,3}"),
        fc.constantFrom("", "?"),
      )
      .map((parts) => parts.join("")),
  ),
  pattern: fc
    .array(
      fc.array(tie("term"), { maxLength: 4 }).map((terms) => terms.join("")),
      { minLength: 1, maxLength: 2 },
    )
    .map((choices) => choices.join("|")),
}));

/**
 * Null for what JavaScript itself refuses, such as a name that two groups have. The choices that fit nothing get around two
 * faults of V8: for `[\\S]$` it looks only at the end of the text, one unit too late, and so finds none in "😀"; and what it
 * compiles when an expression runs for the second time takes `(.+?)a^|` for one that never fits "a". No text is the second.
 */
function inJavaScript(source: string, nth: number): RegExp | null {
  try {
    return new RegExp(`(?:${source})${"|[]".repeat(nth + 1)}`, "u");
  } catch {
    return null;
  }
}

test("a pattern means what it means in JavaScript", () => {
  const tried = { match: 0, none: 0 };
  fc.assert(
    fc.property(
      pattern,
      fc.array(fc.array(character, { maxLength: 6 }), { minLength: 1, maxLength: 8 }),
      (source, texts) => {
        fc.pre(inJavaScript(source, 0) !== null && source.length <= 500);
        expect(patternProblem(source)).toBeNull();
        const all = ["", ...texts.map((each) => each.join(""))];
        for (const [nth, text] of all.entries()) {
          const matches = inJavaScript(source, nth)!.test(text);
          tried[matches ? "match" : "none"]++;
          expect(linearPattern(source).test(text), JSON.stringify({ source, text })).toBe(matches);
        }
      },
    ),
    { numRuns: 4_000 },
  );
  expect(tried.match).toBeGreaterThan(3_000);
  expect(tried.none).toBeGreaterThan(3_000);
});

test.each("\\s \\S [\\s] [^\\s] [\\S] [\\s\\S] . \\w \\d [\\D] [^\\W]".split(" "))(
  "%s has the characters that it has in JavaScript",
  (source) => {
    const [ours, theirs] = [linearPattern(source), new RegExp(source, "u")];
    const differing = [];
    for (let point = 0; point < 0x1_10_00; point++) {
      const it = String.fromCodePoint(point);
      if (ours.test(it) !== theirs.test(it)) differing.push(hex(it));
    }
    expect(differing).toEqual([]);
  },
);

const CATEGORIES =
  "L LC Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn".split(
    " ",
  );
const LONG =
  "Letter Cased_Letter Uppercase_Letter Lowercase_Letter Titlecase_Letter Modifier_Letter Other_Letter Mark Combining_Mark Nonspacing_Mark Spacing_Mark Enclosing_Mark Number Decimal_Number digit Letter_Number Other_Number Punctuation punct Connector_Punctuation Dash_Punctuation Open_Punctuation Close_Punctuation Initial_Punctuation Final_Punctuation Other_Punctuation Symbol Math_Symbol Currency_Symbol Modifier_Symbol Other_Symbol Separator Space_Separator Line_Separator Paragraph_Separator Other Control cntrl Format Surrogate Private_Use Unassigned".split(
    " ",
  );
const BINARY =
  "Any ASCII Assigned Alphabetic Lowercase Uppercase White_Space Math Dash Hex_Digit ASCII_Hex_Digit Emoji Emoji_Presentation Extended_Pictographic".split(
    " ",
  );
const SCRIPTS =
  "Adlam Arabic Armenian Bengali Common Cyrillic Devanagari Greek Han Hangul Hebrew Hiragana Inherited Katakana Latin Thai".split(
    " ",
  );

test.each([...CATEGORIES, ...LONG, ...BINARY, ...SCRIPTS.map((script) => `Script=${script}`)])(
  "\\p{%s} has the characters that it has in JavaScript",
  (name) => {
    const source = `\\p{${name}}`;
    const [ours, theirs] = [linearPattern(source), new RegExp(source, "u")];
    const [none, their] = [linearPattern(`[\\P{${name}}]`), new RegExp(`\\P{${name}}`, "u")];
    const differing = [];
    for (let point = 0; point < 0x11_00_00; point += point < 0x3000 ? 3 : 101) {
      const it = String.fromCodePoint(point);
      if (ours.test(it) !== theirs.test(it) || none.test(it) !== their.test(it)) {
        differing.push(hex(it));
      }
    }
    expect(differing).toEqual([]);
  },
);

test.each([
  ["(?=a)b", "looks ahead or behind, which could take forever"],
  ["a(?!b)", "looks ahead or behind"],
  ["(?<=a)b", "looks ahead or behind"],
  ["(?<!a)b", "looks ahead or behind"],
  ["(a)\\1", "refers back to a group, which could take forever"],
  ["(?<n>a)\\k<n>", "refers back to a group"],
  ["(?i:a)", "sets flags with (?i:, which is not allowed"],
  ["(?s-m:.)", "sets flags with (?s-m:"],
  ["\\p{Script=Grek}", "has \\p{Script=Grek}: write the script's full name, such as"],
  ["[a\\P{scx=Greek}]", "has \\P{scx=Greek}, a property that is not known here"],
  ["\\p{ID_Start}", "has \\p{ID_Start}, a property that is not known here"],
  ["a{1001}", "is a regular expression that RE2 can't take: "],
])("%s is refused: it %s", (source, problem) => {
  expect(patternProblem(source)).toContain(problem);
});
