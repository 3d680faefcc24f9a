/** What ties an answer to the page that was shown: to session, client and question, and to when that was. */
import type { Gateway } from '../../../core/context.ts';

/**
 * Sooner than this after the page was made nobody has read it. A page that opens under the second press of a double click is pressed so
 * soon; a page that was made before and only then comes to the front is kept from that by its style (`.late` in page-style.ts).
 */
const readMs = 1_000;

type Vault = Pick<Gateway, 'vault'>;

/** `tied`: whatever, when it is another, makes another page of it. `nowMs`: the database's time, so that processes agree. */
export function makeProof({ vault }: Vault, tied: unknown, nowMs: number): string {
  const madeAt = Math.floor(nowMs).toString(16).padStart(12, '0');
  return madeAt + vault.hmac('consent of clients', JSON.stringify([tied, madeAt]));
}

/** `soon`: it is of this page, and no person was this fast. */
export function checkProof(gateway: Vault, shown: string, tied: unknown, nowMs: number): 'good' | 'soon' | 'other' {
  const madeAtMs = Number.parseInt(shown.slice(0, 12), 16);
  if (shown !== makeProof(gateway, tied, madeAtMs)) return 'other';
  return nowMs - madeAtMs < readMs ? 'soon' : 'good';
}
