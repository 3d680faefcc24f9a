/** The first answer to an idempotency key as it is kept, and as it comes back. */
import type { Gateway } from '../../../core/context.ts';
import type { Sealed } from '../../../core/crypto.ts';
import type { SkillettError } from '../../../core/errors.ts';
import { isJson } from '../../../core/json/json-scan.ts';
import { type ByteSource, RawJson } from '../../../core/json/raw-json.ts';
import type { AnswerHeaders } from './passed/answer-headers.ts';

/** The longest answer that is kept. */
export const keptBytesMax = 1024 * 1024;

/** Stands in place of what was longer. */
export const notKept = `The first answer to this idempotency key was longer than ${keptBytesMax / 1024 / 1024} MiB, so only its status was kept.`;

export type KeptAnswer =
  | { json: Buffer; selectError: string | undefined; next: string | undefined; meta: AnswerHeaders | undefined }
  /** In the form `Accept: application/octet-stream`. */
  | { raw: { headers: Record<string, string>; body: Buffer } }
  /** Why the answer could not be given, although the service had answered. */
  | { failure: KeptFailure };

type KeptFailure = Pick<SkillettError, 'code' | 'message'>;

/** First line of what is sealed; the JSON as it came, or the raw body in base64, follows. */
interface Head {
  selectError?: string | undefined;
  next?: string | undefined;
  meta?: AnswerHeaders | undefined;
  rawHeaders?: Record<string, string>;
  failure?: KeptFailure;
}

/** Sealed under the id of the call, like a row's own secret. Null when the answer is too long or was not whole. */
export function sealAnswer(gateway: Gateway, callId: string, kept: KeptAnswer | undefined): Sealed | null {
  if (!kept) return null;
  const [head, body] = 'failure' in kept ? [{ failure: kept.failure }, 'null'] : headAndBody(kept);
  return body === undefined ? null : gateway.vault.seal(`${JSON.stringify(head)}\n${body}`, callId);
}

function headAndBody(kept: Exclude<KeptAnswer, { failure: KeptFailure }>): [Head, string | undefined] {
  if ('raw' in kept) {
    const { headers, body } = kept.raw;
    return [{ rawHeaders: headers }, body.length > keptBytesMax ? undefined : body.toString('base64')];
  }
  return [
    { selectError: kept.selectError, next: kept.next, meta: kept.meta },
    kept.json.length > keptBytesMax ? undefined : kept.json.toString('utf8'),
  ];
}

export interface ReplayedAnswer {
  json: RawJson;
  selectError: string | undefined;
  next: string | undefined;
  meta: AnswerHeaders | undefined;
  raw: { headers: Record<string, string>; body: ByteSource } | undefined;
  failure: KeptFailure | undefined;
}

export async function openAnswer(gateway: Gateway, callId: string, sealed: string | null): Promise<ReplayedAnswer> {
  if (sealed === null) {
    return {
      json: RawJson.fromValue(notKept),
      selectError: undefined,
      next: undefined,
      meta: undefined,
      raw: undefined,
      failure: undefined,
    };
  }
  const text = await gateway.vault.open(sealed, callId);
  const end = text.indexOf('\n');
  const head = JSON.parse(text.slice(0, end)) as Head;
  const body = text.slice(end + 1);
  if (head.rawHeaders) {
    const raw = { headers: head.rawHeaders, body: sourceOf(Buffer.from(body, 'base64')) };
    return { json: RawJson.fromValue(null), selectError: undefined, next: undefined, meta: undefined, raw, failure: undefined };
  }
  // What an older release kept was not proven to be JSON.
  const bytes = Buffer.from(body);
  const json = isJson(bytes) ? RawJson.fromBytes(bytes) : RawJson.fromValue(body);
  return { json, selectError: head.selectError, next: head.next, meta: head.meta, raw: undefined, failure: head.failure };
}

function sourceOf(bytes: Buffer): ByteSource {
  const left = [bytes];
  return { read: async () => left.shift(), discard: () => left.splice(0) };
}
