import fc from "fast-check";
import { expect, test } from "vitest";
import {
  any,
  drawn,
  list,
  map,
  nullable,
  object,
  randomObject,
  randomSelection,
  text,
  union,
} from "../../test/payload-shapes.ts";
import type { ObjectShape } from "./catalog/shape.ts";
import { parseSelection, selectionText } from "./selection-text.ts";

const order = object({
  payment_total: text,
  "card-number": text,
  customer: nullable(object({ email: text, name: text, user_id: text })),
  lines: list(object({ price: text })),
  meta: map(text),
  extra: any,
  nothing: object({}),
});

function textOf(fields: string, shape: ObjectShape = order): string {
  const parsed = parseSelection(fields, shape);
  return "selection" in parsed ? selectionText(parsed.selection) : parsed.problems.join("; ");
}

function problemsOf(fields: string, shape: ObjectShape = order): readonly string[] {
  const parsed = parseSelection(fields, shape);
  return "problems" in parsed ? parsed.problems : [];
}

test.each([
  "payment_total customer { email } lines { price }",
  "{ payment_total, customer { email }\n lines { price } }",
  "# what we need\npayment_total customer{email}lines{price} # no more",
  " \n{payment_total customer{email} customer{email} lines{price} payment_total}\n",
])("%j is written in one way", (fields) => {
  expect(textOf(fields)).toBe("payment_total customer { email } lines { price }");
});

test("a field named twice is one field with the fields of both", () => {
  expect(textOf("customer { email } payment_total customer { name email }")).toBe(
    "customer { email name } payment_total",
  );
});

test("a key that is no GraphQL name is selected by the name that GraphQL has for it", () => {
  expect(parseSelection("card_number", order)).toEqual({
    selection: [{ name: "card_number", key: "card-number", part: "SCALARS" }],
  });
});

test("the key that is spelt like the name wins over one that only has this name in GraphQL", () => {
  const shape = object({ "a-b": text, a_b: text });
  expect(parseSelection("a_b", shape)).toMatchObject({ selection: [{ key: "a_b" }] });
});

test("an object without declared fields can only be had whole", () => {
  expect(textOf("nothing")).toBe("nothing");
});

test("objects that differ only in what they require are one object, as in GraphQL", () => {
  const contact = (required: string) => {
    const { fields } = object({ mail: text, phone: text });
    const marked = [...fields].map(
      ([key, field]) => [key, { ...field, isRequired: key === required }] as const,
    );
    return { kind: "object", fields: new Map(marked) } as const;
  };
  const shape = object({ contact: nullable(union(contact("mail"), contact("phone"))) });
  expect(textOf("contact { mail }", shape)).toBe("contact { mail }");
  expect(problemsOf("contact", shape)).toEqual([
    "must say which fields of contact it selects, e.g. contact { mail phone }",
  ]);
});

test("of other objects that may stand at one place nothing can be selected", () => {
  const shape = object({ who: union(object({ name: text }), object({ vat: text })) });
  expect(textOf("who", shape)).toBe("who");
  expect(problemsOf("who { name }", shape)).toEqual([
    "must not select inside who, which is one of several objects, and can only be had whole",
  ]);
});

test.each([
  ["customer { emial }", "names customer.emial, which customer does not have; did you mean email?"],
  [
    "paymentTotal",
    "names paymentTotal, which the event type does not have; did you mean payment_total?",
  ],
  ["zzz", "names zzz, which the event type does not have"],
  [
    "customer",
    "must say which fields of customer it selects, e.g. customer { email name user_id }",
  ],
  [
    "customer customer { email }",
    "must say which fields of customer it selects, e.g. customer { email name user_id }",
  ],
  ["lines { }", "must say which fields of lines it selects, e.g. lines { price }"],
  ["payment_total { cents }", "must not select inside payment_total, which is text"],
  ["meta { a }", "must not select inside meta, which is an object with free keys"],
  ["mail: customer { email }", "must not rename customer to mail: there are no aliases"],
  ["customer { mail: email }", "must not rename customer.email to mail: there are no aliases"],
  [
    "payment_total(in: EUR)",
    "must not give the argument in to payment_total: there are no arguments",
  ],
  [
    "payment_total(in: $currency)",
    "must not use the variable $currency at payment_total: nothing can set it",
  ],
  ["payment_total @skip", "must not use the directive @skip at payment_total"],
  ["...Most", "must not use the fragment ...Most: write its fields instead"],
  [
    "customer { ... on Customer { email } }",
    "must not use a fragment (...) in customer: write its fields instead",
  ],
  ["{ payment_total } fragment F on T { a }", "must not define fragments"],
  ["fragment F on T { a }", 'must be the fields alone, without "fragment"'],
  ["query ($a: Int) { payment_total }", 'must be the fields alone, without "query"'],
  ["payment_total } { customer", "must be one selection"],
  ["__typename payment_total", "names __typename, which is no field of a payload"],
  ["customer { __typename }", "names customer.__typename, which is no field of a payload"],
  ["", "must name at least one field"],
  ["{ }", "must name at least one field"],
  ["customer { email", 'has 1 "{", but 0 "}"'],
  ["payment_total }", 'has 0 "{", but 1 "}"'],
  ["payment_total; customer", 'is not a GraphQL selection: Unexpected character: ";"'],
  ["payment_total(", 'is not a GraphQL selection: expected the name of a field, found "}"'],
])("%j %s", (fields, problem) => {
  expect(problemsOf(fields)).toEqual([problem]);
});

test("two keys with one GraphQL name can't be told apart", () => {
  const shape = object({ "a-b": text, "a.b": text });
  expect(problemsOf("a_b", shape)).toEqual(['names a_b, which could be any of "a-b", "a.b"']);
});

test("all the problems are told at once, each once", () => {
  expect(problemsOf("x: meta(b: 1) { c } customer { emial emial } zzz @skip")).toEqual([
    "must not rename meta to x: there are no aliases",
    "must not give the argument b to meta: there are no arguments",
    "must not use the directive @skip at zzz",
    "must not select inside meta, which is an object with free keys",
    "names customer.emial, which customer does not have; did you mean email?",
    "names zzz, which the event type does not have",
  ]);
});

function nested(levels: number): ObjectShape {
  return levels > 1 ? object({ a: nested(levels - 1) }) : object({ a: text });
}
function nestedText(levels: number): string {
  return levels > 1 ? `a { ${nestedText(levels - 1)} }` : "a";
}
const wide = (count: number): string[] => Array.from({ length: count }, (_, index) => `f${index}`);
const wideShape = object(wide(501).map((name) => [name, text]));

test("8 levels, 500 fields and 10,000 characters are taken, and not more", () => {
  expect(textOf(nestedText(8), nested(8))).toBe(nestedText(8));
  expect(problemsOf(nestedText(9), nested(9))).toEqual([
    "has more than 8 levels at a.a.a.a.a.a.a.a",
  ]);
  expect(problemsOf(wide(500).join(" "), wideShape)).toEqual([]);
  expect(problemsOf(wide(501).join(" "), wideShape)).toEqual(["has more than 500 fields"]);
  expect(problemsOf("payment_total".padEnd(10_000))).toEqual([]);
  expect(problemsOf("payment_total".padEnd(10_001))).toEqual([
    "must have at most 10000 characters",
  ]);
});

test.each([
  ["braces", "a{".repeat(5_000)],
  ["lists", `a(b: ${"[".repeat(9_000)}`],
  ["names", "a ".repeat(4_999)],
  ["commented braces", "#\n{".repeat(3_000)],
])("%s beyond all measure are refused before they overflow a stack", (_, fields) => {
  expect(problemsOf(fields)).toEqual(["has more than 500 fields"]);
});

test.each([`"${"😀".repeat(4_000)}"`, `a "${"😀".repeat(4_000)}"`, "x".repeat(9_000)])(
  "a problem quotes no more than the beginning of %.9s…",
  (fields) => {
    const [problem = ""] = problemsOf(fields);
    expect(problem.length).toBeLessThan(300);
    expect(problem.isWellFormed()).toBe(true);
  },
);

test("what is taken is read back from its one-line form", () => {
  drawn((draw) => {
    const shape = randomObject(draw);
    const picked = randomSelection(draw, shape);
    if (!picked) return;
    const parsed = parseSelection(picked.text, shape);
    if ("problems" in parsed) throw new Error(parsed.problems.join("; "));
    expect(parseSelection(selectionText(parsed.selection), shape)).toEqual(parsed);
  });
});

test("no text throws", () => {
  const pieces = fc.constantFrom(
    ...'{ } ( ) : $ @ ... a b a_b _1x _ customer query fragment on __typename # \n " \\ , [ é 1'.split(
      " ",
    ),
  );
  const fields = fc.oneof(
    { weight: 5, arbitrary: fc.array(pieces, { maxLength: 15 }).map((each) => each.join(" ")) },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  );
  fc.assert(
    fc.property(fields, (each) => {
      expect(parseSelection(each, order)).toSatisfy(
        (parsed) => "selection" in parsed || parsed.problems.length > 0,
      );
    }),
    { numRuns: 3_000 },
  );
});
