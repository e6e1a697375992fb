import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { holds, type Figure } from "./figure.ts";
import { COMMIT_P99_MS, type Machine } from "./machine.ts";

export interface Measured {
  readonly benchmark: string;
  readonly seconds: number;
  /** Time taken by other machines on the same host while it ran, 0 to 1. */
  readonly steal: number;
  readonly figures: readonly Figure[];
}

const RESULTS = fileURLToPath(new URL("results/", import.meta.url));

/** One table for people. */
export function table(machine: Machine, all: readonly Measured[]): string {
  const rows = all.flatMap(({ benchmark, figures }) =>
    figures.map((figure) => [benchmark, figure.name, shown(figure), ...budgetOf(figure)]),
  );
  const head = ["benchmark", "figure", "measured", "budget", "holds"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [...describe(machine, all), "", line(head), rule, ...rows.map(line)].join("\n");
}

/** Writes it for machines; returns the file. */
export function save(machine: Machine, all: readonly Measured[]): string {
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  const file = `${RESULTS}${at.replaceAll(/[:.]/g, "-")}.json`;
  const measured = all.map((one) => ({
    ...one,
    figures: one.figures.map((figure) => ({ ...figure, holds: holds(figure) })),
  }));
  writeFileSync(file, `${JSON.stringify({ at, machine, measured }, undefined, 2)}\n`);
  return file;
}

function describe(machine: Machine, all: readonly Measured[]): string[] {
  const { loneCommit, packages } = machine;
  const steal = Math.max(0, ...all.map((one) => one.steal));
  const isQuick = loneCommit.p99 < COMMIT_P99_MS;
  return [
    `${machine.cores} × ${machine.processor}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}`,
    `Node.js ${machine.node}, SQLite ${machine.sqlite}, ${Object.entries(packages).flat().join(" ")}`,
    `Revision ${machine.revision}${machine.isClean ? "" : " with changes"}, load ${machine.loadAverage.toFixed(2)} at the start, up to ${(steal * 100).toFixed(0)} % of the time stolen by other machines`,
    `A lone commit: p50 ${loneCommit.p50.toFixed(2)} ms, p99 ${loneCommit.p99.toFixed(2)} ms${isQuick ? "" : `: over ${COMMIT_P99_MS} ms, so that figures in ms and per second say more about this disk than about the service`}`,
  ];
}

function shown({ value, unit }: Figure): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  return unit === "ratio" ? value.toFixed(2) : `${value.toFixed(digits)} ${unit}`;
}

function budgetOf(figure: Figure): [string, string] {
  const { budget, unit } = figure;
  if (!budget) return ["", ""];
  const [word, value] =
    "least" in budget ? (["at least", budget.least] as const) : (["at most", budget.most] as const);
  const text = `${word} ${Math.round(value * 100) / 100}${unit === "ratio" ? "" : ` ${unit}`}`;
  return [text, holds(figure) ? "yes" : "NO"];
}
