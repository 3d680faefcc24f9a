/**
 * Variants of a call side by side: they take turns in short slices, forwards and backwards, so that a machine that speeds up or slows
 * down meets all of them, and what each costs is a ratio within one run. The first is what the others are compared with. A ratio is
 * printed of the quietest slice of each (what a quiet machine would show), and as the median of the rounds.
 */
import { Load, type Shot, type Slice } from './load.ts';
import { nanosBetween, readThreads } from './processes.ts';

export interface Variant {
  name: string;
  shot(size: string): Shot;
  pid: number;
  /** Its descendants count too. */
  tree?: boolean;
  /** Of the database that serves it, with its descendants. */
  databasePid?: number;
  /** The variant of another tree that it is compared with too. */
  before?: string;
}

export interface Pace {
  connections: number;
  rounds: number;
  seconds: number;
}

interface Measured extends Slice {
  /** Microseconds of CPU a call. */
  own: number;
  withDatabase: number;
}

const warmSeconds = 3;

export async function compare(size: string, variants: readonly Variant[], pace: Pace): Promise<void> {
  const runs = variants.map((variant) => ({ variant, load: new Load(variant.shot(size), pace.connections), slices: [] as Measured[] }));
  try {
    for (const { load } of runs) await load.fire(warmSeconds);
    for (let round = 0; round < pace.rounds; round += 1)
      for (const { variant, load, slices } of round % 2 ? runs.toReversed() : runs) slices.push(await measure(variant, load, pace.seconds));
  } finally {
    for (const { load } of runs) await load.close();
  }
  printLine(`${size} × ${pace.connections}`, columns);
  const baseline = runs[0]?.slices as Measured[];
  for (const { variant, slices } of runs) {
    const before = runs.find((run) => run.variant.name === variant.before)?.slices;
    printRow(variant.name, slices, baseline, before);
  }
  console.log('');
}

async function measure({ pid, tree, databasePid }: Variant, load: Load, seconds: number): Promise<Measured> {
  const read = () => ({ own: readThreads(pid, tree), database: databasePid === undefined ? new Map() : readThreads(databasePid, true) });
  const before = read();
  const slice = await load.fire(seconds);
  const after = read();
  const own = nanosBetween(before.own, after.own) / 1000 / slice.calls;
  return { ...slice, own, withDatabase: own + nanosBetween(before.database, after.database) / 1000 / slice.calls };
}

const columns = ['CPU/call', 'of relay', 'with database', 'calls/s', 'p50, p99 ms', 'added p50', 'failures', 'of before', 'with database'];
const widths = [8, 20, 20, 7, 14, 13, 8, 20, 20];

function printLine(name: string, cells: readonly string[]): void {
  console.log([name.padEnd(16), ...cells.map((cell, at) => cell.padStart(widths[at] as number))].join('  '));
}

type Facet = (slice: Measured) => number;
const own: Facet = (slice) => slice.own;
const withDatabase: Facet = (slice) => slice.withDatabase;
const p50: Facet = ({ latencies }) => at(latencies, 0.5);

function printRow(name: string, slices: readonly Measured[], baseline: readonly Measured[], before?: readonly Measured[]): void {
  const all = slices.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  const added = median(slices.map((slice, round) => p50(slice) - p50(baseline[round] as Measured)));
  printLine(`  ${name}`, [
    `${quietest(slices, own).toFixed(0)} µs`,
    ratio(slices, baseline, own, own),
    ratio(slices, baseline, withDatabase, own),
    median(slices.map(({ calls, seconds }) => calls / seconds)).toFixed(0),
    `${at(all, 0.5).toFixed(2)}, ${at(all, 0.99).toFixed(1)}`,
    `${(quietest(slices, p50) - quietest(baseline, p50)).toFixed(2)}, ${added.toFixed(2)}`,
    String(slices.reduce((sum, { failures }) => sum + failures, 0)),
    ...(before ? [ratio(slices, before, own, own), ratio(slices, before, withDatabase, withDatabase)] : []),
  ]);
}

/** Of the quietest slices, then the median of the rounds, and the least and the most of them. */
function ratio(slices: readonly Measured[], others: readonly Measured[], of: Facet, to: Facet): string {
  const ratios = slices.map((slice, round) => of(slice) / to(others[round] as Measured));
  const quiet = quietest(slices, of) / quietest(others, to);
  return `${quiet.toFixed(2)}, ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}…${Math.max(...ratios).toFixed(2)})`;
}

const quietest = (slices: readonly Measured[], of: Facet) => Math.min(...slices.map(of));
const at = (sorted: readonly number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
const median = (values: readonly number[]) =>
  at(
    values.toSorted((a, b) => a - b),
    0.5,
  );
