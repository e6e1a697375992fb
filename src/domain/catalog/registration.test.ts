import { expect, test } from "vitest";
import { NO_BREAKAGE, retirement, told, type EventTypeChange } from "./registration.ts";

function changes(eventType: string, count: number): EventTypeChange[] {
  const type = {
    ...retirement({ name: eventType, aliases: [] } as never, NO_BREAKAGE),
    pointer: "",
  };
  return Array.from({ length: count }, (_, index) => ({
    ...type,
    kind: index === count - 1 ? "BREAKING" : "SAFE",
    pointer: `/${index}`,
  }));
}

test("of more than 2,500 changes in a call the gravest of each type are told", () => {
  const some = [changes("few", 2), changes("many", 2_498)];
  expect(told(some)).toEqual(some.flat());
  const more = [changes("few", 2), ...["a", "b", "c", "d"].map((name) => changes(name, 1_000))];
  const left = Map.groupBy(told(more), ({ eventType }) => eventType);
  expect(left.get("few")).toHaveLength(2);
  expect(left.get("d")).toHaveLength(500);
  expect(left.get("d")?.[0]).toMatchObject({ kind: "BREAKING", pointer: "/999" });
});
