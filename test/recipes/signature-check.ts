/** What a service makes of a signed request as it arrived, by the published steps of AWS Signature Version 4 and nothing of ours. */
import { createHash, createHmac } from 'node:crypto';
import type { ReceivedRequest } from '../support/upstream.ts';

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();

export interface SignatureFacts {
  /** `20260101T000000Z`. */
  date: string;
  /** Key id, day, region, service and the closing word. */
  scope: string[];
  signedHeaders: string[];
  isGood: boolean;
}

export function checkSignature({ method, target, headers, body }: ReceivedRequest, secret: string, isEncodedOnce: boolean): SignatureFacts {
  const [, credential = '', list = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '') ?? [];
  const [, day = '', region = '', service = '', closing = ''] = credential.split('/');
  const date = String(headers['x-amz-date']);
  const signedHeaders = list.split(';');
  const [place = '', query = ''] = target.split('?', 2) as [string, string?];
  const canonical = [
    method,
    place
      .split('/')
      .map(isEncodedOnce ? (part) => encode(decodeURIComponent(part)) : encode)
      .join('/'),
    query.split('&').filter(Boolean).map(canonicalPair).sort().join('&'),
    ...signedHeaders.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}`),
    '',
    list,
    sha256(body),
  ].join('\n');
  const key = [day, region, service, closing].reduce<Buffer | string>((before, part) => hmac(before, part), `AWS4${secret}`);
  const text = ['AWS4-HMAC-SHA256', date, [day, region, service, closing].join('/'), sha256(canonical)].join('\n');
  const hash = headers['x-amz-content-sha256'];
  const isGood =
    createHmac('sha256', key).update(text).digest('hex') === signature &&
    date.startsWith(day) &&
    (hash === undefined || hash === sha256(body)) &&
    // Whatever of these arrives must be signed.
    Object.keys(headers).every((name) => !/^(host|content-type|x-amz-.*)$/.test(name) || signedHeaders.includes(name));
  return { date, scope: credential.split('/'), signedHeaders, isGood };
}

function encode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

function canonicalPair(pair: string): string {
  const [name = '', value = ''] = pair.split('=', 2);
  return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
}
