import { setTimeout as delay } from 'node:timers/promises';

/** Waits for the next UTC minute when less than this is left of the current one, so that a test sees one minute only. */
export async function roomInMinute(ms: number): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < ms) await delay(leftMs + 50);
}
