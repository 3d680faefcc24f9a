/**
 * Turns at something that few can use at once. Every user may take as much as is left for the others: alone half of it, beside
 * another one a third. So whoever holds nothing begins at once, however much one user asks for. The same rule bounds what waits.
 */

export interface Task {
  /** The user whose turn it takes. */
  readonly turnOf: string;
  /** What it keeps in memory while it waits. */
  readonly waitingBytes: number;
  /** Its turn has come. Must not throw. */
  begin(): void;
}

interface Limits {
  runningMax: number;
  waitingMax: number;
  waitingBytesMax: number;
}

/** What one user has here. */
interface Line {
  running: number;
  readonly waiting: Task[];
  bytes: number;
}

export class Turns {
  readonly #limits: Limits;
  readonly #lines = new Map<string, Line>();
  /** Lines with tasks that wait; who had a turn goes to the end. */
  readonly #order: Line[] = [];
  #running = 0;
  #waiting = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Begins the task, or lets it wait. False when the user's share of what may wait is used up. Whoever enters must `leave` once. */
  enter(task: Task): boolean {
    const { waitingMax, waitingBytesMax } = this.#limits;
    let line = this.#lines.get(task.turnOf);
    if (!line) {
      line = { running: 0, waiting: [], bytes: 0 };
      this.#lines.set(task.turnOf, line);
    }
    if (line.waiting.length === 0 && this.#mayBegin(line)) {
      this.#begin(line, task);
      return true;
    }
    const fits =
      isShare(line.waiting.length + 1, this.#waiting + 1, waitingMax) &&
      isShare(line.bytes + task.waitingBytes, this.#bytes + task.waitingBytes, waitingBytesMax);
    if (fits) this.#addWaiting(line, task);
    else this.#forget(task.turnOf, line);
    return fits;
  }

  /** The task is over, or gave up waiting; what it held goes to whoever is next. */
  leave(task: Task): void {
    const line = this.#lines.get(task.turnOf);
    if (!line) return;
    const at = line.waiting.indexOf(task);
    if (at >= 0) this.#takeWaiting(line, at);
    else {
      line.running -= 1;
      this.#running -= 1;
    }
    this.#forget(task.turnOf, line);
    if (this.#waiting > 0) this.#beginNext();
  }

  #mayBegin(line: Line): boolean {
    return isShare(line.running + 1, this.#running + 1, this.#limits.runningMax + 1);
  }

  #begin(line: Line, task: Task): void {
    line.running += 1;
    this.#running += 1;
    task.begin();
  }

  /** A task may end within its `begin`, and then this runs within itself. */
  #beginNext(): void {
    for (;;) {
      const line = this.#order.find((one) => this.#mayBegin(one));
      if (!line) return;
      const task = this.#takeWaiting(line, 0);
      if (line.waiting.length > 0) {
        this.#order.splice(this.#order.indexOf(line), 1);
        this.#order.push(line);
      }
      this.#begin(line, task);
    }
  }

  #addWaiting(line: Line, task: Task): void {
    if (line.waiting.length === 0) this.#order.push(line);
    line.waiting.push(task);
    line.bytes += task.waitingBytes;
    this.#waiting += 1;
    this.#bytes += task.waitingBytes;
  }

  #takeWaiting(line: Line, at: number): Task {
    const [task] = line.waiting.splice(at, 1) as [Task];
    if (line.waiting.length === 0) this.#order.splice(this.#order.indexOf(line), 1);
    line.bytes -= task.waitingBytes;
    this.#waiting -= 1;
    this.#bytes -= task.waitingBytes;
    return task;
  }

  #forget(user: string, line: Line): void {
    if (line.running === 0 && line.waiting.length === 0) this.#lines.delete(user);
  }
}

/** Whether one user holds at most what is left when all hold `all`. */
function isShare(own: number, all: number, max: number): boolean {
  return own <= max - all;
}
