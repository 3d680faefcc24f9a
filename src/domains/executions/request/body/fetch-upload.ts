/** A body that the caller names by an address: fetched under the outbound rules, and passed on to the service while it arrives. */
import { Transform } from 'node:stream';
import type { Gateway } from '../../../../core/context.ts';
import { badRequest, type SkillettError } from '../../../../core/errors.ts';
import { type OutboundAnswer, OutboundError, type StreamedBody } from '../../../../core/outbound/outbound.ts';
import type { LeavingSignal } from '../../../../core/turns/leaving.ts';
import type { UploadSession } from '../../../recipes/format/body.ts';
import type { Fail } from '../request-parts.ts';

export interface Upload {
  /** The caller's name of the parameter. */
  name: string;
  address: URL;
  bytesMax: number;
  /** Where the service takes it in parts. */
  session?: UploadSession | undefined;
}

/** Credentials in an address would stand in the call's parameters, and a fragment is nobody's. */
export function readUpload(name: string, text: string, bytesMax: number, fail: Fail): Upload | undefined {
  const address = URL.parse(text);
  if (address && /^https?:$/.test(address.protocol) && address.username === '' && address.password === '')
    return { name, address, bytesMax };
  fail(name, 'must be an address of https, without a user name, such as https://files.example/report.pdf');
  return undefined;
}

interface Fetching {
  timeoutMs: number;
  turnOf: string;
  signal: LeavingSignal | undefined;
}

/**
 * Nothing of the caller's or the account's goes along. Throws bad_request for what cannot be fetched, before anything is sent to
 * the service; what shows later ends the request to the service in its middle.
 */
export async function fetchUpload(gateway: Gateway, upload: Upload, { timeoutMs, turnOf, signal }: Fetching): Promise<StreamedBody> {
  const { name, address, bytesMax, session } = upload;
  const answer = await gateway.outbound
    .send({
      method: 'GET',
      url: address,
      headers: { accept: '*/*', 'user-agent': 'skillett' },
      timeoutMs,
      integration: `what \`${name}\` leads to`,
      turnOf,
      signal,
      followRedirects: 'read',
      httpsOnly: true,
      chosenByCaller: true,
    })
    .catch((error: unknown) => {
      throw error instanceof OutboundError && error.kind !== 'aborted' ? notFetched(name, reasonOf(error)) : error;
    });
  const announced = announcedBytes(answer);
  const fault =
    answer.status !== 200
      ? `its address answered with status ${answer.status}`
      : announced !== undefined && announced > bytesMax
        ? tooLong(bytesMax)
        : session && announced === undefined
          ? 'its address does not say how long it is, which the service has to know'
          : undefined;
  if (fault === undefined) return { stream: answer.body.pipe(new Counted(name, bytesMax, answer)), bytes: announced };
  answer.discard();
  throw notFetched(name, fault);
}

function announcedBytes({ headers }: OutboundAnswer): number | undefined {
  const text = headers['content-length'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function tooLong(bytesMax: number): string {
  return `it is longer than ${bytesMax} bytes`;
}

function reasonOf(error: OutboundError): string {
  if (error.kind === 'refused') return 'its address is none of https, or leads into a private or local network';
  return error.message.replace(/\.$/, '').replaceAll('. ', '; ');
}

function notFetched(name: string, reason: string): SkillettError {
  return badRequest(`\`${name}\` could not be fetched, so nothing was sent to the service: ${reason}.`);
}

/** Breaks off what is longer than it may be, or what breaks off itself; then the service gets half of a request, which is none. */
class Counted extends Transform {
  readonly #name: string;
  #left: number;

  constructor(name: string, bytesMax: number, answer: OutboundAnswer) {
    super();
    this.#name = name;
    this.#left = bytesMax;
    // `pipe` passes on no failure, in neither direction.
    answer.body.on('error', (error) => this.destroy(brokenOff(name, error instanceof OutboundError ? reasonOf(error) : 'it broke off')));
    answer.body.on('close', () => {
      if (!answer.body.readableEnded && !this.destroyed) this.destroy(brokenOff(name, 'it broke off'));
    });
    this.on('close', () => answer.discard());
    this.on('error', () => {});
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(brokenOff(this.#name, 'it is longer than it may be'));
    else done(null, chunk);
  }
}

function brokenOff(name: string, reason: string): SkillettError {
  return badRequest(`\`${name}\` could not be fetched to its end, so the request to the service was broken off: ${reason}.`);
}
