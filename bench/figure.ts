/** What a benchmark measured, with the budget that it has to keep, if any. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget?: { readonly least: number } | { readonly most: number };
}

export interface BenchOptions {
  /** How often what is compared is measured in turn; figures are the medians. */
  readonly rounds: number;
  /** Says on stderr how far it is. */
  readonly note: (text: string) => void;
}

export interface Benchmark {
  /** What is measured, in one line. */
  readonly about: string;
  run(options: BenchOptions): Promise<readonly Figure[]>;
}

export function holds({ value, budget }: Figure): boolean | undefined {
  if (!budget) return undefined;
  return "least" in budget ? value >= budget.least : value <= budget.most;
}
