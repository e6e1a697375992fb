import { expect, test } from "vitest";
import { linearPattern, patternProblem } from "./linear-pattern.ts";

test.each([
  ["^[0-9a-f]{8}-[0-9a-f]{4}$", "0123abcd-ffff", "0123abcd-fff"],
  ["^\\p{Lu}\\u00e9$", "Éé", "éé"],
  ["^\\u{1F600}+$", "😀😀", "😀a"],
  ["^(?<year>\\d{4})\\/\\d\\d$", "2024/05", "2024-05"],
  ["^a.*z$", "a😀z", "a\nz"],
  ["\\bend$", "the end", "the end\n"],
])("%s matches as in JavaScript", (source, yes, no) => {
  expect(patternProblem(source)).toBeNull();
  for (const text of [yes, no]) {
    expect(linearPattern(source).test(text)).toBe(new RegExp(source, "u").test(text));
  }
  expect(linearPattern(source).test(yes)).toBe(true);
});

test.each([["[(?=]"], ["\\\\1"]])("%s only looks like what is refused", (source) => {
  expect(patternProblem(source)).toBeNull();
});
