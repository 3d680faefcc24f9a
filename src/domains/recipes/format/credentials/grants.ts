/** Ways to connect by a credential that lasts, with which the gateway itself asks for access tokens, again and again. */
import { z } from 'zod';
import { credentialHelp, expression, headers, text, url } from '../texts.ts';
import { authMethod, bearerPrefix, tokenAnswer, tokenAnswerHelp, tokenHeader, tokenRequest } from './token-endpoint.ts';

const constants = z
  .record(text, z.string())
  .optional()
  .describe(
    'Sent with every token request beside what the grant itself says, such as `scope` or `audience`. `{name}` stands for a variable that the person or the credential gives.',
  );

const exchange = z
  .strictObject({
    url: url.describe('POSTed to with that token, or with the signed JWT where there is no `token_url`, as Bearer.'),
    headers: headers.optional().describe('Sent with it.'),
    body: z.record(text, z.json()).optional().describe('Sent as JSON; texts may hold variables, as `parameters` may.'),
    answer: z
      .strictObject({
        access_token: expression,
        expires_in: expression.optional().describe('Seconds that the token lives.'),
        expires_at: expression.optional().describe('When it ends: a date (RFC 3339) or seconds since 1970. Either this or `expires_in`.'),
      })
      .describe('Where the answer holds the token that calls carry.'),
    final_statuses: z
      .array(z.int().min(400).max(499))
      .default([401, 404])
      .describe('Statuses that mean the credential is refused for good. Any other failure keeps the connection. Default 401 and 404.'),
  })
  .optional()
  .describe('A second step: what was got so far is exchanged for the token that calls carry, such as that of one installation of an app.');

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
  exchange,
  bearer_prefix: bearerPrefix,
  token_header: tokenHeader,
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

/** What the gateway itself says in every JWT. */
export const ownClaims = ['iat', 'exp', 'nbf', 'jti'];

export const jwtBearer = z
  .strictObject({
    type: z
      .literal('jwt_bearer')
      .describe(
        'A private key that the person makes at the service, given as `{private_key}` or `{key_file}`: the gateway signs a JWT with it, and gets access tokens for that (RFC 7523, section 2.1).',
      ),
    token_url: url.optional().describe('Where it asks for access tokens; left out where `exchange` takes the JWT itself.'),
    algorithm: z
      .enum(['RS256', 'ES256'])
      .describe('How the JWT is signed (RFC 7518, section 3.1), which says what key is taken: RSA, or EC on P-256.'),
    key_file: z
      .strictObject({ private_key: expression.describe('Where it holds the private key (PEM).') })
      .optional()
      .describe(
        'The service gives a JSON file: the person gives it whole as `{key_file}`, and variables may come from it (`from: {"credential": "client_email"}`). Without it the person gives the key itself (PEM).',
      ),
    header: z
      .record(text, z.string())
      .optional()
      .describe('Further members of the JWT header, such as `{"kid": "{key_id}"}`. `alg` and `typ` are set.'),
    claims: z
      .record(text, z.json())
      .describe(
        `What the JWT says, such as \`{"iss": "{client_email}"}\`; texts may hold variables, as \`parameters\` may. \`aud\` is the token address unless it is said; ${ownClaims.map((name) => `\`${name}\``).join(', ')} are the gateway's.`,
      ),
    lifetime_seconds: z
      .int()
      .min(30)
      .max(3500)
      .default(300)
      .describe('How long the JWT is good. It is issued a minute back, so that a clock that is a little off does no harm. Default 300.'),
    ...shared,
  })
  .meta({ id: 'JwtBearer' });

export type JwtBearer = z.infer<typeof jwtBearer>;
export type Exchange = NonNullable<z.infer<typeof exchange>>;
export type ClientCredentials = z.infer<typeof clientCredentials>;
