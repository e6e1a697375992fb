/** A selection as text: the fields of a GraphQL query, `payment_total customer { email }`. */
import {
  type FieldNode,
  GraphQLError,
  type InlineFragmentNode,
  type FragmentSpreadNode,
  Kind,
  parse,
  type SelectionSetNode,
} from "graphql";
import { fieldName } from "./catalog/graphql-names.ts";
import { besidesNull } from "./catalog/graphql-types.ts";
import type { ObjectShape, Shape } from "./catalog/shape.ts";
import { didYouMean, nearMisses } from "./near-miss.ts";
import type { Part, SelectedField, Selection } from "./selection.ts";
import { alternatives, shapesInWords } from "./shape-words.ts";

const MAX_CHARACTERS = 10_000;
const MAX_FIELDS = 500;
const MAX_LEVELS = 8;
/** Each field's name and its braces, and as much again for what is merged or refused with words of its own. */
const MAX_TOKENS = 4 * MAX_FIELDS;
/** Each is compared with all the names there are, and nobody reads further. */
const MAX_PROBLEMS = 30;

const TOO_MANY = `has more than ${MAX_FIELDS} fields`;

/** The problems continue the name of the input: "names customer.emial, which …". */
export type ParsedSelection =
  | { readonly selection: Selection }
  | { readonly problems: readonly string[] };

/** With or without the outer braces. Field names are the GraphQL names of the shape's keys. */
export function parseSelection(fields: string, shape: ObjectShape): ParsedSelection {
  const root = rootOf(fields, shape);
  if (typeof root === "string") return { problems: [root] };
  const reading: Reading = { problems: new Set(), fields: 0 };
  const selection = read({ sets: [root], shape, path: [] }, reading);
  if (reading.problems.size > 0) return { problems: [...reading.problems].slice(0, MAX_PROBLEMS) };
  return { selection };
}

/** In one line, as it is shown; parsing it gives the same selection. */
export function selectionText(selection: Selection): string {
  return selection
    .map(({ name, part }) =>
      typeof part === "string" ? name : `${name} { ${selectionText(part)} }`,
    )
    .join(" ");
}

/** The one selection set of the text, or what is wrong with the text as a whole. */
function rootOf(fields: string, shape: ObjectShape): SelectionSetNode | string {
  if (fields.length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters`;
  // More could overflow the parser's stack, which counts no levels.
  if (count(fields, /[[{(]/g) > MAX_FIELDS) return TOO_MANY;
  const bare = fields.replace(/^(?:[\s,\uFEFF]|#[^\n\r]*)+/, "");
  const wholeQuery = WHOLE_QUERY.exec(bare)?.[1];
  if (wholeQuery && !keysByName(shape).has(wholeQuery)) {
    return `must be the fields alone, without "${wholeQuery}"`;
  }
  const isBraced = bare.startsWith("{");
  try {
    // The line's end also ends a comment.
    const text = isBraced ? bare : `{ ${bare}\n}`;
    const { definitions } = parse(text, { maxLexicalTokens: MAX_TOKENS });
    const [only, second] = definitions;
    if (second?.kind === Kind.FRAGMENT_DEFINITION) return "must not define fragments";
    if (only?.kind !== Kind.OPERATION_DEFINITION || second) return "must be one selection";
    if (only.selectionSet.selections.length === 0) return "must name at least one field";
    return only.selectionSet;
  } catch (error) {
    if (error instanceof GraphQLError) return syntaxProblem(fields, error);
    throw error;
  }
}

/** What somebody who copies from a GraphQL client brings along. */
const WHOLE_QUERY = /^(query|mutation|subscription|fragment)\b[^{}]*\{/;

function syntaxProblem(fields: string, { message }: GraphQLError): string {
  if (/more than \d+ tokens/.test(message)) return TOO_MANY;
  const opened = count(fields, /\{/g);
  const closed = count(fields, /\}/g);
  if (opened !== closed) return `has ${opened} "{", but ${closed} "}"`;
  const plain = message
    .replace(/^Syntax Error: /, "")
    .replace("Expected Name", "expected the name of a field")
    .replace(/\.$/, "");
  return `is not a GraphQL selection: ${cut(plain)}`;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** What has been found on the way through the text. A field that is wrong twice over is told once. */
interface Reading {
  readonly problems: Set<string>;
  fields: number;
}

/** All that is selected of one object; more than one set when its field is named repeatedly. */
interface Place {
  readonly sets: readonly SelectionSetNode[];
  readonly shape: ObjectShape;
  readonly path: readonly string[];
}

function read({ sets, shape, path }: Place, reading: Reading): Selection {
  const names = keysByName(shape);
  const selection: SelectedField[] = [];
  for (const [name, nodes] of fieldsOf(sets, path, reading)) {
    if (reading.problems.size > MAX_PROBLEMS) break;
    if (++reading.fields > MAX_FIELDS) {
      reading.problems.add(TOO_MANY);
      break;
    }
    const place = [...path, name];
    const keys = names.get(name) ?? [];
    const key = keys.includes(name) ? name : keys[0];
    const field = key === undefined ? undefined : shape.fields.get(key);
    if (name === "__typename") {
      reading.problems.add(`names ${inWords(place)}, which is no field of a payload`);
    } else if (key === undefined || !field) {
      const known = [...names.keys()];
      reading.problems.add(
        `names ${inWords(place)}, which ${path.length > 0 ? inWords(path) : "the event type"} does not have${didYouMean(nearMisses(name, known))}`,
      );
    } else if (key !== name && keys.length > 1) {
      reading.problems.add(
        `names ${inWords(place)}, which could be any of ${keys.map((each) => JSON.stringify(each)).join(", ")}`,
      );
    } else {
      const part = readPart(nodes, { shape: field.shape, path: place }, reading);
      selection.push({ name, key, part });
    }
  }
  return selection;
}

function readPart(
  nodes: readonly FieldNode[],
  { shape, path }: { readonly shape: Shape; readonly path: readonly string[] },
  reading: Reading,
): Part {
  const object = objectIn(shape);
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  if (!object) {
    if (sets.length > 0) {
      reading.problems.add(`must not select inside ${inWords(path)}, which is ${found(shape)}`);
    }
    return hasOnlyScalars(shape) ? "SCALARS" : "WHOLE";
  }
  if (sets.every(({ selections }) => selections.length === 0) || sets.length < nodes.length) {
    const some = [...keysByName(object).keys()].slice(0, 3).join(" ");
    reading.problems.add(
      `must say which fields of ${inWords(path)} it selects, e.g. ${path.at(-1)} { ${some} }`,
    );
  } else if (path.length >= MAX_LEVELS) {
    reading.problems.add(`has more than ${MAX_LEVELS} levels at ${inWords(path)}`);
  } else {
    return read({ sets, shape: object, path }, reading);
  }
  return [];
}

/** The fields of the sets by name; what is no plain field is a problem. */
function fieldsOf(
  sets: readonly SelectionSetNode[],
  path: readonly string[],
  { problems }: Reading,
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  for (const node of sets.flatMap(({ selections }) => selections)) {
    if (node.kind !== Kind.FIELD) {
      problems.add(fragmentOf(node, path));
      continue;
    }
    for (const problem of extrasOf(node, path)) problems.add(problem);
    const same = fields.get(node.name.value);
    if (same) same.push(node);
    else fields.set(node.name.value, [node]);
  }
  return fields;
}

function fragmentOf(
  node: FragmentSpreadNode | InlineFragmentNode,
  path: readonly string[],
): string {
  const where = path.length > 0 ? ` in ${inWords(path)}` : "";
  return node.kind === Kind.FRAGMENT_SPREAD
    ? `must not use the fragment ...${inWords([node.name.value])}${where}: write its fields instead`
    : `must not use a fragment (...)${where}: write its fields instead`;
}

/** What GraphQL allows beside a field's name, and a selection does not. */
function extrasOf(node: FieldNode, path: readonly string[]): readonly string[] {
  const field = inWords([...path, node.name.value]);
  const extras: string[] = [];
  if (node.alias) {
    extras.push(`must not rename ${field} to ${inWords([node.alias.value])}: there are no aliases`);
  }
  for (const { name, value } of node.arguments ?? []) {
    extras.push(
      value.kind === Kind.VARIABLE
        ? `must not use the variable $${inWords([value.name.value])} at ${field}: nothing can set it`
        : `must not give the argument ${inWords([name.value])} to ${field}: there are no arguments`,
    );
  }
  for (const { name } of node.directives ?? []) {
    extras.push(`must not use the directive @${inWords([name.value])} at ${field}`);
  }
  return extras;
}

/** What is an object in GraphQL, too: a value, or the entries of a list. One without declared fields can only be had whole. */
function objectIn(shape: Shape): ObjectShape | null {
  const only = besidesNull(shape);
  if (only.kind === "list") return objectIn(only.of);
  return only.kind === "object" && only.fields.size > 0 ? only : null;
}

/** Of several kinds of objects nothing can be said that holds for all of them. */
function found(shape: Shape): string {
  const objects = alternatives([shape]).filter(({ kind }) => kind === "object");
  const isOneOfMany = objects.length > 1;
  return isOneOfMany ? "one of several objects, and can only be had whole" : shapesInWords([shape]);
}

function hasOnlyScalars(shape: Shape): boolean {
  return alternatives([shape]).every((each) => {
    if (each.kind === "list") return hasOnlyScalars(each.of);
    return each.kind !== "any" && each.kind !== "map" && each.kind !== "object";
  });
}

/** Two keys can have one name: "a-b" and "a.b" are both a_b. */
function keysByName({ fields }: ObjectShape): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(fields.keys(), fieldName);
}

function inWords(path: readonly string[]): string {
  return cut(path.join("."));
}

/** What comes from the text may be nearly as long as the text. */
const MAX_QUOTED_CHARACTERS = 200;

function cut(text: string): string {
  if (text.length <= MAX_QUOTED_CHARACTERS) return text;
  // Half of a surrogate pair is not text.
  return `${text.slice(0, MAX_QUOTED_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
