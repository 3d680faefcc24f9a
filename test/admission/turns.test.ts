import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/core/database/database.ts';
import type { SkillettError } from '../../src/core/errors.ts';
import { createTestDatabase } from '../support/database.ts';
import { roomInMinute } from '../support/minute.ts';
import { tally } from '../support/tally.ts';
import { addKey, addUser, callBy, openQueue } from './people.ts';

let database: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ database, drop } = await createTestDatabase());
});
afterAll(() => drop());

const code = (admitting: Promise<unknown>) =>
  admitting.then(
    () => 'admitted',
    (error: SkillettError) => error.code,
  );

it('a call passes the thousands that another key has waiting, which all go on, and what is above them is refused to that key alone', async () => {
  const { queue, clock } = openQueue(database);
  const [many, few] = [
    await addKey(database, await addUser(database, { limits: { perMinute: null } })),
    await addKey(database, await addUser(database)),
  ];
  await roomInMinute(15_000, clock);
  let before = 0;
  const flood = Array.from({ length: 4_096 }, async () => {
    const outcome = await code(queue.admit(callBy(many)));
    before += 1;
    return outcome;
  });
  expect(await code(queue.admit(callBy(many)))).toBe('unavailable');
  expect(await code(queue.admit(callBy(few)))).toBe('admitted');
  // Those that were being admitted when it came, three statements, and what a statement or two admit meanwhile; without turns all do.
  expect(before).toBeLessThan(2_048);
  expect(tally(await Promise.all(flood))).toEqual({ admitted: 4_096 });
  expect(await code(queue.admit(callBy(many)))).toBe('admitted');
  await queue.close();
}, 60_000);

it('a caller gets in however many others fill the queue together', async () => {
  const { queue, clock } = openQueue(database);
  const keys = await Promise.all(
    Array.from({ length: 12 }, async () => addKey(database, await addUser(database, { limits: { perMinute: null } }))),
  );
  const late = await addKey(database, await addUser(database));
  await roomInMinute(15_000, clock);
  const flood = keys.flatMap((key) => Array.from({ length: 640 }, () => code(queue.admit(callBy(key)))));
  let ended = 0;
  for (const one of flood) void one.then((outcome) => (ended += outcome === 'admitted' ? 1 : 0));
  expect(await code(queue.admit(callBy(late)))).toBe('admitted');
  expect(ended).toBeLessThan(2_500);
  const outcomes = tally(await Promise.all(flood));
  expect(outcomes.admitted).toBeGreaterThan(5_000);
  expect((outcomes.admitted ?? 0) + (outcomes.unavailable ?? 0)).toBe(7_680);
  await queue.close();
}, 60_000);
