/**
 * What taking a turn costs a call where nobody has to wait: begun through a turn and left again, and without, in alternating slices.
 *
 *   npm run bench:turns
 */
import { type Task, Turns } from '../src/core/turns/turns.ts';

const limits = { runningMax: 256, waitingMax: 2_000, waitingBytesMax: 128 * 1024 * 1024 };
const rounds = 41;
const calls = 200_000;
/** About as many as are on their way at once in `npm run bench`. */
const running = 64;

let begun = 0;

class Call implements Task {
  readonly waitingBytes = 0;
  readonly turnOf: string;

  constructor(turnOf: string) {
    this.turnOf = turnOf;
  }

  begin(): void {
    begun += 1;
  }
}

/** Nanoseconds a call. */
function slice(users: readonly string[], turns: Turns | undefined): number {
  const startedMs = performance.now();
  const open: Call[] = [];
  for (let at = 0; at < calls; at += 1) {
    const call = new Call(users[at % users.length] as string);
    if (turns) turns.enter(call);
    else call.begin();
    open.push(call);
    if (open.length === running) for (const one of open.splice(0)) turns?.leave(one);
  }
  for (const one of open) turns?.leave(one);
  return ((performance.now() - startedMs) * 1e6) / calls;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

for (const count of [1, 16, 10_000]) {
  const users = Array.from({ length: count }, (_, at) => `user_${at}`);
  const turns = new Turns(limits);
  const without: number[] = [];
  const taken: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    without.push(slice(users, undefined));
    taken.push(slice(users, turns));
  }
  // What a turn adds is thousandths of a call (RESULTS.md), and a machine with other work to do only ever adds to it.
  const ns = Math.min(...taken) - Math.min(...without);
  const ratio = median(taken.map((one, at) => one / (without[at] as number)));
  console.log(
    `${String(count).padStart(6)} users: ${Math.min(...without).toFixed(0)} ns without, ${Math.min(...taken).toFixed(0)} with, so a turn ${ns.toFixed(0)} ns (quietest slices); ${ratio.toFixed(1)} times by median`,
  );
}
if (begun !== 6 * rounds * calls) throw new Error('not every call began');
