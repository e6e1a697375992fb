/** Regular expressions of JavaScript (ECMA-262 with the flag `u`, as JSON Schema asks for) in the syntax of RE2. */
import { re2Property } from "./pattern-property.ts";
import { Untranslatable } from "./untranslatable.ts";

/** The white space and the line ends of ECMA-262; RE2's `\s` is that of ASCII, without the vertical tab. */
const SPACE =
  "\\x{9}-\\x{D}\\x{20}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}";
/** Written out, since RE2 can't negate one member of a class. */
const NO_SPACE =
  "\\x{0}-\\x{8}\\x{E}-\\x{1F}\\x{21}-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}\\x{200B}-\\x{2027}" +
  "\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{FEFE}\\x{FF00}-\\x{10FFFF}";
const NO_LINE_END = "[^\\x{A}\\x{D}\\x{2028}\\x{2029}]";
const ANY = "[\\x{0}-\\x{10FFFF}]";
const NONE = "[^\\x{0}-\\x{10FFFF}]";

/** Two escaped halves of one character are that character. */
const CHARACTER = [
  String.raw`\\u(?<high>[Dd][89ABab]\p{AHex}{2})\\u(?<low>[Dd][C-Fc-f]\p{AHex}{2})`,
  String.raw`\\u\{(?<braced>\p{AHex}+)\}`,
  String.raw`\\u(?<unit>\p{AHex}{4})`,
  String.raw`\\x(?<byte>\p{AHex}{2})`,
  String.raw`\\c(?<control>[A-Za-z])`,
  String.raw`\\(?<sense>[pP])\{(?<property>[^}]+)\}`,
  String.raw`\\(?<escaped>.)`,
  "(?<plain>.)",
].join("|");
const OTHERS = [
  String.raw`\[(?<members>(?:\\.|[^\\\]])*)\]`,
  String.raw`\((?<group>\?(?:<?[=!]|:|<[^>]*>|[a-z-]+:))?`,
  String.raw`\{(?<least>\d+)(?<more>,(?<most>\d*))?\}\??`,
  String.raw`(?<sign>[*+?])\??`,
].join("|");
const MEMBER = new RegExp(CHARACTER, "gsu");
const TOKEN = new RegExp(`(?<other>${OTHERS})|${CHARACTER}`, "gsu");

type Token = Readonly<Record<string, string | undefined>>;

/**
 * The pattern must be one that JavaScript takes. Groups remember nothing and nothing is lazy, since all that is asked is
 * whether a text matches. Throws `Untranslatable`.
 */
export function re2Syntax(source: string): string {
  return tokens(source, TOKEN)
    .map((token) => (token["other"] === undefined ? term(token) : structure(token)))
    .join("");
}

function tokens(source: string, pattern: RegExp): Token[] {
  return Array.from(source.matchAll(pattern), ({ groups }) => groups ?? {});
}

function structure({ other = "", members, group, least, more, most, sign }: Token): string {
  if (members !== undefined) return bracketed(members);
  if (sign) return sign;
  if (least === undefined) return opened(group, other);
  // RE2 knows no zeros in front.
  const rest = more === undefined ? "" : `,${most ? Number(most) : ""}`;
  return `{${Number(least)}${rest}}`;
}

const FOREVER = "which could take forever: only patterns that take linear time are allowed";

function opened(kind: string | undefined, text: string): string {
  if (kind && /[=!]$/.test(kind)) throw new Untranslatable(`looks ahead or behind, ${FOREVER}`);
  if (kind && /^\?[a-z-]+:/.test(kind)) {
    throw new Untranslatable(`sets flags with ${text}, which is not allowed: write out both cases`);
  }
  return "(?:";
}

/** Outside of brackets. */
function term(token: Token): string {
  const { plain, property, escaped = "" } = token;
  if (property) return `[${member(token)}]`;
  if (plain === ".") return NO_LINE_END;
  if (plain === "^") return "\\A";
  if (plain === "$") return "\\z";
  if (plain === "|" || plain === ")") return plain;
  if (/^[bB]$/.test(escaped)) return `\\${escaped}`;
  if (/^[1-9k]$/.test(escaped)) throw new Untranslatable(`refers back to a group, ${FOREVER}`);
  if (escaped === "s") return `[${SPACE}]`;
  if (escaped === "S") return `[^${SPACE}]`;
  return member(token);
}

function bracketed(text: string): string {
  const isNegated = text.startsWith("^");
  const members = tokens(isNegated ? text.slice(1) : text, MEMBER);
  if (members.length === 0) return isNegated ? ANY : NONE;
  let inside = "";
  for (let at = 0; at < members.length; at++) {
    inside += member(members[at]!);
    const last = members[at + 2];
    if (members[at + 1]?.["plain"] !== "-" || !last) continue;
    inside += `-${member(last)}`;
    at += 2;
  }
  return `[${isNegated ? "^" : ""}${inside}]`;
}

/** What a class has as a member, and what means the same outside of one. */
function member(token: Token): string {
  const { sense, property, escaped = "" } = token;
  if (sense && property) return re2Property(property, sense === "P");
  if (escaped === "s") return SPACE;
  if (escaped === "S") return NO_SPACE;
  if (/^[dDwW]$/.test(escaped)) return `\\${escaped}`;
  return `\\x{${codePointOf(token).toString(16)}}`;
}

const NAMED: Readonly<Record<string, string>> = {
  "0": "\0",
  b: "\b",
  t: "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
};

function codePointOf(token: Token): number {
  const { high, low, braced, unit, byte, control, escaped, plain } = token;
  if (high && low) {
    return String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)).codePointAt(0)!;
  }
  if (control) return control.charCodeAt(0) % 32;
  const hexadecimal = braced ?? unit ?? byte;
  if (hexadecimal) return Number.parseInt(hexadecimal, 16);
  const character = escaped === undefined ? plain : (NAMED[escaped] ?? escaped);
  return character!.codePointAt(0)!;
}
