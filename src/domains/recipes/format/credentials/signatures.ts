/** Ways to connect whose credential is never sent: it signs each request. */
import { z } from 'zod';
import { credentialHelp, text } from '../texts.ts';

const scopePart = z.string().regex(/^([a-z0-9-]|\{[a-z][a-z0-9_]*\})+$/, 'lower-case letters, digits and hyphens, or a variable in braces');

/** Lower-case names, of headers and of the query, that say how a request is signed. */
export const signatureNames = {
  headers: ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'],
  query: [
    'x-amz-algorithm',
    'x-amz-credential',
    'x-amz-date',
    'x-amz-expires',
    'x-amz-security-token',
    'x-amz-signature',
    'x-amz-signedheaders',
  ],
};

export const signatureV4 = z
  .strictObject({
    type: z
      .literal('signature_v4')
      .describe('A key pair that signs every request (AWS Signature Version 4), given as `{access_key_id, secret_access_key}`.'),
    ...credentialHelp,
    service: scopePart.describe("The service's name in signatures, such as `s3`."),
    region: scopePart.describe('Its region, such as `us-east-1`, or `{region}` of the connection.'),
    path_encoding: z
      .enum(['once', 'twice'])
      .default('twice')
      .describe(
        'How often the path is encoded in what is signed. Default `twice`; object stores say `once`, where `..` and `//` stay as they are too.',
      ),
    send_content_hash: z
      .boolean()
      .default(true)
      .describe('Send `x-amz-content-sha256`, which object stores ask for. It is signed with the rest. Default true.'),
    account: text
      .optional()
      .describe(
        'What the account is and is called, where `verify` does not name it: a text with variables in braces, or `{access_key_id}`.',
      ),
  })
  .meta({ id: 'SignatureV4' });

export type SignatureV4 = z.infer<typeof signatureV4>;
