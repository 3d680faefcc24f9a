/**
 * Variants of a call side by side: they take turns in short slices, so that a machine that speeds up or slows down meets all of them,
 * and what each costs is a ratio within one run. The first is what the others are compared with.
 */
import { fire, type Shot, type Slice } from './load.ts';
import { cpuSeconds } from './processes.ts';

export interface Variant {
  name: string;
  shot(size: string): Shot;
  pid: number;
  /** Of the database that serves it, with its descendants. */
  databasePid?: number;
}

export interface Pace {
  connections: number;
  rounds: number;
  seconds: number;
}

interface Measured extends Slice {
  cpuMs: number;
  databaseCpuMs: number;
}

export async function compare(size: string, variants: readonly Variant[], pace: Pace): Promise<void> {
  const results = new Map<string, Measured[]>(variants.map((variant) => [variant.name, []]));
  for (const variant of variants) await fire(variant.shot(size), pace.connections, 3);
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const variant of variants) results.get(variant.name)?.push(await measure(variant, size, pace));
  }
  console.log(
    `${size.padEnd(5)}            CPU/call   of relay (min…max)   quietest   with database   calls/s   of relay     p50      p99   failures`,
  );
  const baseline = [...results.values()][0] as Measured[];
  for (const [name, slices] of results) printRow(name, slices, baseline);
  console.log('');
}

async function measure({ shot, pid, databasePid }: Variant, size: string, pace: Pace): Promise<Measured> {
  const cpu = () => ({ own: cpuSeconds(pid, true), database: databasePid === undefined ? 0 : cpuSeconds(databasePid, true) });
  const before = cpu();
  const slice = await fire(shot(size), pace.connections, pace.seconds);
  const after = cpu();
  return { ...slice, cpuMs: (after.own - before.own) * 1000, databaseCpuMs: (after.database - before.database) * 1000 };
}

function printRow(name: string, slices: readonly Measured[], baseline: readonly Measured[]): void {
  const perCall = (slice: Measured) => slice.cpuMs / slice.calls;
  const rate = (slice: Measured) => slice.calls / slice.seconds;
  const ratios = slices.map((slice, at) => perCall(slice) / perCall(baseline[at] as Measured));
  const withDatabase = slices.map((slice, at) => (slice.cpuMs + slice.databaseCpuMs) / slice.calls / perCall(baseline[at] as Measured));
  // Slices that nothing else on the machine disturbed, each of its own.
  const quietest = Math.min(...slices.map(perCall)) / Math.min(...baseline.map(perCall));
  const rates = slices.map((slice, at) => rate(slice) / rate(baseline[at] as Measured));
  const latencies = slices.flatMap((slice) => slice.latencies).sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] as number;
  console.log(
    [
      `  ${name.padEnd(9)}`,
      `${(median(slices.map(perCall)) * 1000).toFixed(0).padStart(8)} µs`,
      `${median(ratios).toFixed(2).padStart(8)} (${Math.min(...ratios).toFixed(2)}…${Math.max(...ratios).toFixed(2)})`,
      `${quietest.toFixed(2).padStart(9)}`,
      `${median(withDatabase).toFixed(2).padStart(14)}`,
      `${median(slices.map(rate)).toFixed(0).padStart(13)}`,
      `${median(rates).toFixed(2).padStart(8)}`,
      `${at(0.5).toFixed(1).padStart(9)}`,
      `${at(0.99).toFixed(1).padStart(8)} ms`,
      `${slices.reduce((sum, slice) => sum + slice.failures, 0)}`.padStart(6),
    ].join(' '),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
