/**
 * When requests that have arrived are begun. All that one caller sends at once would otherwise be parsed and admitted in one go, before
 * anybody else's next step; so only a few are begun in a turn of the event loop, callers one after the other. What waits takes the
 * memory of its headers, since bodies are read by whoever begins.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Gateway } from '../../../core/context.ts';
import { type SkillettError, unavailable } from '../../../core/errors.ts';
import { networkOf } from '../../../domains/limits/guard.ts';
import { clientAddressOf } from '../context.ts';

interface Arrival {
  request: IncomingMessage;
  response: ServerResponse;
  /** An execution over REST. */
  light: boolean;
  /** Must not throw. Called once node has read on to the end of what came with the headers, which mostly is all of the body. */
  begin(this: void): void;
  refuse(error: SkillettError): void;
}

/**
 * Each costs up to a millisecond in the turns that follow, and a step of another's call waits for those: two are begun, and of executions
 * over REST, which cost a tenth of it and share their statements, as many as mostly come together. In a turn after a long one these
 * are begun as slowly as all others.
 */
const begunPerTurn = { light: 16, other: 2 };
const longTurnMs = 2;
/** Callers and networks without anything waiting, which begin beside those. */
const atOncePerTurn = 2;
/** Of one caller. An address may hold fewer connections than this, but several requests may come on each. */
const waitingMax = 2_000;
/** On one connection, of which no client that waits for answers has more than a few. */
const unansweredMax = 256;

export class Arrivals {
  readonly #gateway: Gateway;
  /** By caller, who had a turn goes to the end. */
  readonly #lines = new Map<string, Arrival[]>();
  /** Callers and networks that were begun at once in this turn. */
  readonly #atOnce = new Map<string, number>();
  /** What was begun in this turn, as a share of what may be. */
  #begun = 0;
  #afterLongTurn = false;
  #turnAskedMs = 0;
  #turning = false;
  readonly #unanswered = new WeakMap<Socket, number>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Begins it in this turn or in a later one, or refuses it. */
  enter(arrival: Arrival): void {
    this.#startTurn();
    if (this.#mayBegin && this.#lines.size === 0) {
      this.#countBegun(arrival);
      return queueMicrotask(arrival.begin);
    }
    const caller = callerOf(arrival.request) ?? this.#networkOf(arrival);
    const line = this.#lines.get(caller);
    if (!line && this.#mayBeginAtOnce(caller, this.#networkOf(arrival))) return queueMicrotask(arrival.begin);
    if (!line) this.#lines.set(caller, [arrival]);
    else if (line.length < waitingMax) line.push(arrival);
    else arrival.refuse(unavailable(`${waitingMax} of your requests wait to be begun already. Make fewer at once.`, 2));
  }

  /** False where the connection was closed: node reads on while requests of it wait, without a bound. Those it counts must `leave` once. */
  count({ socket }: IncomingMessage): boolean {
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1;
    this.#unanswered.set(socket, unanswered);
    if (unanswered <= unansweredMax) return true;
    socket.destroy();
    return false;
  }

  /** It was answered, or its client has gone. */
  leave({ socket }: IncomingMessage): void {
    this.#unanswered.set(socket, (this.#unanswered.get(socket) as number) - 1);
  }

  #networkOf({ request }: Arrival): string {
    return networkOf(clientAddressOf(this.#gateway, request));
  }

  get #mayBegin(): boolean {
    // Sixteenths are exact.
    return this.#begun < 1;
  }

  #countBegun({ light }: Arrival): void {
    this.#begun += 1 / begunPerTurn[light && !this.#afterLongTurn ? 'light' : 'other'];
  }

  /** Whoever has nothing waiting need not wait for those who have; with ever new names, though, an address gets no further. */
  #mayBeginAtOnce(caller: string, network: string): boolean {
    const ofNetwork = this.#atOnce.get(network) ?? 0;
    if (ofNetwork >= atOncePerTurn || this.#atOnce.has(caller)) return false;
    this.#atOnce.set(network, ofNetwork + 1);
    if (caller !== network) this.#atOnce.set(caller, 1);
    return true;
  }

  #startTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#turnAskedMs = performance.now();
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turning = false;
    this.#begun = 0;
    this.#afterLongTurn = performance.now() - this.#turnAskedMs > longTurnMs;
    this.#atOnce.clear();
    while (this.#mayBegin) {
      const [next] = this.#lines;
      if (!next) return;
      this.#beginOf(...next);
    }
    if (this.#lines.size > 0) this.#startTurn();
  }

  #beginOf(caller: string, line: Arrival[]): void {
    const arrival = line.shift() as Arrival;
    this.#lines.delete(caller);
    if (line.length > 0) this.#lines.set(caller, line);
    // Its client has gone.
    if (arrival.response.destroyed) return;
    this.#countBegun(arrival);
    arrival.begin();
  }
}

/** The credential, however it is written. Cookies hold what anybody likes, so whoever shows one is known by the address. */
function callerOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  return authorization?.slice(authorization.lastIndexOf(' ') + 1);
}
