/** The forms in which a person can give a credential: `{token}`, `{api_key}`, `{username, password}`, `{client_id, client_secret}`, a private key, with what the recipe asks for beside. */
import { badRequest, type Fault } from '../../../core/errors.ts';
import { type BasicName, isInUserName, namesOfBasic } from '../../recipes/basic.ts';
import type { CatalogueIntegration } from '../../recipes/catalogue.ts';
import type { Auth } from '../../recipes/format/auth.ts';
import { lookupsOf } from '../../recipes/variables.ts';
import { keyNameOf, readGivenKey } from '../grants/given-key.ts';
import { askedVariables } from '../variables/account-variables.ts';
import type { GivenCredential } from './credential.ts';

type CredentialAuth = Extract<Auth, { type: 'api_key' | 'basic' | 'bearer' | 'client_credentials' | 'jwt_bearer' | 'signature_v4' }>;

const formNames = {
  bearer: ['token'],
  api_key: ['api_key'],
  basic: [],
  client_credentials: ['client_id', 'client_secret'],
  jwt_bearer: [],
  signature_v4: ['access_key_id', 'secret_access_key'],
} as const;

/** Secrets travel in headers and addresses, so they are visible ASCII (RFC 9110, section 5.5). Basic is encoded and may hold more. */
const visible = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617, section 2 forbids them
const withoutControls = /^[^\u0000-\u001f\u007f]+$/;
const valueLengthMax = 8_192;

function credentialForms(integration: CatalogueIntegration): CredentialAuth[] {
  return integration.recipe.auth.filter((auth): auth is CredentialAuth => auth.type in formNames);
}

function namesOf(auth: CredentialAuth): string[] {
  if (auth.type === 'jwt_bearer') return [keyNameOf(auth)];
  return [...(auth.type === 'basic' ? namesOfBasic(auth.sends) : formNames[auth.type]), ...Object.keys(fieldsOf(auth))];
}

function fieldsOf(auth: CredentialAuth) {
  return ('fields' in auth && auth.fields) || {};
}

function requiredVariables(integration: CatalogueIntegration, auth: CredentialAuth): string[] {
  return askedVariables(integration, auth.type)
    .filter(([, variable]) => variable.default === undefined)
    .map(([name]) => name);
}

/** Whether a person can connect it by giving something, without a consent at the service. */
export function takesCredentials(integration: CatalogueIntegration): boolean {
  return credentialForms(integration).length > 0;
}

/** How to connect, for error messages: every form as the JSON to send, and where to get it. */
export function describeForms(integration: CatalogueIntegration): string {
  const forms = credentialForms(integration).map(
    (auth) =>
      `"credentials": {${[...namesOf(auth), ...requiredVariables(integration, auth)].map((name) => `"${name}": "…"`).join(', ')}} (${auth.how})`,
  );
  if (forms.length > 0) return `Give ${forms.join(' or ')}`;
  if (integration.recipe.auth.some((auth) => auth.type === 'oauth2'))
    return 'Leave `credentials` out: a person consents at the link in `oauth_url`.';
  return 'It needs no connection: call its endpoints as they are.';
}

/**
 * The credential and the way to authenticate it is for, with what else it says of its account. Throws bad_request naming the forms that are
 * taken, credential_rejected for a private key that is none.
 */
export function parseCredential(
  integration: CatalogueIntegration,
  values: Readonly<Record<string, string>>,
): { auth: CredentialAuth; credential: GivenCredential; about?: unknown } {
  const given = Object.keys(values);
  const auth = credentialForms(integration).find((candidate) => {
    const names = namesOf(candidate);
    const asked = [...askedVariables(integration, candidate.type), ...lookupsOf(integration.recipe, candidate.type)].map(([name]) => name);
    return names.every((name) => given.includes(name)) && given.every((name) => names.includes(name) || asked.includes(name));
  });
  if (!auth) {
    throw badRequest(
      `${integration.recipe.name} does not take credentials with ${given.length === 0 ? 'no fields' : given.map((name) => `\`${name}\``).join(', ')}. ${describeForms(integration)}`,
    );
  }
  if (auth.type === 'jwt_bearer') {
    const { privateKey, about } = readGivenKey(integration, auth, values);
    return { auth, credential: { type: 'jwt_bearer', privateKey }, about };
  }
  const faults = faultsOf(auth, values);
  if (faults.length > 0)
    throw badRequest(`The credentials are not acceptable: ${faults.map((f) => `\`${f.path}\` ${f.message}`).join('; ')}.`, faults);
  if (auth.type === 'client_credentials')
    return {
      auth,
      credential: { type: 'client_credentials', clientId: values.client_id as string, clientSecret: values.client_secret as string },
    };
  if (auth.type === 'signature_v4')
    return {
      auth,
      credential: {
        type: 'signature_v4',
        accessKeyId: values.access_key_id as string,
        secretAccessKey: values.secret_access_key as string,
      },
    };
  const fields = Object.fromEntries(Object.keys(fieldsOf(auth)).map((name) => [name, values[name] as string]));
  if (auth.type === 'bearer') return { auth, credential: { type: 'bearer', token: values.token as string, fields } };
  if (auth.type === 'api_key') return { auth, credential: { type: 'api_key', apiKey: values.api_key as string, fields } };
  const { username = '', password = values.api_key as string } = values;
  return { auth, credential: { type: 'basic', username, password, fields } };
}

/** What was given as `credentials`, without spaces around. Throws bad_request. */
export function requireTexts(integration: CatalogueIntegration, input: unknown): Record<string, string> {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  const entries = isObject ? Object.entries(input) : [];
  if (!isObject || entries.some(([, value]) => typeof value !== 'string' || value.length > valueLengthMax))
    throw badRequest(`\`credentials\` must be an object of texts of at most ${valueLengthMax} characters. ${describeForms(integration)}`);
  // A pasted token often brings a line end with it.
  return Object.fromEntries(entries.map(([name, value]) => [name, name === 'password' ? value : (value as string).trim()]));
}

function faultsOf(auth: CredentialAuth, values: Readonly<Record<string, string>>): Fault[] {
  return namesOf(auth).flatMap((name) => {
    const message = faultOf(auth, name, values[name] as string);
    return message === undefined ? [] : [{ path: `credentials.${name}`, message }];
  });
}

function faultOf(auth: CredentialAuth, name: string, value: string): string | undefined {
  const field = fieldsOf(auth)[name];
  if (field?.pattern !== undefined && !new RegExp(field.pattern, 'u').test(value)) return `is not as it should be: ${field.description}`;
  if (auth.type === 'basic' && !field) {
    // A service may want the key as the user name and an empty password, or the other way round.
    if (value !== '' && !withoutControls.test(value)) return 'holds a control character';
    const isUserName = isInUserName(auth.sends, name as BasicName);
    if (value === '' && name === 'api_key') return 'is empty';
    return isUserName && value.includes(':') ? 'must not hold a colon (RFC 7617, section 2)' : undefined;
  }
  if (auth.type === 'api_key' && auth.in === 'path' && !field && /^\.{1,2}$/.test(value)) return 'cannot be sent in a path';
  return visible.test(value) ? undefined : 'is empty or holds characters that cannot be sent in a header';
}
