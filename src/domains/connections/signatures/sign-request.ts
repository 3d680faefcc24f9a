/**
 * Requests that carry a signature in place of a credential (AWS Signature Version 4). What is signed is what is sent: the address is
 * brought into its canonical form first, so that the service finds nothing to normalise otherwise.
 */
import { createHash, createHmac } from 'node:crypto';
import { type SignatureV4 as Auth, signatureNames } from '../../recipes/format/credentials/signatures.ts';
import { fillText, type Variables } from '../../recipes/variables.ts';

export interface UnsignedRequest {
  method: string;
  url: URL;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: Buffer | string | undefined;
  nowMs: number;
}

/** Both as they are to be sent. */
export interface SignedRequest {
  url: URL;
  headers: Record<string, string>;
}

/** What may change on the way, or is set where the request is sent. */
const unsignable = new Set(['accept', 'accept-encoding', 'user-agent']);

export async function signRequest(
  auth: Auth,
  key: { accessKeyId: string; secretAccessKey: string },
  variables: Variables,
  { method, url, headers, body, nowMs }: UnsignedRequest,
): Promise<SignedRequest> {
  // Most installations never sign anything, and this takes some megabytes.
  const { SignatureV4, clearCredentialCache } = await import('@smithy/signature-v4');
  const sent = canonicalAddress(url);
  const signer = new SignatureV4({
    credentials: key,
    service: fillText(auth.service, variables),
    region: fillText(auth.region, variables),
    sha256: Sha256,
    uriEscapePath: auth.path_encoding === 'twice',
    applyChecksum: auth.send_content_hash,
  });
  const query: Record<string, string[]> = Object.create(null);
  for (const [name, value] of pairsOf(sent.search)) query[name] = [...(query[name] ?? []), value];
  const signed = await signer.sign(
    {
      method,
      protocol: sent.protocol,
      hostname: sent.hostname,
      path: sent.pathname,
      query: { ...query },
      headers: { ...withoutSignature(headers), host: sent.host },
      body,
    },
    { signingDate: new Date(nowMs), unsignableHeaders: unsignable },
  );
  // It keeps keys that it derived from the secret, for calls that may never come.
  clearCredentialCache();
  const { host: _, ...rest } = signed.headers;
  return { url: sent, headers: rest };
}

/** What a recipe says of how it is signed would leave the body out of the signature, or make it one of another time. */
function withoutSignature(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !signatureNames.headers.includes(name)));
}

/** Everything but unreserved signs encoded (RFC 3986, section 2.3), in upper case; services sign it so whatever arrives. */
function canonicalAddress(url: URL): URL {
  const sent = new URL(url);
  sent.pathname = url.pathname.split('/').map(encodeAnew).join('/');
  sent.search = pairsOf(url.search)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
  return sent;
}

function pairsOf(search: string): [name: string, value: string][] {
  const pairs = search.slice(1).split('&');
  return pairs.flatMap((pair): [string, string][] => {
    if (pair === '') return [];
    const at = pair.indexOf('=');
    return [at === -1 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))]];
  });
}

function encodeAnew(text: string): string {
  return encode(decode(text));
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A text that is not encoded as it should be stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** With a key, its HMAC (RFC 2104). */
class Sha256 {
  readonly #hash;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', toBytes(key));
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('A hash of requests is used once.');
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}
