import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/core/clock.ts';

/**
 * Moves to the next UTC minute when less than this is left of the current one, so that a test sees one minute only: by the clocks
 * that are given, and by waiting where what is tested runs in other processes.
 */
export async function roomInMinute(ms: number, ...clocks: Clock[]): Promise<void> {
  const nowMs = clocks[0]?.nowMs() ?? Date.now();
  const leftMs = 60_000 - (nowMs % 60_000);
  if (leftMs >= ms) return;
  if (clocks.length === 0) await delay(leftMs + 50);
  for (const clock of clocks) clock.offsetMs += leftMs + 50;
}
