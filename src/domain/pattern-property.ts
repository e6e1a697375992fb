/** Properties of characters, `\p{…}`, by the names that ECMA-262 and RE2 have for them. */
import { RE2JS } from "re2js";
import { Untranslatable } from "./untranslatable.ts";

/** General categories, and ECMA-262's other names for them. */
const CATEGORIES = new Map(
  `L Letter, LC Cased_Letter, Lu Uppercase_Letter, Ll Lowercase_Letter, Lt Titlecase_Letter, Lm Modifier_Letter,
  Lo Other_Letter, M Mark Combining_Mark, Mn Nonspacing_Mark, Mc Spacing_Mark, Me Enclosing_Mark, N Number,
  Nd Decimal_Number digit, Nl Letter_Number, No Other_Number, P Punctuation punct, Pc Connector_Punctuation,
  Pd Dash_Punctuation, Ps Open_Punctuation, Pe Close_Punctuation, Pi Initial_Punctuation, Pf Final_Punctuation,
  Po Other_Punctuation, S Symbol, Sm Math_Symbol, Sc Currency_Symbol, Sk Modifier_Symbol, So Other_Symbol, Z Separator,
  Zs Space_Separator, Zl Line_Separator, Zp Paragraph_Separator, C Other, Cc Control cntrl, Cf Format, Cs Surrogate,
  Co Private_Use, Cn Unassigned`
    .split(/,\s+/)
    .flatMap((names) => {
      const all = names.split(" ");
      return all.map((name) => [name, all[0]!] as const);
    }),
);

/** Properties of yes and no that RE2 has under the same name. */
const BINARY: ReadonlySet<string> = new Set(
  (
    "Any Assigned Alphabetic Lowercase Uppercase White_Space Math Dash Hex_Digit ASCII_Hex_Digit " +
    "Emoji Emoji_Presentation Extended_Pictographic"
  ).split(" "),
);

/** In the syntax of RE2, as a member of a class in brackets. Throws `Untranslatable`. */
export function re2Property(property: string, isNegated: boolean): string {
  const letter = isNegated ? "P" : "p";
  const [, kind, value = ""] = /^(?:(.*)=)?(.*)$/.exec(property)!;
  if (kind === "Script" || kind === "sc") {
    if (isScript(value)) return `\\${letter}{${value}}`;
    const message = `has \\${letter}{${property}}: write the script's full name, such as \\p{Script=Greek}`;
    throw new Untranslatable(message);
  }
  const isCategory = kind === undefined || kind === "General_Category" || kind === "gc";
  const category = isCategory ? CATEGORIES.get(value) : undefined;
  if (category) return `\\${letter}{${category}}`;
  if (property === "ASCII") return isNegated ? "\\x{80}-\\x{10FFFF}" : "\\x{0}-\\x{7F}";
  if (BINARY.has(property)) return `\\${letter}{${property}}`;
  throw new Untranslatable(
    `has \\${letter}{${property}}, a property that is not known here: general categories and \\p{Script=…} are`,
  );
}

const scripts = new Map<string, boolean>();

/** JavaScript took the name, so that it can be nothing else of RE2's. */
function isScript(name: string): boolean {
  const known = scripts.get(name);
  if (known !== undefined) return known;
  let isKnown = true;
  try {
    RE2JS.compile(`\\p{${name}}`);
  } catch {
    // RE2 has no script of this name: JavaScript's short ones, such as Grek.
    isKnown = false;
  }
  scripts.set(name, isKnown);
  return isKnown;
}
