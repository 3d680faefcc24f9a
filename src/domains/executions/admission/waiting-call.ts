/**
 * A call on its way through admission. It waits for its turn first: whoever calls is known by key or session only, and each of these may
 * hold as much as is left for the others (core/turns/turns.ts), so the calls of one key wait for each other, and nobody else's stand
 * behind them. Then it waits for its statement.
 */
import type { Caller } from '../../../core/context.ts';
import { type Task, Turns } from '../../../core/turns/turns.ts';
import type { Admission, AdmissionRequest } from './admit.ts';

export const batchMax = 256;

/** Alone, a caller fills two statements and the one to come; with those that wait, it may have 4,096 calls here. */
const limits = { runningMax: 6 * batchMax, waitingMax: 26 * batchMax, waitingBytesMax: 0 };

export function openAdmissionTurns(): Turns {
  return new Turns(limits);
}

export class WaitingCall implements Task {
  readonly request: AdmissionRequest;
  readonly turnOf: string;
  readonly waitingBytes = 0;
  /** What its turn is for. */
  readonly #join: (call: WaitingCall) => void;
  readonly #resolve: (admission: Admission) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    request: AdmissionRequest,
    join: (call: WaitingCall) => void,
    resolve: (admission: Admission) => void,
    reject: (error: Error) => void,
  ) {
    this.request = request;
    this.turnOf = nameOf(request.caller);
    this.#join = join;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    this.#join(this);
  }

  /** Its turn is to be left too. */
  settle(outcome: Admission | Error): void {
    if (outcome instanceof Error) this.#reject(outcome);
    else this.#resolve(outcome);
  }
}

function nameOf(caller: Exclude<Caller, { kind: 'none' }>): string {
  return caller.kind === 'api_key' ? caller.hash : caller.sessionId;
}
