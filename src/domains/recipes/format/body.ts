/** How a recipe says what the body of a request is. */
import { z } from 'zod';
import { mailParts } from './parameter.ts';
import { jsonPointer, text } from './texts.ts';

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
      })
      .optional()
      .describe(
        'With `raw`, for files that are too large for a call: `content` is an address of https (`format: "uri"`), which the gateway fetches under its rules for outbound requests and passes on while it arrives. `timeout_ms` may be 900000 then.',
      ),
    constants: z.record(z.string(), z.json()).optional().describe('Values always sent. Keys are names, or JSON Pointers in a JSON body.'),
    mail_at: jsonPointer
      .optional()
      .describe(
        `With \`mail\`: where in a JSON body the base64url message goes (Gmail: \`/raw\`); without it the message itself is the body (message/rfc822). Parameters with \`in: "mail"\` name their part by \`as\`: ${mailParts.join(', ')}.`,
      ),
  })
  .meta({ id: 'Body' });
