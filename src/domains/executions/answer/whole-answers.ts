/**
 * Room for answers that are read whole: for `select`, for success tests, and where they are no JSON. It is taken before the body is
 * read, and until then the service is made to wait with it, so what waits takes no memory. Users take turns at it.
 */
import { type SkillettError, unavailable } from '../../../core/errors.ts';
import { jsonBytesMax, wholeBytesMax } from '../../../core/json/json-body.ts';
import { type ByteSource, RawJson } from '../../../core/json/raw-json.ts';
import { shareOfMemory } from '../../../core/memory.ts';
import { type OutboundAnswer, OutboundError } from '../../../core/outbound/outbound.ts';
import { type Asker, Crowded, Turn } from '../../../core/turns/turn.ts';
import { Turns } from '../../../core/turns/turns.ts';

/** The call whose answers are read. */
export interface Reader extends Asker {
  /** What its answer takes. */
  room: Turn | undefined;
}

const mebibyte = 1024 * 1024;
const middleBytesMax = 4 * mebibyte;
/** Each that waits holds what was read before it was known to be long, so this bounds it to 64 MiB. */
const waitingMax = 256;
const words = { waitTo: 'read', held: 'the room for large answers' };

const requiredPatienceMs = 20_000;

/**
 * In all 64 MiB of middle answers and 150 of large ones, where there is a gigabyte; alone, one user takes eight and two. Nobody
 * waits for room with a large answer in hand, so they cannot wait for each other in a circle.
 */
const places = {
  middle: Math.floor(shareOfMemory(1 / 16, 32 * mebibyte, 64 * mebibyte) / middleBytesMax),
  large: Math.floor(shareOfMemory(3 / 16, 2 * jsonBytesMax, 3 * jsonBytesMax) / jsonBytesMax),
};
const middle = { turns: new Turns({ runningMax: places.middle, waitingMax, waitingBytesMax: 0 }), words };
const large = { turns: new Turns({ runningMax: places.large, waitingMax, waitingBytesMax: 0 }), words };

/** To be called before an answer is read whole; `leaveRoom` gives back what it takes. Throws Crowded, and what reading throws. */
export async function makeRoom(reader: Reader, answer: OutboundAnswer, patienceMs: number): Promise<void> {
  if (reader.room?.place === large || (await answer.gather(wholeBytesMax))) return;
  const announced = Number(answer.headers['content-length'] ?? 0);
  if (announced <= middleBytesMax) {
    reader.room ??= await Turn.take(middle, reader, patienceMs);
    if (announced > 0 || (await answer.gather(middleBytesMax))) return;
  }
  const turn = await Turn.take(large, reader, patienceMs);
  leaveRoom(reader);
  reader.room = turn;
}

/** As makeRoom, for answers that cannot be given otherwise. Throws unavailable. */
export async function requireRoom(reader: Reader, answer: OutboundAnswer): Promise<void> {
  try {
    await makeRoom(reader, answer, requiredPatienceMs);
  } catch (error) {
    if (!(error instanceof Crowded)) throw error;
    answer.discard();
    throw tellCrowded(reader, answer.integration, 'read', error);
  }
}

/** What the caller is told of an answer that cannot be given. */
export function tellCrowded({ signal }: Reader, integration: string, what: string, { message }: Crowded): SkillettError {
  if (signal?.aborted) return OutboundError.givenUp(integration, true);
  return unavailable(`The answer of ${integration} could not be ${what}: ${message}, and try again shortly.`, 5);
}

/** Its answer is no longer there as a whole, or passes on as it comes. */
export function leaveRoom(reader: Reader): void {
  reader.room?.leave();
  reader.room = undefined;
}

/** A long answer that was read whole keeps its room until whoever asked has taken it. */
export function keepRoom(reader: Reader, json: RawJson): RawJson {
  const { room } = reader;
  const { pieces = [] } = json;
  if (!room || pieces.reduce((bytes, piece) => bytes + piece.length, 0) <= wholeBytesMax) return json;
  reader.room = undefined;
  return RawJson.fromSource(new HeldJson(pieces, room));
}

/** For longer nobody keeps others out, which wait twice as long at most; a client that takes nothing is gone before the minute is over. */
const heldMsMax = 10_000;
/** As much goes to the client's socket at once. */
const passedBytes = 256 * 1024;

class HeldJson implements ByteSource {
  #pieces: Buffer[];
  #room: Turn | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(pieces: readonly Buffer[], room: Turn) {
    this.#pieces = [...pieces];
    this.#room = room;
    this.#timer = setTimeout(() => this.#leave(), heldMsMax).unref();
  }

  async read(): Promise<Buffer | undefined> {
    const [first] = this.#pieces;
    if (!first) return void this.#leave();
    if (first.length > passedBytes) this.#pieces[0] = first.subarray(passedBytes);
    else this.#pieces.shift();
    return first.subarray(0, passedBytes);
  }

  discard(): void {
    this.#pieces = [];
    this.#leave();
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#room?.leave();
    this.#room = undefined;
  }
}
