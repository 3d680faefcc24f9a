/** Lets at most so many tasks run at once; the others wait in order. */
export class Slots {
  readonly #max: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #whenIdle: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
    this.#free = max;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
      if (this.#free === this.#max) for (const resume of this.#whenIdle.splice(0)) resume();
    }
  }

  /** When nothing runs or waits any more; all who ask go on at the same moment. */
  idle(): Promise<void> {
    return this.#free === this.#max ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve));
  }
}
