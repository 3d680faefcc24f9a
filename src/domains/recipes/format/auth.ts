/** The ways to authenticate to a service, with the differences between OAuth providers. */
import { z } from 'zod';
import { clientCredentials, jwtBearer } from './credentials/grants.ts';
import { signatureV4 } from './credentials/signatures.ts';
import { authMethod, bearerPrefix, tokenAnswer, tokenAnswerHelp, tokenHeader, tokenRequest } from './credentials/token-endpoint.ts';
import { credentialHelp, headerName, slug, text, url } from './texts.ts';

const oauth2 = z
  .strictObject({
    type: z.literal('oauth2').describe('OAuth 2.0: a person consents in a browser (RFC 6749, section 4.1).'),
    authorize_url: url.describe('Where the person consents.'),
    token_url: url.describe('Where codes and refresh tokens become access tokens.'),
    issuer: url
      .optional()
      .describe(
        'Its issuer identifier, which an `iss` in the redirect must equal (RFC 9207). Without it, `iss` must have the origin of `authorize_url`.',
      ),
    register: z
      .strictObject({
        url: url.describe('The page of the provider where one registers a client.'),
        how: text.describe('What to enter there, in a sentence or two; the redirect address is added by the gateway.'),
      })
      .describe('How an operator gets a client id and secret; shown where none is set.'),
    scopes: z
      .record(
        text,
        z.strictObject({
          description: text.describe('What it allows, for the person who consents.'),
          implies: z.array(text).optional().describe('Scopes that this one includes.'),
        }),
      )
      .describe('Every scope that endpoints name.'),
    always_scopes: z.array(text).optional().describe('Asked for with every consent (identity, offline access).'),
    scope_parameter: z.string().default('scope').describe('Name of the authorize parameter (Slack user tokens: `user_scope`).'),
    scope_separator: z.enum([' ', ',']).default(' ').describe('What stands between scopes. Default: a space, as RFC 6749 says.'),
    authorize_parameters: z
      .record(z.string(), z.string())
      .optional()
      .describe('Sent with every authorize request, for instance `access_type=offline`.'),
    pkce: z.boolean().default(true).describe('Send an S256 challenge (RFC 7636). Default true: providers that do not know it ignore it.'),
    token_endpoint_auth_method: authMethod,
    token_request: tokenRequest,
    token_answer: tokenAnswer.optional().describe(tokenAnswerHelp),
    refresh: z
      .strictObject({
        url: url.optional().describe('Where refresh tokens are taken, where that is another place than `token_url`.'),
        send_scope: z.boolean().optional().describe('Send `scope` with a refresh.'),
        reusable: z
          .boolean()
          .optional()
          .describe('The same refresh token may be sent again, so an interrupted refresh can be repeated. Default false: each works once.'),
        final_errors: z
          .array(text)
          .optional()
          .describe('Errors that mean the grant is gone for good, beside `invalid_grant`. Any other error keeps the connection.'),
        idle_days: z
          .int()
          .min(1)
          .optional()
          .describe('Refresh tokens lapse after this many days without use; the gateway refreshes before.'),
      })
      .optional()
      .describe('Absent where access tokens do not expire.'),
    revocation: z
      .strictObject({
        url: url.describe('Where a token is revoked.'),
        style: z
          .enum(['rfc7009', 'query', 'bearer', 'github'])
          .describe(
            '`rfc7009`: a POST encoded and authenticated like a token request. `query`: `?token=`. `bearer`: the token revokes itself in the Authorization header. `github`: DELETE with Basic and a JSON body; `{client_id}` in the address.',
          ),
        token: z
          .enum(['access_token', 'refresh_token'])
          .default('access_token')
          .describe('Which of the two to revoke: the one whose end is the end of the grant.'),
        send_hint: z
          .boolean()
          .optional()
          .describe('With `rfc7009`: false where the provider refuses a body that holds more than `token`. Default true.'),
      })
      .optional()
      .describe('How the provider is told that a person disconnects. Absent where it cannot be told.'),
    bearer_prefix: bearerPrefix,
    token_header: tokenHeader,
  })
  .meta({ id: 'OAuth2' });

const fields = z
  .record(
    slug,
    z.strictObject({
      description: text.describe('What to enter, for the person who connects.'),
      pattern: z.string().optional().describe('A regular expression that the value must match.'),
      header: headerName.optional().describe('The header it goes into; either this or `query`.'),
      query: text.optional().describe('The query name it goes into; either this or `header`.'),
    }),
  )
  .optional()
  .describe('Further values the person gives beside the credential; each goes into a header or the query.');

export const auth = z
  .discriminatedUnion('type', [
    oauth2,
    z
      .strictObject({
        type: z.literal('bearer').describe('A token that the person makes at the service, given as `{token}`.'),
        ...credentialHelp,
        fields,
        header: headerName.default('authorization').describe('The header it travels in.'),
        prefix: z.string().default('Bearer ').describe('Before the token in that header.'),
        sends: z
          .string()
          .regex(/^[\x20-\x7e]+$/)
          .optional()
          .describe(
            'The whole value of that header, in place of `prefix`, where more than a word stands around the token: `{token}` once, and variables of the connection in braces, such as `OAuth key="{key}", token="{token}"`.',
          ),
      })
      .meta({ id: 'BearerToken' }),
    z
      .strictObject({
        type: z.literal('api_key').describe('A key of the service, given as `{api_key}`.'),
        ...credentialHelp,
        fields,
        in: z.enum(['header', 'query', 'path']).describe('Where it travels; a header is safer, since addresses end up in logs.'),
        name: text.describe(
          'Name of that header, of the query parameter, or of the place in paths: `token` for `/bot{token}/send`, which every path then holds.',
        ),
        prefix: z.string().default('').describe('Before the key.'),
      })
      .meta({ id: 'ApiKey' }),
    z
      .strictObject({
        type: z.literal('basic').describe('User name and password (RFC 7617), given as `{username, password}`.'),
        ...credentialHelp,
        fields,
        sends: z
          .string()
          .regex(/^[\x20-\x7e]+$/)
          .default('{username}:{password}')
          .describe(
            'What is sent, user name and password with a colon between. What the person gives stands in braces, and nothing else is asked for: `{api_key}:x`, `{username}/token:{password}`, `api:{api_key}`.',
          ),
        username: text.optional().describe('What the service calls the user name.'),
        password: text.optional().describe('What the service calls the password.'),
      })
      .meta({ id: 'Basic' }),
    clientCredentials,
    jwtBearer,
    signatureV4,
    z
      .strictObject({ type: z.literal('none').describe('Nothing is needed: endpoints can be called without connecting.') })
      .meta({ id: 'NoAuth' }),
  ])
  .describe(
    'A way to authenticate to the service. A bearer token is given as `{token}`, an API key as `{api_key}`, Basic as `{username, password}`, an OAuth client as `{client_id, client_secret}`, a private key as `{private_key}` or `{key_file}`, a signing key as `{access_key_id, secret_access_key}`.',
  );

export type Auth = z.infer<typeof auth>;
export type OAuth2 = z.infer<typeof oauth2>;
