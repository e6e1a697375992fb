import { expect, test } from "vitest";
import { changesOf, check, list, number, text, whole } from "../../../test/schema-rows.ts";
import type { Json } from "./entry.ts";

check({
  "text to a number": [text, number, "BREAKING /it was text and is now a number"],
  "text to text or null": [text, { type: ["string", "null"] }, "BREAKING /it may now be null"],
  "text or null to text": [{ type: ["string", "null"] }, text, "SAFE /it is never null any more"],
  "a whole number to a number": [
    whole,
    number,
    "BREAKING /it was a whole number and may now be a fraction",
  ],
  "a number to a whole number": [number, whole, "SAFE /it is always a whole number now"],
  "text to anything": [
    text,
    true,
    "BREAKING /it may now be a number or true or false or a list or an object or null",
  ],
  "anything to text": [{}, text, "SAFE /it is always text now"],
  "text or a number to text": [{ type: ["string", "number"] }, text, "SAFE /it is always text now"],
  "text or null to text or a number": [
    { type: ["string", "null"] },
    { type: ["string", "number"] },
    "BREAKING /it may now be a number",
    "SAFE /it is never null any more",
  ],
});

check({
  "a value is added": [
    { enum: ["a"] },
    { enum: ["a", "b"] },
    'DANGEROUS /it may now be the text "b"',
  ],
  "a value is removed": [
    { enum: ["a", "b"] },
    { enum: ["a"] },
    'SAFE /it is never any more the text "b"',
  ],
  "another constant": [
    { const: 1 },
    { const: 2 },
    "DANGEROUS /it may now be the number 2",
    "SAFE /it is never any more the number 1",
  ],
  "a constant becomes one of two": [
    { const: 1 },
    { enum: [1, 2] },
    "DANGEROUS /it may now be the number 2",
  ],
  "null is added to the values": [
    { enum: ["a"] },
    { enum: ["a", null] },
    "BREAKING /it may now be null",
  ],
  "null is taken from the values": [
    { enum: ["a", null] },
    { enum: ["a"] },
    "SAFE /it is never null any more",
  ],
  "values are no longer listed": [
    { type: "string", enum: ["a"] },
    text,
    "DANGEROUS /it was one of a few values and may now be any",
  ],
  "values are listed now": [
    text,
    { ...text, enum: ["a"] },
    'SAFE /it is now always one of the text "a"',
  ],
  "both of a flag's values are listed": [{ type: "boolean" }, { enum: [true, false] }],
  "a flag is always true": [
    { type: "boolean" },
    { const: true },
    "SAFE /it is never any more false",
  ],
  "a value that no type allows": [
    { ...text, enum: ["a", 1] },
    { ...text, enum: ["a"] },
  ],
});

const bounds: [
  keyword: string,
  type: string,
  looser: Json,
  tighter: Json,
  said: [string, string],
][] = [
  ["minimum", "number", 1, 2, ["may now be less than 2", "is now at least 2"]],
  ["maximum", "number", 2, 1, ["may now be more than 1", "is now at most 1"]],
  ["exclusiveMinimum", "number", 1, 2, ["may now be 2 or less", "is now more than 2"]],
  ["exclusiveMaximum", "number", 2, 1, ["may now be 1 or more", "is now less than 1"]],
  [
    "minLength",
    "string",
    1,
    2,
    ["may now have fewer than 2 characters", "now has at least 2 characters"],
  ],
  [
    "maxLength",
    "string",
    2,
    1,
    ["may now have more than 1 characters", "now has at most 1 characters"],
  ],
  ["minItems", "array", 1, 2, ["may now have fewer than 2 entries", "now has at least 2 entries"]],
  ["maxItems", "array", 2, 1, ["may now have more than 1 entries", "now has at most 1 entries"]],
  [
    "minProperties",
    "object",
    1,
    2,
    ["may now have fewer than 2 fields", "now has at least 2 fields"],
  ],
  [
    "maxProperties",
    "object",
    2,
    1,
    ["may now have more than 1 fields", "now has at most 1 fields"],
  ],
];
test.each(bounds)("%s", (keyword, type, looser, tighter, [loosened, tightened]) => {
  const [loose, tight] = [
    { type, [keyword]: looser },
    { type, [keyword]: tighter },
  ];
  expect(changesOf(tight, loose)).toEqual([`DANGEROUS /it ${loosened}`]);
  expect(changesOf(tight, { type })).toEqual([`DANGEROUS /it ${loosened}`]);
  expect(changesOf(loose, tight)).toEqual([`SAFE /it ${tightened}`]);
  expect(changesOf({ type }, tight)).toEqual([`SAFE /it ${tightened}`]);
});

check({
  "a bound itself is let in": [
    { ...number, exclusiveMinimum: 1 },
    { ...number, minimum: 1 },
    "DANGEROUS /it may now be 1 or less",
  ],
  "above 0 is at least 1 for whole numbers": [
    { ...whole, exclusiveMinimum: 0 },
    { ...whole, minimum: 1 },
  ],
  "a bound of another type": [{ ...text, minimum: 1 }, text],
  "at least no characters": [{ ...text, minLength: 0 }, text],
  "another pattern": [
    { ...text, pattern: "a" },
    { ...text, pattern: "b" },
    "DANGEROUS /it has another pattern",
  ],
  "no pattern": [{ ...text, pattern: "a" }, text, "DANGEROUS /it no longer has a fixed pattern"],
  "a pattern": [text, { ...text, pattern: "a" }, "SAFE /it now has a fixed pattern"],
  "another format": [
    { ...text, format: "uri" },
    { ...text, format: "email" },
    "DANGEROUS /it has another format",
  ],
  "a format": [text, { ...text, format: "uri" }, "SAFE /it now has a fixed format"],
  "another encoding": [
    { ...text, contentEncoding: "base64" },
    text,
    "DANGEROUS /it no longer has a fixed encoding",
  ],
  "other multiples": [
    { ...whole, multipleOf: 4 },
    { ...whole, multipleOf: 3 },
    "DANGEROUS /it need no longer be a multiple of 4",
    "SAFE /it is now a multiple of 3",
  ],
  "multiples of a multiple": [
    { ...whole, multipleOf: 2 },
    { ...whole, multipleOf: 4 },
    "SAFE /it is now a multiple of 4",
  ],
  "equal entries": [
    list(text, { uniqueItems: true }),
    list(text),
    "DANGEROUS /it may now have equal entries",
  ],
  "no equal entries": [
    list(text),
    list(text, { uniqueItems: true }),
    "SAFE /it never has equal entries any more",
  ],
});
