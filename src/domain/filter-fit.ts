/** Whether a test can ever hold for the values that its pointer leads to. */
import type { ObjectShape, ScalarShape, Shape } from "./catalog/shape.ts";
import { placeInWords } from "./filter-words.ts";
import { indexOf, type Scalar, tokensOf, type ValueTest } from "./filter.ts";
import { didYouMean, nearMisses } from "./near-miss.ts";
import { below, brief, choice, inWords } from "./payload-problem.ts";
import { alternatives, shapesInWords } from "./shape-words.ts";

/** A shape that is no choice between others. */
type Single = ReturnType<typeof alternatives>[number];

/** What may be at the pointer, in payloads of any of these shapes; nothing when it leads nowhere. */
export function shapesAt(tokens: readonly string[], shapes: readonly Shape[]): readonly Single[] {
  // Sets, because the event types of a webhook have most of their parts in common.
  let found = new Set(alternatives(shapes));
  for (const token of tokens) {
    found = new Set(alternatives([...found].flatMap((shape) => inside(shape, token) ?? [])));
  }
  return [...found];
}

function inside(shape: Single, token: string): Shape | undefined {
  switch (shape.kind) {
    case "any":
      return shape;
    case "map":
      return shape.of;
    case "object":
      return shape.fields.get(token)?.shape;
    case "list":
      return indexOf(token) === undefined ? undefined : shape.of;
    case "string":
    case "number":
    case "integer":
    case "boolean":
    case "null":
      return undefined;
  }
}

/** Why nothing can be at this pointer, and which one may have been meant. */
export function pointerProblem(at: string, shapes: readonly ObjectShape[]): string | null {
  const tokens = tokensOf(at);
  if (!tokens) {
    if (at.startsWith("/")) return "must be a JSON pointer, in which ~ is written as ~0";
    return `must be a JSON pointer like /customer/email${didYouMean(guessesOf(at, shapes))}`;
  }
  if (shapesAt(tokens, shapes).length > 0) return null;
  let parent = "";
  let around: readonly Single[] = alternatives(shapes);
  for (const token of tokens) {
    const next = shapesAt([token], around);
    if (next.length === 0) return noSuchField({ at, parent, token, around });
    parent = below(parent, token);
    around = next;
  }
  return null;
}

/** For those who write "customer.email" or "customer/email". */
function guessesOf(text: string, shapes: readonly ObjectShape[]): readonly string[] {
  const guesses = new Set([`/${text}`, `/${text.replaceAll(".", "/")}`]);
  return [...guesses].filter((guess) => {
    const tokens = tokensOf(guess);
    return tokens && shapesAt(tokens, shapes).length > 0;
  });
}

interface Miss {
  readonly at: string;
  /** The last place on the way that is there, and what it is. */
  readonly parent: string;
  readonly around: readonly Single[];
  readonly token: string;
}

function noSuchField({ at, parent, token, around }: Miss): string {
  const keys = around.flatMap((shape) => (shape.kind === "object" ? [...shape.fields.keys()] : []));
  if (keys.length > 0 || parent === "") {
    const near = nearMisses(token, keys).map((key) => placeInWords(below(parent, key)));
    return `points to ${placeInWords(at)}, which none of the event types has${didYouMean(near)}`;
  }
  const isList = around.some(({ kind }) => kind === "list");
  const hint = isList ? `; its entries are ${placeInWords(`${parent}/0`)} and so on` : "";
  return `points to ${placeInWords(at)}, but ${placeInWords(parent)} is ${shapesInWords(around)}${hint}`;
}

export interface Misfit {
  /** Within the test. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Why the test, or one of its values, can't hold for any of these shapes. */
export function misfits(at: string, test: ValueTest, found: readonly Single[]): readonly Misfit[] {
  if (found.some(({ kind }) => kind === "any") || "exists" in test || "isNull" in test) return [];
  if ("in" in test) {
    return test.in.flatMap((value, index) =>
      misfit(["in", String(index)], equalProblem(at, value, found)),
    );
  }
  if ("eq" in test) return misfit(["eq"], equalProblem(at, test.eq, found));
  if ("startsWith" in test) {
    const fits = (value: string): boolean => value.startsWith(test.startsWith);
    const words = `begins with ${brief(test.startsWith)}`;
    return misfit(["startsWith"], textProblem(placeInWords(at), { found, fits, words }));
  }
  if ("contains" in test) return misfit(["contains"], containsProblem(at, test.contains, found));
  if (found.some(({ kind }) => kind === "number" || kind === "integer")) return [];
  const [name = ""] = Object.keys(test);
  return misfit(
    [name],
    `${placeInWords(at)} is ${shapesInWords(found)}, and ${name} needs a number`,
  );
}

function misfit(path: readonly string[], message: string | null): readonly Misfit[] {
  return message === null ? [] : [{ path, message }];
}

function equalProblem(at: string, value: Scalar, found: readonly Single[]): string | null {
  const place = placeInWords(at);
  const ofKind = found.filter((shape) => isOfKind(shape, value));
  if (ofKind.length === 0) {
    const hint = entriesOf(found).length > 0 ? "; contains tests the entries of a list" : "";
    return `${place} is ${shapesInWords(found)}, never ${inWords(value)}${hint}`;
  }
  const values = valuesOf(ofKind);
  if (!values || values.includes(value)) return null;
  return `${place} is never ${brief(value)}; it is ${choice(values)}`;
}

function isOfKind(shape: Single, value: Scalar): shape is ScalarShape {
  if (shape.kind === "integer") return Number.isInteger(value);
  return shape.kind === typeof value;
}

/** A part of a text, or an entry of a list. */
function containsProblem(at: string, part: string, found: readonly Single[]): string | null {
  const place = placeInWords(at);
  const entries = entriesOf(found);
  if (entries.some(({ kind }) => kind === "any")) return null;
  const has = (value: string): boolean => value.includes(part);
  const inText = textProblem(place, { found, fits: has, words: `contains ${brief(part)}` });
  if (inText === null || entries.length === 0) return inText;
  const is = (value: string): boolean => value === part;
  const entry = `an entry of ${place}`;
  return textProblem(entry, { found: entries, fits: is, words: `is ${brief(part)}` });
}

interface TextTest {
  readonly found: readonly Single[];
  readonly fits: (value: string) => boolean;
  readonly words: string;
}

function textProblem(place: string, { found, fits, words }: TextTest): string | null {
  const texts = found.filter((shape): shape is ScalarShape => shape.kind === "string");
  if (texts.length === 0) return `${place} is ${shapesInWords(found)}, and this needs text`;
  const values = valuesOf(texts);
  if (!values || values.some((value) => typeof value === "string" && fits(value))) return null;
  return `${place} never ${words}; it is ${choice(values)}`;
}

/** All the values of these shapes; null when there are too many to tell. */
function valuesOf(shapes: readonly ScalarShape[]): readonly unknown[] | null {
  const values = new Set<unknown>();
  for (const shape of shapes) {
    if (!shape.values) return null;
    for (const value of shape.values) values.add(value);
  }
  return [...values];
}

function entriesOf(found: readonly Single[]): readonly Single[] {
  return alternatives(found.flatMap((shape) => (shape.kind === "list" ? [shape.of] : [])));
}
