import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Task, Turns } from '../../src/core/turns/turns.ts';

/** Turns at some places, and what became of the tasks. */
class Stand {
  readonly turns: Turns;
  readonly begun: TestTask[] = [];
  readonly running = new Set<TestTask>();

  constructor(limits: { runningMax: number; waitingMax?: number; waitingBytesMax?: number }) {
    this.turns = new Turns({ waitingMax: 1_000, waitingBytesMax: 1_000, ...limits });
  }

  ask(turnOf: string, waitingBytes = 1): TestTask {
    const task: TestTask = {
      turnOf,
      waitingBytes,
      taken: true,
      begin: () => {
        this.begun.push(task);
        this.running.add(task);
      },
    };
    task.taken = this.turns.enter(task);
    return task;
  }

  end(task: TestTask): void {
    this.running.delete(task);
    this.turns.leave(task);
  }

  get users(): string[] {
    return this.begun.map(({ turnOf }) => turnOf);
  }
}

interface TestTask extends Task {
  taken: boolean;
}

describe('turns', () => {
  test('leave half of the places to others, and whoever holds nothing begins at once', () => {
    const stand = new Stand({ runningMax: 4 });
    for (let at = 0; at < 10; at += 1) stand.ask('ada');
    expect(stand.users).toEqual(['ada', 'ada']);
    stand.ask('bea');
    stand.ask('cleo');
    expect(stand.users).toEqual(['ada', 'ada', 'bea', 'cleo']);
  });

  test('go round the users who wait, each in their own order', () => {
    const stand = new Stand({ runningMax: 1 });
    const first = stand.ask('ada');
    const asked = ['ada', 'ada', 'bea', 'ada', 'bea', 'cleo'].map((user) => stand.ask(user));
    stand.end(first);
    while (stand.running.size > 0) for (const task of stand.running) stand.end(task);
    expect(stand.users).toEqual(['ada', 'ada', 'bea', 'cleo', 'ada', 'bea', 'ada']);
    expect(stand.begun.filter(({ turnOf }) => turnOf === 'ada').slice(1)).toEqual([asked[0], asked[1], asked[3]]);
  });

  test.each([
    ['tasks', { waitingMax: 4 }, 1],
    ['bytes', { waitingBytesMax: 40 }, 10],
  ])('let one user have as many %s waiting as are left for others, and take more once some are gone', (_what, limits, bytes) => {
    const stand = new Stand({ runningMax: 1, ...limits });
    stand.ask('ada', bytes);
    const waiting = [stand.ask('ada', bytes), stand.ask('ada', bytes)];
    expect(stand.ask('ada', bytes).taken).toBe(false);
    const other = stand.ask('bea', bytes);
    expect(other.taken).toBe(true);
    stand.end(waiting[0] as TestTask);
    expect(stand.ask('ada', bytes).taken).toBe(false);
    stand.end(other);
    expect(stand.ask('ada', bytes).taken).toBe(true);
  });

  test('keep every bound and every order, and lose nobody, whatever comes when', () => {
    const step = fc.oneof(
      fc.record({ user: fc.constantFrom('ada', 'bea', 'cleo', 'dan'), bytes: fc.nat({ max: 30 }) }),
      fc.record({ leaves: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 200 }), (runningMax, steps) => {
        const stand = new Stand({ runningMax, waitingMax: 12, waitingBytesMax: 100 });
        const waiting: TestTask[] = [];
        for (const one of steps) {
          if ('user' in one) {
            const held = [...stand.running].filter(({ turnOf }) => turnOf === one.user).length;
            const free = stand.running.size < runningMax;
            const task = stand.ask(one.user, one.bytes);
            if (held === 0 && free) expect(stand.running.has(task)).toBe(true);
            if (task.taken && !stand.running.has(task)) waiting.push(task);
          } else {
            const all = [...stand.running, ...waiting];
            const task = all[one.leaves % Math.max(1, all.length)];
            if (task) stand.end(task);
            if (task && waiting.includes(task)) waiting.splice(waiting.indexOf(task), 1);
          }
          for (const task of stand.running) if (waiting.includes(task)) waiting.splice(waiting.indexOf(task), 1);
          expectBounds(stand, waiting, runningMax);
        }
        while (stand.running.size > 0) for (const task of [...stand.running]) stand.end(task);
        expect(waiting.every((task) => stand.begun.includes(task))).toBe(true);
      }),
    );
  });
});

function expectBounds(stand: Stand, waiting: TestTask[], runningMax: number): void {
  expect(stand.running.size).toBeLessThanOrEqual(runningMax);
  expect(waiting.length).toBeLessThanOrEqual(12);
  expect(waiting.reduce((sum, task) => sum + task.waitingBytes, 0)).toBeLessThanOrEqual(100);
  for (const user of ['ada', 'bea', 'cleo', 'dan']) {
    const held = [...stand.running].filter(({ turnOf }) => turnOf === user).length;
    expect(held).toBeLessThanOrEqual(Math.ceil(runningMax / 2));
    // Nobody waits for a place that is theirs.
    if (held < runningMax - stand.running.size) expect(waiting.some(({ turnOf }) => turnOf === user)).toBe(false);
  }
}
