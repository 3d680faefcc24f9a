/**
 * Whether whoever asked is still there. It is the part of an AbortSignal that is needed for that, which makes one the same to use:
 * every call has one, and Node's own, with its listeners as events, costs several microseconds of each.
 */
export interface LeavingSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: LeavingListener): void;
  removeEventListener(type: 'abort', listener: LeavingListener): void;
}

/** An object needs no closure per call. Must not throw. */
export interface LeavingListener {
  handleEvent(): void;
}

export class Leaving implements LeavingSignal {
  #aborted = false;
  #listeners: LeavingListener[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: 'abort', listener: LeavingListener): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: LeavingListener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  /** Tells each listener once. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener.handleEvent();
  }
}
