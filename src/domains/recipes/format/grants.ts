/** Ways to connect by a credential that lasts, with which the gateway itself asks for access tokens, again and again. */
import { z } from 'zod';
import { credentialHelp, text, url } from './texts.ts';
import { authMethod, bearerPrefix, tokenAnswer, tokenAnswerHelp, tokenRequest } from './token-endpoint.ts';

const constants = z
  .record(text, z.string())
  .optional()
  .describe(
    'Sent with every token request beside what the grant itself says, such as `scope` or `audience`. `{name}` stands for a variable that the person or the credential gives.',
  );

const shared = {
  ...credentialHelp,
  parameters: constants,
  token_request: tokenRequest,
  token_answer: tokenAnswer.omit({ refresh_token: true, scope: true }).optional().describe(tokenAnswerHelp),
  final_errors: z
    .array(text)
    .optional()
    .describe(
      'Errors that mean the credential is refused for good, beside `invalid_grant`, `invalid_client` and `unauthorized_client`. Any other error keeps the connection.',
    ),
  account: text
    .optional()
    .describe(
      'What the account is and is called, where no answer names it: a text with variables of the connection in braces, such as `{client_email}`, or `{client_id}`.',
    ),
  bearer_prefix: bearerPrefix,
};

export const clientCredentials = z
  .strictObject({
    type: z
      .literal('client_credentials')
      .describe(
        'An OAuth client that the person makes at the service, given as `{client_id, client_secret}`, that asks for tokens in its own name (RFC 6749, section 4.4).',
      ),
    token_url: url.describe('Where it asks for access tokens.'),
    grant_type: z
      .string()
      .regex(/^[\x21-\x7e]+$/)
      .default('client_credentials')
      .describe('What the request calls the grant, where the service has a word of its own for it: `account_credentials`.'),
    token_endpoint_auth_method: authMethod,
    ...shared,
  })
  .meta({ id: 'ClientCredentials' });

export type ClientCredentials = z.infer<typeof clientCredentials>;
