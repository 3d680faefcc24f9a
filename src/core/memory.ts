/** How much memory there is, from which bounds on what is held at once are taken. */
import { totalmem } from 'node:os';

/** Of the machine, or what the control group of this process may have of it. */
export const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/** A share of the memory, but no less and no more than that. */
export function shareOfMemory(share: number, bytesMin: number, bytesMax: number): number {
  return Math.min(bytesMax, Math.max(bytesMin, Math.floor(memoryBytes * share)));
}
