/** Waiting for a turn at something scarce, as long as there is patience for it and somebody who waits. */
import type { LeavingListener, LeavingSignal } from './leaving.ts';
import type { Task, Turns } from './turns.ts';

/** Whose turn it takes, and until when there is anybody who waits for it. */
export interface Asker {
  readonly userId: string;
  readonly signal: LeavingSignal | undefined;
  /** For turns of any kind until now: patience is for all of them together. */
  waitedMs: number;
}

interface Place {
  readonly turns: Turns;
  /** What one waits for there: answers wait to be “read”, others held “the room for large answers”. */
  readonly words: { readonly waitTo: string; readonly held: string };
}

/** No turn was had, since too much is asked at once; its message can end a sentence. */
export class Crowded extends Error {}

/** Whoever has it must `leave` once. */
export class Turn implements Task, LeavingListener {
  readonly turnOf: string;
  readonly waitingBytes: number;
  readonly place: Place;
  readonly #asker: Asker;
  readonly #enteredMs = performance.now();
  #begun = false;
  #timer: NodeJS.Timeout | undefined;
  #resolve: (turn: Turn) => void = () => {};
  #reject: (error: Error) => void = () => {};

  private constructor(place: Place, asker: Asker, waitingBytes: number) {
    this.turnOf = asker.userId;
    this.waitingBytes = waitingBytes;
    this.place = place;
    this.#asker = asker;
  }

  /** Throws Crowded. */
  static take(place: Place, asker: Asker, patienceMs: number, waitingBytes = 0): Promise<Turn> {
    return new Turn(place, asker, waitingBytes).#take(patienceMs);
  }

  #take(patienceMs: number): Promise<Turn> {
    const { turns, words } = this.place;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (!turns.enter(this))
        return reject(new Crowded(`too many of your answers wait to be ${words.waitTo}. Make fewer such calls at once`));
      if (this.#begun) return;
      const crowded = `other answers held ${words.held} for ${patienceMs / 1000} s. Make fewer such calls at once`;
      this.#timer = setTimeout(() => this.#giveUp(new Crowded(crowded)), Math.max(0, patienceMs - this.#asker.waitedMs));
      this.#asker.signal?.addEventListener('abort', this);
      if (this.#asker.signal?.aborted) this.handleEvent();
    });
  }

  begin(): void {
    this.#begun = true;
    this.#stopWaiting();
    this.#resolve(this);
  }

  leave(): void {
    this.place.turns.leave(this);
  }

  /** The caller has gone. */
  handleEvent(): void {
    this.#giveUp(new Crowded('the call was given up'));
  }

  #giveUp(error: Error): void {
    if (this.#begun) return;
    this.#stopWaiting();
    this.leave();
    this.#reject(error);
  }

  #stopWaiting(): void {
    this.#asker.waitedMs += performance.now() - this.#enteredMs;
    clearTimeout(this.#timer);
    this.#asker.signal?.removeEventListener('abort', this);
  }
}
