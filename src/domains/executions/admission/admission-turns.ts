/**
 * Turns at being admitted. Whoever calls is known by key or session only, and each of these may hold as much as is left for the
 * others (core/turns/turns.ts): the calls of one key wait for each other, and nobody else's stand behind them.
 */
import type { Caller } from '../../../core/context.ts';
import { unavailable } from '../../../core/errors.ts';
import { type Task, Turns } from '../../../core/turns/turns.ts';

export const batchMax = 256;

/** Alone, a caller fills two statements and the one to come; with those that wait, it may have 4,096 calls here. */
const limits = { runningMax: 6 * batchMax, waitingMax: 26 * batchMax, waitingBytesMax: 0 };

export class AdmissionTurns {
  readonly #turns = new Turns(limits);

  /** Runs `admit` when the caller's turn has come. Throws unavailable where too many of its calls wait already. */
  async take<T>(caller: Exclude<Caller, { kind: 'none' }>, admit: () => Promise<T>): Promise<T> {
    const turn = new Turn(caller.kind === 'api_key' ? caller.hash : caller.sessionId);
    if (!this.#turns.enter(turn))
      throw unavailable('Too many of your calls are waiting already. Make fewer at once, and try again shortly.', 1);
    try {
      if (!turn.begun) await turn.beginning();
      return await admit();
    } finally {
      this.#turns.leave(turn);
    }
  }
}

class Turn implements Task {
  readonly turnOf: string;
  readonly waitingBytes = 0;
  begun = false;
  #resolve: (() => void) | undefined;

  constructor(turnOf: string) {
    this.turnOf = turnOf;
  }

  begin(): void {
    this.begun = true;
    this.#resolve?.();
  }

  beginning(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}
