/** The middle of a few figures. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank: the smallest value that `percent` of all are not above; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? NaN;
}

/** What a latency is told by, in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const [p50, p95, p99, max] = [50, 95, 99, 100].map((percent) => percentile(values, percent));
  return { count: values.length, p50: p50!, p95: p95!, p99: p99!, max: max! };
}

/** Milliseconds that all processes of one machine agree on. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
