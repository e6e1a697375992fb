import { parseArgs } from "node:util";
import { backlog } from "./backlog.ts";
import { catalog } from "./catalog.ts";
import type { Benchmark } from "./figure.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { isolation } from "./isolation.ts";
import { latency } from "./latency.ts";
import { live } from "./live.ts";
import { createStealMeter, describeMachine } from "./machine.ts";
import { save, table, type Measured } from "./report.ts";
import { throughput } from "./throughput.ts";

/** `npm run bench`, or `npm run bench -- throughput --rounds 3`. */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  throughput,
  latency,
  isolation,
  growth,
  backlog,
  live,
  idle,
  catalog,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" } },
});
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0 || !/^[1-9]\d*$/.test(values.rounds)) {
  console.error("Usage: npm run bench -- [names] [--rounds 5]\n");
  for (const [name, { about }] of Object.entries(BENCHMARKS))
    console.error(`  ${name.padEnd(12)}${about}`);
  process.exit(2);
}

const machine = describeMachine();
const measured: Measured[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHMARKS)) {
  const startMs = performance.now();
  const steal = createStealMeter();
  const note = (text: string) => console.error(`${name}: ${text}`);
  const figures = await BENCHMARKS[name]!.run({ rounds: Number(values.rounds), note });
  const seconds = Math.round((performance.now() - startMs) / 1000);
  measured.push({ benchmark: name, seconds, steal: steal(), figures });
}
console.log(table(machine, measured));
console.error(`\nSaved as ${save(machine, measured)}`);
