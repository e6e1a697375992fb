import { rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Benchmark } from "./figure.ts";
import { makeFolder, Service } from "./service.ts";
import { median } from "./stats.ts";

const IDLE_MS = 10_000;
const READY_MS = 1500;
const MEMORY_MIB = 250;

interface Start {
  readonly readyMs: number;
  readonly cpuMs: number;
}

export const idle: Benchmark = {
  about: "start to ready, and what the program costs while it does nothing",
  async run({ rounds, note }) {
    const first: Start[] = [];
    const second: Start[] = [];
    const memory: number[] = [];
    const cpu: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const folder = makeFolder();
      try {
        first.push(await start(folder));
        await using service = await Service.start({ folder });
        second.push({ readyMs: service.readyMs, cpuMs: service.cpuMs });
        await service.run("{ events { name } deliveries(first: 1) { nodes { id } } }");
        const usedMs = service.cpuMs;
        await wait(IDLE_MS);
        memory.push(service.memory.now);
        cpu.push(service.cpuMs - usedMs);
        await service.stop();
      } finally {
        rmSync(folder, { recursive: true });
      }
      note(`round ${round}: ready in ${first.at(-1)!.readyMs.toFixed(0)} ms`);
    }
    const starts = (name: string, all: readonly Start[]) => [
      {
        name: `start to ready, ${name}`,
        value: median(all.map(({ readyMs }) => readyMs)),
        unit: "ms",
        budget: { most: READY_MS },
      },
      {
        name: `start to ready, ${name}: processor time`,
        value: median(all.map(({ cpuMs }) => cpuMs)),
        unit: "ms",
      },
    ];
    return [
      ...starts("fresh database", first),
      ...starts("second start", second),
      {
        name: "memory after 10 idle seconds",
        value: median(memory),
        unit: "MiB",
        budget: { most: MEMORY_MIB },
      },
      { name: "processor time in 10 idle seconds", value: median(cpu), unit: "ms" },
    ];
  },
};

async function start(folder: string): Promise<Start> {
  await using service = await Service.start({ folder });
  const { readyMs, cpuMs } = service;
  await service.stop();
  return { readyMs, cpuMs };
}
