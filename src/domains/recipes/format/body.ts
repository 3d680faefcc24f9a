/** How a recipe says what the body of a request is. */
import { z } from 'zod';
import { mailParts } from './parameter.ts';
import { headerName, jsonPointer, text } from './texts.ts';
import { hosts } from './variables.ts';

const mebibyte = 1024 * 1024;

const session = z
  .strictObject({
    address: z
      .union([
        z.strictObject({ header: headerName.describe('The header of the answer that holds it, such as Location.') }),
        z.strictObject({ body: text.describe('The member of the JSON answer that holds it; names inside each other are joined by dots.') }),
      ])
      .describe('Where the answer to the request of the endpoint says the address of the session.'),
    hosts: hosts.describe('The hosts that the address may have, exact or with `*.` in front, over https.'),
    method: z.enum(['PUT', 'POST', 'PATCH']).describe('How a part is sent there. No credential goes along: the address is one.'),
    headers: z
      .record(headerName, z.string().regex(/^[\x20-\x7e]*$/, 'printable ASCII'))
      .describe('Of each part. `{first}` and `{last}` are the numbers of its bytes, from 0, `{total}` is the length of the file.'),
    part_bytes: z
      .int()
      .min(256 * 1024)
      .max(1024 * mebibyte)
      .describe('How long parts are; the last may be shorter.'),
    more: z.array(z.int().min(200).max(399)).min(1).describe('Statuses of an answer that asks for the next part. Any other ends the call.'),
  })
  .describe(
    'For services that take large files in parts: the request of the endpoint, with `encoding: "json"`, begins a session, and the parts of the file go to its address. The answer to the last part is the answer of the call.',
  );

export type UploadSession = z.infer<typeof session>;

export const body = z
  .strictObject({
    encoding: z
      .enum(['json', 'form', 'multipart', 'mail', 'raw', 'related'])
      .describe(
        'application/json, application/x-www-form-urlencoded, multipart/form-data, a composed RFC 822 message, the value of one parameter as it is, or multipart/related: a JSON part and the bytes of one parameter.',
      ),
    content: text
      .optional()
      .describe(
        'With `raw`: our name of the parameter that is the whole body: a text, base64 (`format: "byte"`), or a file. Its Content-Type is text/plain, application/octet-stream or the file\'s own; a header of the endpoint stands over it. With `related`: the file or base64 that is the second part; the first is the JSON of all others.',
      ),
    upload: z
      .strictObject({
        max_bytes: z
          .int()
          .min(1)
          .max(1024 ** 4)
          .describe('The longest that the service takes.'),
        session: session.optional(),
      })
      .optional()
      .describe(
        'With `raw`, or with `json` and a `session`, for files that are too large for a call: `content` is an address of https (`format: "uri"`), which the gateway fetches under its rules for outbound requests and passes on while it arrives. `timeout_ms` may be 900000 then.',
      ),
    constants: z.record(z.string(), z.json()).optional().describe('Values always sent. Keys are names, or JSON Pointers in a JSON body.'),
    mail_at: jsonPointer
      .optional()
      .describe(
        `With \`mail\`: where in a JSON body the base64url message goes (Gmail: \`/raw\`); without it the message itself is the body (message/rfc822). Parameters with \`in: "mail"\` name their part by \`as\`: ${mailParts.join(', ')}.`,
      ),
  })
  .meta({ id: 'Body' });
