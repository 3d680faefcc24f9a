/** What a recipe may say of grants that the gateway asks for itself, and what is refused when it is read. */
import { expect, it } from 'vitest';
import { faultsAfter, type Sound } from './sound-recipe.ts';

// biome-ignore lint/suspicious/noExplicitAny: recipes as JSON, broken ones too
type Json = any;

const client = (more: Json = {}, change: (s: Sound) => unknown = () => {}) =>
  faultsAfter((s) => {
    s.recipe.auth[1] = { type: 'client_credentials', how: 'Make a client.', token_url: 'https://letters.example/token', ...more };
    change(s);
  });
const variable =
  (from: Json, more: Json = {}) =>
  (s: Sound) => {
    s.recipe.variables = { site: { description: 'The site.', pattern: '[a-z]+', from, ...more } };
    s.recipe.hosts = ['*.letters.example', 'letters.example'];
  };
const lookup = { lookup: { url: 'https://letters.example/sites', list: '[]', value: 'id', label: 'name' } };

it.each([
  [{}, undefined],
  [
    { grant_type: 'account_credentials', token_endpoint_auth_method: 'client_secret_basic', parameters: { scope: 'a b', audience: 'x' } },
    undefined,
  ],
  [
    { token_url: 'https://{site}.letters.example/token', parameters: { site: '{site}' }, account: '{client_id} at {site}' },
    variable('input'),
  ],
  [{ token_url: 'https://{site}.letters.example/token' }, variable({ credential: '@' })],
  [{ account: '{site}' }, variable({ token_answer: 'site' })],
  [{ token_answer: { access_token: 'data.token', expires_in: 'data.ttl', account: { id: 'id', label: 'name' } } }, undefined],
])('client credentials may say %j', async (more, change) => expect(await client(more, change)).toEqual([]));

it.each<[Json, string, ((s: Sound) => void)?]>([
  [{ token_url: undefined }, 'token_url'],
  [{ grant_type: 'password' }, 'grant_type: needs a person or a token'],
  [{ grant_type: 'refresh_token' }, 'grant_type: needs a person or a token'],
  [{ grant_type: 'a b' }, 'grant_type'],
  [{ token_endpoint_auth_method: 'none' }, 'must send the secret'],
  [{ parameters: { client_secret: 'x' } }, 'is what the grant itself says'],
  [{ parameters: { grant_type: 'x' } }, 'is what the grant itself says'],
  [{ parameters: { tenant: '{tenant}' } }, 'cannot hold {tenant}: the file has no variable of that name'],
  [{ token_url: 'https://{tenant}.letters.example/token' }, 'holds a brace that nothing fills'],
  [{ token_url: 'https://evil.example/token' }, 'leads to evil.example, which `hosts` does not name', variable('input')],
  [{ token_url: 'https://{site}.letters.example/token' }, 'needs {site} before there is a token', variable({ token_answer: 'site' })],
  [{ parameters: { site: '{site}' } }, 'needs {site} before there is a token', variable(lookup)],
  [{ account: 'everybody' }, 'would be the same for everybody'],
  [{ account: '{tenant}' }, 'cannot hold {tenant}'],
  [{ account: '{site}' }, 'which an account may be without', variable('input', { default: '' })],
  [{ account: '{client_id}', token_answer: { account: { id: 'id', label: 'id' } } }, 'leave one of them out'],
  [{ token_answer: { access_token: 'a[' } }, 'is not a JMESPath expression'],
  [{ token_answer: { account: { id: 'a[', label: 'id' } } }, 'is not a JMESPath expression'],
  [{ token_answer: { refresh_token: 'a' } }, 'refresh_token'],
  [{ token_request: { headers: { 'X-Site': '{site}' } } }, 'holds a brace that nothing fills', variable('input')],
  [{ fields: {} }, 'fields'],
])('client credentials cannot say %j: %s', async (more, said, change) => expect((await client(more, change)).join('\n')).toContain(said));

it('who the account is has to come from somewhere', async () => {
  const faults = (more: Json) =>
    client(more, (s) => {
      s.recipe.auth = [s.recipe.auth[1]];
      s.recipe.verify = undefined;
      delete s.create.provider_scopes;
    });
  expect((await faults({})).join('\n')).toContain('the file needs `verify`');
  expect(await faults({ account: '{client_id}' })).toEqual([]);
  const nameless = await client({}, (s) => delete s.recipe.verify.account);
  expect(nameless.join('\n')).toContain('the file needs `account` in `verify`');
});

it('a variable cannot be called as a part of the credential is', async () => {
  const faults = await client({}, (s) => {
    s.recipe.variables = { client_id: { description: 'An id.' } };
  });
  expect(faults.join('\n')).toContain('is the name of a part of the credential');
});

const key = (more: Json = {}, change: (s: Sound) => unknown = () => {}) =>
  client({ type: 'jwt_bearer', algorithm: 'RS256', claims: { iss: 'me' }, ...more }, change);
const exchange = (more: Json = {}) => ({ url: 'https://api.letters.example/v1/tokens', answer: { access_token: 'token' }, ...more });

it.each<[Json, ((s: Sound) => unknown)?]>([
  [{}],
  [{ algorithm: 'ES256', header: { kid: '{site}' }, claims: { iss: '{site}', aud: 'x', list: ['{site}', 7] } }, variable('input')],
  [{ key_file: { private_key: 'key' }, claims: { iss: '{site}' }, account: '{site}' }, variable({ credential: 'name' })],
  [{ token_url: undefined, exchange: exchange() }],
  [
    { exchange: exchange({ url: 'https://{site}.letters.example/t', body: { a: { b: '{site}' } }, headers: { 'X-A': '1' } }) },
    variable('input'),
  ],
])('a private key may say %j', async (more, change) => expect(await key(more, change)).toEqual([]));

it.each<[Json, string, ((s: Sound) => unknown)?]>([
  [{ algorithm: 'HS256' }, 'algorithm'],
  [{ algorithm: 'none' }, 'algorithm'],
  [{ algorithm: undefined }, 'algorithm'],
  [{ claims: undefined }, 'claims'],
  [{ token_url: undefined }, 'is missing, and so is `exchange`'],
  [{ token_url: undefined, exchange: exchange(), parameters: { scope: 'a' } }, 'parameters: has no meaning without `token_url`'],
  [{ token_url: undefined, exchange: exchange(), token_answer: {} }, 'token_answer: has no meaning without `token_url`'],
  [{ token_url: undefined, exchange: exchange(), token_request: {} }, 'token_request: has no meaning without `token_url`'],
  [{ grant_type: 'x' }, 'grant_type'],
  [{ parameters: { assertion: 'x' } }, 'is what the grant itself says'],
  [{ claims: { exp: 7 } }, 'is set by the gateway'],
  [{ claims: { jti: 'x' } }, 'is set by the gateway'],
  [{ header: { alg: 'none' } }, 'is for the gateway to say, or for nobody'],
  [{ header: { jku: 'https://evil.example' } }, 'is for the gateway to say, or for nobody'],
  [{ header: { crit: 'x' } }, 'is for the gateway to say, or for nobody'],
  [{ header: { kid: '{tenant}' } }, 'cannot hold {tenant}'],
  [{ claims: { deep: { inner: '{tenant}' } } }, 'cannot hold {tenant}'],
  [{ claims: { iss: '{site}' } }, 'needs {site} before there is a token', variable({ token_answer: 'site' })],
  [{ claims: { iss: '{site}' } }, 'needs {site} before there is a token', variable(lookup)],
  [{}, 'a private key says nothing but itself', variable({ credential: 'name' })],
  [{ key_file: { private_key: 'a[' } }, 'is not a JMESPath expression'],
  [{ account: '{client_id}' }, 'cannot hold {client_id}'],
  [{ lifetime_seconds: 86_400 }, 'lifetime_seconds'],
  [{ exchange: exchange({ url: 'https://evil.example/t' }) }, 'leads to evil.example', variable('input')],
  [
    { exchange: exchange({ url: 'https://{site}.letters.example/t' }) },
    'needs {site} before there is a token',
    variable({ token_answer: 'site' }),
  ],
  [{ exchange: exchange({ answer: {} }) }, 'access_token'],
  [{ exchange: exchange({ answer: { access_token: 'a', expires_in: 'b', expires_at: 'c' } }) }, 'leave one of them out'],
  [{ exchange: exchange({ answer: { access_token: 'a[' } }) }, 'is not a JMESPath expression'],
  [{ exchange: exchange({ headers: { Authorization: 'x' } }) }, 'the gateway sets the header Authorization itself'],
  [{ exchange: exchange({ body: { a: '{tenant}' } }) }, 'cannot hold {tenant}'],
  [{ exchange: exchange({ headers: { 'X-A': '{tenant}' } }) }, 'cannot hold {tenant}'],
  [{ exchange: exchange({ headers: { 'X-A': '{site}' } }) }, 'needs {site} before there is a token', variable({ token_answer: 'site' })],
  [{ exchange: exchange({ final_statuses: [503] }) }, 'final_statuses'],
])('a private key cannot say %j: %s', async (more, said, change) => expect((await key(more, change)).join('\n')).toContain(said));

const signing = (more: Json = {}, change: (s: Sound) => unknown = () => {}) =>
  client({ type: 'signature_v4', token_url: undefined, service: 'store', region: 'here-1', ...more }, change);

it.each<[Json, ((s: Sound) => unknown)?]>([
  [{}],
  [{ region: '{site}', path_encoding: 'once', send_content_hash: false, account: '{access_key_id} at {site}' }, variable('input')],
])('a signing key may say %j', async (more, change) => expect(await signing(more, change)).toEqual([]));

it.each<[Json, string, ((s: Sound) => unknown)?]>([
  [{ service: undefined }, 'service'],
  [{ region: 'Here 1' }, 'lower-case letters, digits and hyphens'],
  [{ region: 'a/b' }, 'lower-case letters, digits and hyphens'],
  [{ region: '{tenant}' }, 'cannot hold {tenant}'],
  [{ region: '{site}' }, 'needs a `pattern` of {site}', variable('input', { pattern: undefined })],
  [{ region: '{site}' }, 'which an account may be without', variable('input', { default: '' })],
  [{ account: 'everybody' }, 'would be the same for everybody'],
  [{ account: '{client_id}' }, 'cannot hold {client_id}'],
  [{ account: '{access_key_id}' }, 'nothing else proves a key that only signs', (s) => delete s.recipe.verify],
  [{}, 'goes to the same place as the credential', (s) => (s.list.parameters.language.as = 'X-Amz-Date')],
  [{ path_encoding: 'thrice' }, 'path_encoding'],
])('a signing key cannot say %j: %s', async (more, said, change) => expect((await signing(more, change)).join('\n')).toContain(said));
