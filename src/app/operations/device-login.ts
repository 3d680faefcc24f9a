import { z } from 'zod';
import { deviceGrantType } from '../../domains/device-codes/token-answer.ts';
import { schema } from '../graphql/schema.ts';
import { PreparedDocument } from './documents.ts';
import { documentOperation, type Operation, wordsOf } from './operation.ts';

/** Scopes of a device login: a list, or a text with spaces (RFC 6749, section 3.3) or commas between them. */
export const deviceScopes = z.union([
  z.string().transform((list) => list.split(/[\s,]+/).filter((scope) => scope !== '')),
  z.array(z.string()),
]);

export const requestDeviceCode = documentOperation({
  name: 'request_device_code',
  input: z.strictObject({ client_name: z.string().optional(), scopes: deviceScopes.optional() }),
  output: z.strictObject({
    device_code: z.string(),
    user_code: z.string(),
    verification_uri: z.string(),
    verification_uri_complete: z.string(),
    expires_in: z.int(),
    interval: z.int(),
  }),
  document: `mutation ($clientName: String, $scopes: [String!]) { requestDeviceCode(clientName: $clientName, scopes: $scopes) {
    deviceCode userCode verificationUri verificationUriComplete expiresIn interval } }`,
  variables: ({ client_name: clientName, scopes }) => ({ clientName, scopes }),
  answer: ({ requestDeviceCode: code }) => ({
    device_code: code.deviceCode,
    user_code: code.userCode,
    verification_uri: code.verificationUri,
    verification_uri_complete: code.verificationUriComplete,
    expires_in: code.expiresIn,
    interval: code.interval,
  }),
});

const decisionInput = z.strictObject({ user_code: z.string(), deny: z.boolean().optional(), scopes: deviceScopes.optional() });
const decisionOutput = z.strictObject({ status: wordsOf('DeviceDecisionStatus') });

const lookUpDocument = 'query ($userCode: String!) { deviceRequest(userCode: $userCode) { userCode } }';
const decisionDocument = `mutation ($userCode: String!, $scopes: [String!], $deny: Boolean) {
  authorizeDevice(userCode: $userCode, scopes: $scopes, deny: $deny) { status } }`;
const lookUp = new PreparedDocument(schema, lookUpDocument, 'the operation decide_device');
const decide = new PreparedDocument(schema, decisionDocument, 'the operation decide_device');

/** In one step for whoever types the code where they decide; the page shows what it stands for first. */
export const decideDevice: Operation<z.output<typeof decisionInput>, z.output<typeof decisionOutput>> = {
  name: 'decide_device',
  input: decisionInput,
  output: decisionOutput,
  run: async (context, { user_code: userCode, scopes, deny }) => {
    await lookUp.ask(context, { userCode });
    const { authorizeDevice } = (await decide.ask(context, { userCode, scopes, deny })) as {
      authorizeDevice: z.output<typeof decisionOutput>;
    };
    return { status: authorizeDevice.status };
  },
};

const status = wordsOf('DeviceTokenStatus');
const error = wordsOf('DeviceTokenError');

/** Done, or not yet in the dialect without `grant_type`. */
export const deviceTokenAnswer = z.union([
  z.strictObject({ access_token: z.string(), token_type: z.string(), scope: z.string() }),
  z.strictObject({ status, user: z.strictObject({ email: z.string(), display_name: z.string() }), api_keys_url: z.string() }),
  z.strictObject({ status, error }),
]);
export const deviceTokenFailure = z.union([
  z.strictObject({ error, error_description: z.string() }),
  z.strictObject({ status, error, message: z.string() }),
  z.strictObject({ error, message: z.string() }),
]);

/** With `grant_type` as RFC 8628 says, otherwise in the dialect of docs/api.md ("Device login"). */
export const pollDeviceToken = documentOperation({
  name: 'poll_device_token',
  input: z.strictObject({ device_code: z.string(), grant_type: z.string().optional() }),
  output: z.union([deviceTokenAnswer, deviceTokenFailure]),
  document: `mutation ($deviceCode: String!, $grantType: String) { pollDeviceToken(deviceCode: $deviceCode, grantType: $grantType) {
    status error message user { email displayName } apiKeysUrl accessToken tokenType scope } }`,
  variables: ({ device_code: deviceCode, grant_type: grantType }) => ({ deviceCode, grantType }),
  answer: ({ pollDeviceToken: token }, input) => (input.grant_type ? answerOAuth(token) : answerCompatible(token)),
});

interface TokenFields {
  status: string;
  error: string;
  message: string;
  user: { email: string; displayName: string } | null;
  apiKeysUrl: string;
  accessToken: string;
  tokenType: string;
  scope: string;
}

function answerOAuth(token: TokenFields) {
  return token.status === 'complete'
    ? { access_token: token.accessToken, token_type: token.tokenType, scope: token.scope }
    : { error: token.error, error_description: token.message };
}

function answerCompatible({ status, error, message, user, apiKeysUrl }: TokenFields) {
  if (user) return { status, user: { email: user.email, display_name: user.displayName }, api_keys_url: apiKeysUrl };
  if (status === 'pending') return { status, error };
  return status === 'used' ? { error, message } : { status, error, message };
}

const metadataOutput = z.strictObject({
  issuer: z.string(),
  device_authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  response_types_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  service_documentation: z.string(),
});

/**
 * RFC 8414 and RFC 8628, section 4. The issuer is not the root: MCP clients with a configured key drop it once they find an
 * authorization server there.
 */
export const readDeviceLoginMetadata: Operation<Record<string, never>, z.output<typeof metadataOutput>> = {
  name: 'read_device_login_metadata',
  input: z.strictObject({}),
  output: metadataOutput,
  run: async ({ gateway: { config } }) => ({
    issuer: `${config.publicUrl}/auth`,
    device_authorization_endpoint: `${config.publicUrl}/auth/device/code`,
    token_endpoint: `${config.publicUrl}/auth/device/token`,
    response_types_supported: [],
    grant_types_supported: [deviceGrantType],
    token_endpoint_auth_methods_supported: ['none'],
    service_documentation: `${config.publicUrl}/llms.txt`,
  }),
};
