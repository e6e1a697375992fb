import { readFileSync } from "node:fs";
import { OperationTypeNode } from "graphql";
import { expect, test } from "vitest";
import { ADMIN_KEY, startApp } from "./app.ts";
import { hookwire } from "./cli.ts";
import { expected, Notes, run, stepsOf, type Step } from "./doc-steps.ts";
import { makeFolder } from "./process.ts";
import { compile } from "./tsc.ts";

const text = readFileSync(new URL("../docs/catalog.md", import.meta.url), "utf8");

const steps = stepsOf(text);

/** A block that shows what a generator makes. */
function shown(fence: string): string {
  const found = new RegExp(`^\`\`\`${fence}\n(.*?)^\`\`\`$`, "ms").exec(text)?.[1];
  if (found === undefined) throw new Error(`There is no ${fence}`);
  return found;
}

/** "The variables are the same as before" is said of the step that has none and takes some. */
function withVariables(step: Step, before: Step | undefined): Step {
  const takesThem = step.query.includes("$types") && step.variables === "{}";
  return takesThem && before ? { ...step, variables: before.variables } : step;
}

test("the documents of docs/catalog.md run in their order and answer what it shows", async () => {
  await using app = await startApp({ env: { HOOKWIRE_ALLOW_TARGETS: "" } });
  const notes = new Notes();
  for (const [index, each] of steps.entries()) {
    const step = withVariables(each, steps[index - 1]);
    const { name, kind, answer } = step;
    if (name === "AsTypes") {
      const { eventType } = await run(app, step, notes);
      expect(eventType).toEqual({ sdl: shown("graphql sdl"), typescript: shown("ts typescript") });
    } else if (answer === null) await run(app, step, notes);
    else if (kind === OperationTypeNode.MUTATION)
      expect(await run(app, step, notes), name).toEqual(expected(answer));
    else
      await expect
        .poll(() => run(app, step, notes), { timeout: 10_000, message: name })
        .toEqual(expected(answer));
  }
  // None of them was passed over.
  expect(steps.filter(({ answer }) => answer !== null)).toHaveLength(
    text.split("json answer").length - 1,
  );
  using folder = makeFolder();
  const env = { HOOKWIRE_API_KEY: ADMIN_KEY, HOOKWIRE_URL: app.url };
  const { stdout } = await hookwire(folder.path, "types", env).ended;
  expect(stdout).toContain(shown("ts typescript"));
  expect(await compile({ "events.ts": stdout, "receiver.ts": shown("ts receiver") })).toEqual([]);
});
