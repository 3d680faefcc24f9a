/** Streams that pass on live: each ends with the key that asked for it and with the account whose credential it was asked with. */
import type { Gateway } from '../../../../core/context.ts';
import { authenticationFault, SkillettError, unavailable } from '../../../../core/errors.ts';

export interface LiveStream {
  /** The API key that asked. */
  keyId: string;
  connectionId: string | undefined;
  /** Breaks it off, at the service and for the client. */
  end(why: SkillettError): void;
}

export interface StreamLimits {
  /** Nothing for so long ends a stream. */
  idleMs: number;
  /** How often it is asked whether keys and connections are still good. */
  checkMs: number;
  /** Nobody knows what has been revoked while the database is away; that is borne for so long. */
  unknownMs: number;
  /** Of one user and process at once. */
  ofUserMax: number;
}

/** What is no longer good, of keys and connections by their ids: with why. */
type FindEnded = (keyIds: readonly string[], connectionIds: readonly string[]) => Promise<ReadonlyMap<string, SkillettError>>;

declare module '../../../../core/context.ts' {
  interface Gateway {
    liveStreams: LiveStreams;
  }
}

/** A revoked key's streams end within five seconds, asking included. */
const defaults: StreamLimits = { idleMs: 60_000, checkMs: 2_000, unknownMs: 30_000, ofUserMax: 128 };

export class LiveStreams {
  readonly idleMs: number;
  readonly #checkMs: number;
  readonly #unknownMs: number;
  readonly #findEnded: FindEnded;
  readonly #log: Gateway['log'];
  readonly #streams = new Set<LiveStream>();
  /** Of users who have any, with those whose answer has not come yet. */
  readonly #places = new Map<string, number>();
  readonly #ofUserMax: number;
  #timer: NodeJS.Timeout | undefined;
  #knownMs = 0;

  constructor(findEnded: FindEnded, log: Gateway['log'], limits: Partial<StreamLimits> = {}) {
    const { idleMs, checkMs, unknownMs, ofUserMax } = { ...defaults, ...limits };
    this.idleMs = idleMs;
    this.#checkMs = checkMs;
    this.#unknownMs = unknownMs;
    this.#ofUserMax = ofUserMax;
    this.#findEnded = findEnded;
    this.#log = log;
  }

  /** A place for a call whose answer may go out as a stream; to be called back once it is over. Throws unavailable. */
  takePlace(userId: string): () => void {
    const taken = this.#places.get(userId) ?? 0;
    if (taken >= this.#ofUserMax)
      throw unavailable(`${this.#ofUserMax} of your streams are open at this server already. Let one of them end first.`, 5);
    this.#places.set(userId, taken + 1);
    return () => {
      const left = (this.#places.get(userId) as number) - 1;
      if (left > 0) this.#places.set(userId, left);
      else this.#places.delete(userId);
    };
  }

  /** From now on it is watched; to be called back when it is over. */
  watch(stream: LiveStream): () => void {
    if (this.#streams.size === 0) this.#knownMs = performance.now();
    this.#streams.add(stream);
    this.#timer ??= this.#later();
    return () => void this.#streams.delete(stream);
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#check(), this.#checkMs).unref();
  }

  async #check(): Promise<void> {
    const streams = [...this.#streams];
    if (streams.length > 0) await this.#endThoseOf(streams);
    this.#timer = this.#streams.size > 0 ? this.#later() : undefined;
  }

  async #endThoseOf(streams: readonly LiveStream[]): Promise<void> {
    try {
      const keyIds = new Set(streams.map(({ keyId }) => keyId));
      const connectionIds = new Set(streams.flatMap(({ connectionId }) => connectionId ?? []));
      const ended = await this.#findEnded([...keyIds], [...connectionIds]);
      this.#knownMs = performance.now();
      for (const stream of streams) {
        const why = ended.get(stream.keyId) ?? (stream.connectionId === undefined ? undefined : ended.get(stream.connectionId));
        if (why) stream.end(why);
      }
    } catch (error) {
      this.#log.warn({ err: error, streams: streams.length }, 'whether keys of streams are still good could not be asked');
      if (performance.now() - this.#knownMs < this.#unknownMs) return;
      for (const stream of streams) stream.end(authenticationFault('unauthorized'));
    }
  }
}

/** Why a stream ends whose connection is gone or was stopped. */
export function connectionEnded(frozen: boolean): SkillettError {
  return frozen
    ? new SkillettError('connection_frozen', 'An operator has stopped this connection.')
    : new SkillettError('integration_not_connected', 'This account is no longer connected.');
}
