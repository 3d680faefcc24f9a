/** The end of the session under an open page: one signs in over it, and what was typed stays. */
import { useSyncExternalStore } from 'react';
import { knownPerson } from './person.ts';
import { goToSignIn } from './sign-in.ts';

let ended = false;
const listeners = new Set<() => void>();
/** What the page asked for in vain, by a name, so that nothing is asked for twice. */
const unanswered = new Map<number, () => void>();

/** For every answer 401. A page that has shown nothing yet has nothing to lose, so it leads to the sign-in page. */
export function noticeSessionEnd(request?: { key: number; askAgain: () => void }): void {
  if (!knownPerson()) return goToSignIn();
  if (request) unanswered.set(request.key, request.askAgain);
  set(true);
}

/** The same person is signed in again: the page goes on, and gets what it asked for meanwhile. */
export function resumeSession(): void {
  const requests = [...unanswered.values()];
  unanswered.clear();
  set(false);
  for (const askAgain of requests) askAgain();
}

function set(next: boolean): void {
  ended = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSessionEnded(): boolean {
  return useSyncExternalStore(subscribe, () => ended);
}
