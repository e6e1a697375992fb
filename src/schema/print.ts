import { readFileSync, writeFileSync } from "node:fs";
import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "./index.ts";

/** Writes schema.graphql, or with --check fails when it is not what the code says. */
const file = new URL("../../schema.graphql", import.meta.url);
const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
if (!process.argv.includes("--check")) writeFileSync(file, printed);
else if (readFileSync(file, "utf8") !== printed) {
  process.stderr.write("schema.graphql is not what src/schema says; run npm run schema\n");
  process.exitCode = 1;
}
