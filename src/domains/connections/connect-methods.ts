/** The ways in which a person can connect an integration here, with what each asks for. */
import type { Gateway } from '../../core/context.ts';
import { namesOfBasic } from '../recipes/basic.ts';
import type { CatalogueIntegration } from '../recipes/catalogue.ts';
import type { Auth } from '../recipes/format/auth.ts';
import { lookupsOf } from '../recipes/variables.ts';
import { keyNameOf } from './grants/given-key.ts';
import { findOAuthClient, listOverrides } from './oauth2/oauth-clients.ts';
import { findProvider, redirectUri } from './oauth2/oauth2.ts';
import { askedVariables } from './variables/account-variables.ts';

export interface ConnectMethod {
  type: Auth['type'];
  /** False while a consent has no OAuth client to go with. */
  ready: boolean;
  /** How to get the credential, or how an operator registers the OAuth client; null when nothing is needed. */
  how: string | null;
  /** Page of the service for that. */
  url: string | null;
  /** To register at the service, with a consent. */
  redirectUri: string | null;
  /** Settings that go before an OAuth client set by an operator, by their variables. */
  overriddenBy: string[];
  fields: CredentialField[];
}

/** One value of `credentials`. */
export interface CredentialField {
  name: string;
  label: string;
  /** What it is, where the recipe says. */
  description: string | null;
  secret: boolean;
  /** Left out, there is another value for it. */
  required: boolean;
  /** Has several lines, such as a key or a file. */
  multiline: boolean;
}

/** In the order of the recipe: the preferred way first. */
export function listConnectMethods(gateway: Gateway, integration: CatalogueIntegration): Promise<ConnectMethod[]> {
  return Promise.all(integration.recipe.auth.map((auth) => describeMethod(gateway, integration, auth)));
}

async function describeMethod(gateway: Gateway, integration: CatalogueIntegration, auth: Auth): Promise<ConnectMethod> {
  const { type } = auth;
  if (type === 'none') return { type, ready: true, how: null, url: null, redirectUri: null, overriddenBy: [], fields: [] };
  if (auth.type !== 'oauth2')
    return {
      type,
      ready: true,
      how: auth.how,
      url: auth.create_url ?? null,
      redirectUri: null,
      overriddenBy: [],
      fields: [...listFields(auth), ...listVariableFields(integration, type)],
    };
  const provider = findProvider(gateway, integration);
  const client = provider && (await findOAuthClient(gateway, provider));
  const { how, url } = auth.register;
  return {
    type: 'oauth2',
    ready: client !== undefined,
    how,
    url,
    redirectUri: redirectUri(gateway),
    overriddenBy: listOverrides(gateway, integration.slug),
    fields: listVariableFields(integration, type),
  };
}

function listFields(auth: Exclude<Auth, { type: 'none' | 'oauth2' }>): CredentialField[] {
  const further = Object.entries(('fields' in auth && auth.fields) || {}).map(([name, { description }]) =>
    furtherField(name, description, true),
  );
  return [...ownFields(auth), ...further];
}

/** What the person gives of the account's variables when connecting like this. */
function listVariableFields(integration: CatalogueIntegration, type: Auth['type']): CredentialField[] {
  const asked = askedVariables(integration, type).map(([name, variable]) =>
    furtherField(name, variable.description, variable.default === undefined),
  );
  if (type === 'oauth2') return asked;
  // After a consent the person chooses on our page; a credential goes with the choice.
  const found = lookupsOf(integration.recipe, type).map(([name]) =>
    furtherField(name, `${integration.recipe.variables?.[name]?.description} Only where the service knows several.`, false),
  );
  return [...asked, ...found];
}

function furtherField(name: string, description: string, required: boolean): CredentialField {
  const label = name.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase());
  return { name, label, description, secret: false, required, multiline: false };
}

function ownFields(auth: Exclude<Auth, { type: 'none' | 'oauth2' }>): CredentialField[] {
  switch (auth.type) {
    case 'bearer':
      return [ownField('token', 'Token')];
    case 'api_key':
      return [ownField('api_key', 'API key')];
    case 'client_credentials':
      return [{ ...ownField('client_id', 'Client id'), secret: false }, ownField('client_secret', 'Client secret')];
    case 'signature_v4':
      return [{ ...ownField('access_key_id', 'Access key id'), secret: false }, ownField('secret_access_key', 'Secret access key')];
    case 'jwt_bearer': {
      const name = keyNameOf(auth);
      return [{ ...ownField(name, name === 'key_file' ? 'Key file (JSON)' : 'Private key (PEM)'), multiline: true }];
    }
    case 'basic': {
      const labels = { username: auth.username ?? 'User name', password: auth.password ?? 'Password', api_key: auth.password ?? 'API key' };
      return namesOfBasic(auth.sends).map((name) => ({ ...ownField(name, labels[name]), secret: name !== 'username' }));
    }
  }
}

function ownField(name: string, label: string): CredentialField {
  return { name, label, description: null, secret: true, required: true, multiline: false };
}
