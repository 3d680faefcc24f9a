/** How token endpoints are asked and what they answer, whatever the grant. */
import { z } from 'zod';
import { expression, headerName, headers } from '../texts.ts';

export const accountNames = {
  id: expression.describe('What the provider never changes about the account: the same value means the same account.'),
  label: expression.describe('How a person knows the account: login, e-mail address, workspace.'),
};

export const authMethod = z
  .enum(['client_secret_post', 'client_secret_basic', 'none'])
  .default('client_secret_post')
  .describe('As in RFC 7591, section 2.');

export const tokenRequest = z
  .strictObject({
    encoding: z.enum(['form', 'json']).default('form').describe('How the body is written. Default: a form, as RFC 6749 says.'),
    headers: headers.optional().describe('Sent with every token request.'),
  })
  .optional()
  .describe('How tokens are asked for, where it is not as usual.');

export const tokenAnswer = z.strictObject({
  access_token: expression.optional(),
  refresh_token: expression.optional(),
  expires_in: expression.optional(),
  scope: expression
    .optional()
    .describe('The granted scopes as text or list; `false` when this kind of token knows no scopes, nothing when the grant is as asked.'),
  error: expression.optional().describe('Where an error stands, also in an answer with status 200.'),
  error_description: expression.optional(),
  account: z
    .strictObject(accountNames)
    .optional()
    .describe('Where the account is named, when the token answer names it and no verification call is needed.'),
});

export const tokenAnswerHelp = 'Where the provider puts what RFC 6749 (section 5) names at the top level.';

export const tokenHeader = headerName
  .optional()
  .describe('Header that carries the access token by itself, for services that do not take it in Authorization (RFC 6750, section 2.1).');
export const bearerPrefix = z.string().default('Bearer ').describe('Before the access token in the Authorization header.');
