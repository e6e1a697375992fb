import {
  check,
  kindOf,
  nothing,
  number,
  object,
  text,
  UNJUDGED,
  whole,
} from "../../../test/schema-rows.ts";

check({
  "null is a new form": [text, { anyOf: [text, nothing] }, "BREAKING /it may now be null"],
  "null is no form any more": [{ anyOf: [text, nothing] }, text, "SAFE /it is never null any more"],
  "a form is added": [
    { anyOf: [text, nothing] },
    { anyOf: [nothing, text, number] },
    "BREAKING /it may now be a number",
  ],
  "a form is removed": [
    { oneOf: [text, nothing, number] },
    { oneOf: [nothing, text] },
    "SAFE /it lost one of its forms",
  ],
  "forms in another order": [{ anyOf: [text, nothing] }, { anyOf: [nothing, text] }],
  "nullable, written in another way": [{ type: ["string", "null"] }, { anyOf: [text, nothing] }],
  "nullable, written in another way back": [
    { anyOf: [text, nothing] },
    { type: ["null", "string"] },
  ],
  "a field of the form that is not null": [
    { anyOf: [object({ a: text }), nothing] },
    { anyOf: [object({}), nothing] },
    "BREAKING /it/a is gone",
  ],
  "a field of the form with this kind": [
    { oneOf: [kindOf("x", { a: text }), kindOf("y", { a: text })] },
    { oneOf: [kindOf("x", { a: text }), kindOf("y", { a: number })] },
    "BREAKING /it/a was text and is now a number",
  ],
  "a kind is added": [
    { oneOf: [kindOf("x", {}), kindOf("y", {})] },
    { oneOf: [kindOf("x", {}), kindOf("y", {}), kindOf("z", {})] },
    "BREAKING /it may now have a form that it did not have",
  ],
  "a form that another covers": [
    { anyOf: [text, number] },
    { anyOf: [text, number, whole] },
    "SAFE /it is always a whole number now",
  ],
  "one of two that overlap is lost": [
    { oneOf: [text, { ...text, maxLength: 5 }] },
    { oneOf: [text] },
    UNJUDGED,
    "SAFE /it is always text now",
  ],
  "one of three that overlap is lost": [
    { oneOf: [text, number, { ...text, maxLength: 5 }] },
    { oneOf: [text, number] },
    "DANGEROUS /it lost one of its forms, which may let in what fitted two",
  ],
  "two choices of forms at once": [
    { anyOf: [text, number], oneOf: [text, nothing] },
    { anyOf: [text, nothing], oneOf: [text, number] },
    UNJUDGED,
  ],
});
