import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

/** A gate that counts its ids, and what it reported. */
function openGate() {
  const reported: { error: unknown; errorId: string }[] = [];
  let ids = 0;
  const gate = createGate({
    report: (error, errorId) => reported.push({ error, errorId }),
    newErrorId: () => `err_${++ids}`,
    storageProblem: () => undefined,
  });
  const idOf = (error: unknown) => (gate(error) as GraphQLError).extensions.errorId;
  return { reported, idOf };
}

test("an error that many are told of is reported once, and all are told the same id", () => {
  const { reported, idOf } = openGate();
  const error = new Error("the disk is gone");
  const wrapped = () => new GraphQLError(error.message, { originalError: error });
  expect([idOf(error), idOf(error), idOf(wrapped()), idOf(wrapped())]).toEqual(
    Array(4).fill("err_1"),
  );
  expect(reported).toEqual([{ error, errorId: "err_1" }]);
});

test("two errors have two ids and are both reported, even with the same words", () => {
  const { reported, idOf } = openGate();
  const errors = [new Error("gone"), new Error("gone"), "gone", "gone"];
  const ids = ["err_1", "err_2", "err_3", "err_4"];
  expect(errors.map(idOf)).toEqual(ids);
  expect(reported.map(({ errorId }) => errorId)).toEqual(ids);
});
