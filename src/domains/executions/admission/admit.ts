/**
 * Admission: no call is made before the database has said who calls, that the limits have room, and has written the row
 * of the call. Whatever waits at one moment shares a statement, so this costs one round trip per batch, not one per call.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller, Door, Gateway } from '../../../core/context.ts';
import { databaseUnavailable, isDatabaseAway, isTransient } from '../../../core/database/database.ts';
import { authenticationFault, badRequest, type SkillettError, unavailable } from '../../../core/errors.ts';
import type { Principal } from '../../../core/principal.ts';
import { CompletionBuffer } from '../../audit/completion.ts';
import type { CompletedCall } from '../../audit/settle-store.ts';
import type { AdmittedConnection } from '../../connections/connections.ts';
import type { CatalogueEndpoint } from '../../recipes/catalogue.ts';
import { finishClaim, type IdempotencyClaim, loseClaim, releaseClaim } from '../store.ts';
import { prepareStatement } from './statement.ts';
import { batchMax, openAdmissionTurns, WaitingCall } from './waiting-call.ts';

export interface AdmissionRequest {
  caller: Exclude<Caller, { kind: 'none' }>;
  callId: string;
  requestId: string;
  door: Door;
  endpoint: CatalogueEndpoint;
  needsConnection: boolean;
  /** Name of an account, or id of a connection. */
  account?: string | undefined;
  /** Those that the endpoint knows; values never come here. */
  parameterNames: string[];
  /** Of a call by the proxy. */
  path?: string | undefined;
  /** In hex, as the fingerprint is. Asked for when the batch goes: hashing call after call is several times faster than in between. */
  parameterHash(): string;
  idempotency?: AdmittedIdempotency | undefined;
}

export interface AdmittedIdempotency {
  key: string;
  fingerprint: string;
  /** No key of the caller's: it names the message that asks, and is kept so long. Undefined: 24 hours. */
  messageSeconds?: number | undefined;
}

export interface Admission {
  principal: Principal;
  connection: AdmittedConnection | undefined;
  /** Why no connection could be chosen; to be thrown after the parameters were checked (docs/api.md, "Order of refusals"). */
  connectionFault: SkillettError | undefined;
  minute: { limit: number | null; remaining: number | null; resetSeconds: number };
  /** The first answer of this idempotency key: to be given again, instead of a call. */
  replay: { status: number /** Sealed under the first call's id. */; answer: string | null; callId: string } | undefined;
  /** Held by this call: to be completed, lost or released. */
  claim: IdempotencyClaim | undefined;
}

const statementsMax = 2;
const attemptsMax = 5;
/** Each costs about a tenth of a millisecond. */
const settledPerTurn = 16;
/** A client waits no longer for the database (a table that somebody locked, a network that swallows everything). */
const statementMsMaxDefault = 5_000;
/** How long a client whose answer is there waits for a database that restarts, so that its idempotency key ends as it did. */
const claimPatienceMs = 4_000;
const claimPauseMs = 250;

export class AdmissionQueue {
  readonly #parts: Pick<Gateway, 'database' | 'db' | 'clock' | 'config' | 'log'>;
  readonly #completions: CompletionBuffer;
  readonly #turns = openAdmissionTurns();
  /** Those whose turn it is, in their order; the next statement takes the first of them. */
  #waiting: WaitingCall[] = [];
  #pumping = false;
  #inFlight = 0;
  /** Statements that nobody waits for any more. While there are any, the database is as good as away. */
  #stuck = 0;
  #closed = false;
  readonly #statementMsMax: number;

  constructor(parts: Pick<Gateway, 'database' | 'db' | 'clock' | 'config' | 'log'>, statementMsMax = statementMsMaxDefault) {
    this.#parts = parts;
    this.#statementMsMax = statementMsMax;
    this.#completions = new CompletionBuffer(parts);
  }

  /**
   * Throws 401, 403 `scope_not_allowed`, 429, 409 and 422 of idempotency, 503 `unavailable`; every call that passed
   * authentication has its row then, also when it is refused.
   */
  admit(request: Omit<AdmissionRequest, 'caller'> & { caller: Caller }): Promise<Admission> {
    if (!isKnown(request)) return Promise.reject(authenticationFault('unauthorized'));
    if (this.#closed) return Promise.reject(unavailable('The server is shutting down. Try again shortly.', 1));
    if (this.#stuck > 0) return Promise.reject(tooSlow());
    if (request.account === undefined || isStorable(request.account)) return this.#enter(request);
    const connectionFault = badRequest('`account` holds characters that no name has.');
    return this.#enter({ ...request, account: undefined }).then((admission) => ({ ...admission, connectionFault }));
  }

  /** Writes how a call ended, soon and together with others. */
  complete(call: CompletedCall): void {
    this.#completions.add(call);
  }

  /** Keeps the first answer as long from now as the claim was to last; committed when this returns. */
  async completeIdempotent(claim: IdempotencyClaim, first: { status: number; answer: string | null }): Promise<void> {
    await patiently(() => finishClaim(this.#parts.db, this.#parts.clock, claim, first));
  }

  /** The call was sent and its answer was lost. */
  async loseIdempotent(claim: IdempotencyClaim): Promise<void> {
    await patiently(() => loseClaim(this.#parts.db, claim));
  }

  /** Nothing was sent: the key may be used again. */
  async releaseIdempotent(claim: IdempotencyClaim): Promise<void> {
    await patiently(() => releaseClaim(this.#parts.db, claim));
  }

  /** Writes what has ended so far. Calls that are still running are completed by their own end, or by the sweep. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#completions.close();
  }

  #enter(request: AdmissionRequest): Promise<Admission> {
    return new Promise((resolve, reject) => {
      const call = new WaitingCall(request, this.#join, resolve, reject);
      if (!this.#turns.enter(call))
        reject(unavailable('Too many of your calls are waiting already. Make fewer at once, and try again shortly.', 1));
    });
  }

  /** Its turn has come. */
  readonly #join = (call: WaitingCall): void => {
    // While what has ended cannot be written as fast as it ends, what begins waits, and is then refused.
    if (this.#completions.crowded) {
      this.#completions.room().then(
        () => this.#join(call),
        (error: Error) => this.#settle(call, error),
      );
      return;
    }
    // Whoever waited for a turn may have waited while the database got stuck. Not at once, since the next turn may be refused alike.
    if (this.#stuck > 0) return queueMicrotask(() => this.#settle(call, tooSlow()));
    this.#waiting.push(call);
    // Never at once: those who ask in the same moment go with it.
    if (!this.#pumping && this.#mayPump()) this.#pumpSoon();
  };

  #settle(call: WaitingCall, outcome: Admission | Error): void {
    call.settle(outcome);
    this.#turns.leave(call);
  }

  /** What follows is a step of each call: with all in one turn of the event loop, everybody's next step would wait for all of them. */
  #settleInTurns(calls: readonly WaitingCall[], outcomes: readonly (Admission | Error)[], from = 0): void {
    const to = Math.min(from + settledPerTurn, calls.length);
    for (let at = from; at < to; at += 1) this.#settle(calls[at] as WaitingCall, outcomes[at] as Admission | Error);
    if (to < calls.length) setImmediate(() => this.#settleInTurns(calls, outcomes, to));
  }

  #mayPump(): boolean {
    return this.#inFlight === 0 || (this.#inFlight < statementsMax && this.#waiting.length > batchMax);
  }

  #pumpSoon(): void {
    this.#pumping = true;
    setImmediate(() => this.#pump());
  }

  /** With nothing in flight a batch goes at once; otherwise it waits to be full, or for the one before it to come back. */
  #pump(): void {
    this.#pumping = false;
    while (this.#waiting.length > 0 && this.#mayPump()) {
      const calls = takeFairly(this.#waiting, batchMax);
      this.#admitBatch(calls.map(({ request }) => request)).then(
        (outcomes) => this.#settleInTurns(calls, outcomes),
        (error: Error) => {
          for (const call of calls) this.#settle(call, error);
        },
      );
    }
  }

  async #admitBatch(batch: readonly AdmissionRequest[]): Promise<(Admission | Error)[]> {
    let patience: NodeJS.Timeout | undefined;
    try {
      if (this.#stuck > 0) return batch.map(tooSlow);
      const admitting = this.#admitInFlight(batch);
      const tooLate = new Promise<undefined>((resolve) => {
        patience = setTimeout(() => resolve(undefined), this.#statementMsMax);
      });
      const outcomes = await Promise.race([admitting, tooLate]);
      return outcomes ?? this.#giveUp(batch, admitting);
    } finally {
      clearTimeout(patience);
    }
  }

  async #admitInFlight(batch: readonly AdmissionRequest[]): Promise<(Admission | Error)[]> {
    this.#inFlight += 1;
    try {
      return await this.#admitOrSplit(batch);
    } finally {
      this.#inFlight -= 1;
      // Those who ask again at once, now that they have their answers, still go with the next batch.
      if (!this.#pumping) this.#pumpSoon();
    }
  }

  /** Refuses these calls and all that wait behind them. What the statement then admits is written down as having failed. */
  #giveUp(batch: readonly AdmissionRequest[], admitting: Promise<(Admission | Error)[]>): Error[] {
    this.#stuck += 1;
    void admitting.then((late) => {
      this.#stuck -= 1;
      for (const [at, admission] of late.entries()) {
        if (admission instanceof Error || admission.replay) continue;
        this.complete({
          callId: (batch[at] as AdmissionRequest).callId,
          outcome: 'failed',
          errorCode: 'unavailable',
          totalMs: this.#statementMsMax,
        });
        // A claim that cannot be released lapses as one of a call that died.
        if (admission.claim) this.releaseIdempotent(admission.claim).catch(() => {});
      }
    });
    for (const call of this.#waiting.splice(0)) this.#settle(call, tooSlow());
    return batch.map(tooSlow);
  }

  /** A statement that fails for another reason than the database's own halves the batch, until the culprit stands alone. */
  async #admitOrSplit(batch: readonly AdmissionRequest[]): Promise<(Admission | Error)[]> {
    try {
      return await this.#runStatement(batch);
    } catch (error) {
      if (isDatabaseAway(error)) return batch.map(() => databaseUnavailable(error));
      if (batch.length === 1) return [isTransient(error) ? databaseUnavailable(error) : (error as Error)];
      const half = batch.length >> 1;
      return [...(await this.#admitOrSplit(batch.slice(0, half))), ...(await this.#admitOrSplit(batch.slice(half)))];
    }
  }

  async #runStatement(batch: readonly AdmissionRequest[]): Promise<(Admission | Error)[]> {
    const run = prepareStatement(batch, this.#parts);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        if (attempt === attemptsMax || !isTransient(error)) throw error;
      }
    }
  }
}

/** Takes up to `max` calls, one of each caller in turn, so that who has few stands in front. */
function takeFairly(waiting: WaitingCall[], max: number): WaitingCall[] {
  const byCaller = Map.groupBy(waiting, ({ turnOf }) => turnOf);
  if (byCaller.size === 1) return waiting.splice(0, max);
  const taken: WaitingCall[] = [];
  for (let place = 0; taken.length < max && taken.length < waiting.length; place += 1)
    for (const line of byCaller.values()) if (line[place] && taken.length < max) taken.push(line[place] as WaitingCall);
  const gone = new Set(taken);
  waiting.splice(0, waiting.length, ...waiting.filter((call) => !gone.has(call)));
  return taken;
}

/** Writes how a claim ended. One that is left as running tells whoever repeats the call that it still runs, and later that nobody knows. */
async function patiently(write: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + claimPatienceMs;
  for (let pauseMs = claimPauseMs; ; pauseMs *= 2) {
    try {
      return await write();
    } catch (error) {
      const again = isDatabaseAway(error) || isTransient(error);
      if (!again || performance.now() + pauseMs > untilMs) throw error;
    }
    await delay(pauseMs);
  }
}

function isKnown(request: Omit<AdmissionRequest, 'caller'> & { caller: Caller }): request is AdmissionRequest {
  return request.caller.kind !== 'none';
}

function tooSlow(): SkillettError {
  return unavailable('The database does not answer in time. Try again shortly.', 5);
}

/** PostgreSQL keeps no NUL in a text, and half a surrogate pair is no character. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

declare module '../../../core/context.ts' {
  interface Gateway {
    admission: AdmissionQueue;
  }
}
