/** The private key that a person gives, in whichever of the usual PEM forms. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { JwtBearer } from '../../recipes/format/credentials/grants.ts';

const form = /^\s*-----BEGIN (RSA PRIVATE KEY|EC PRIVATE KEY|PRIVATE KEY)-----[\sA-Za-z0-9+/=]+-----END \1-----\s*$/;
const bitsMin = 2048;
/** Longer ones would only cost time, which everybody waits for. */
const bitsMax = 4096;

/** As PKCS #8, or what is wrong with it, without any of it. Line ends may be written out, as they are in settings and JSON. */
export function readPrivateKey(text: string, algorithm: JwtBearer['algorithm']): { pem: string } | { fault: string } {
  const pem = text.replaceAll(/\\r?\\n|\\n/g, '\n');
  if (/ENCRYPTED/.test(pem)) return { fault: 'is encrypted: give the key without a passphrase; it is kept sealed here' };
  if (/-----BEGIN (PUBLIC KEY|CERTIFICATE|RSA PUBLIC KEY)-----/.test(pem)) return { fault: 'is the public half: give the private key' };
  if (!form.test(pem)) return { fault: 'is no private key in PEM form: give all of it, from -----BEGIN to the last -----' };
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return { fault: 'cannot be read as a private key: part of it is missing, or changed' };
  }
  const fault = unfitFault(key, algorithm) ?? (isWhole(key) ? undefined : 'does not fit itself: part of it was changed');
  return fault === undefined ? { pem: key.export({ type: 'pkcs8', format: 'pem' }) as string } : { fault };
}

/** RFC 7518, sections 3.3 and 3.4. */
function unfitFault(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  algorithm: JwtBearer['algorithm'],
): string | undefined {
  if (algorithm === 'ES256') return details?.namedCurve === 'prime256v1' ? undefined : 'must be an EC key on the curve P-256, for ES256';
  if (type !== 'rsa') return 'must be an RSA key, for RS256';
  const bits = details?.modulusLength ?? 0;
  return bits >= bitsMin && bits <= bitsMax ? undefined : `must have ${bitsMin} to ${bitsMax} bits, and has ${bits}`;
}

/** Whether what it signs is good by its own public half. */
function isWhole(key: KeyObject): boolean {
  try {
    const data = Buffer.from('skillett');
    return verify('sha256', data, createPublicKey(key), sign('sha256', data, key));
  } catch {
    return false;
  }
}
