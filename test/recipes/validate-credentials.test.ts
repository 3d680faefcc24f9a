/** What a recipe may say of credentials in paths and of Basic, and what is refused when it is read. */
import { expect, it } from 'vitest';
import { faultsAfter, type Sound } from './sound-recipe.ts';

/** A way to connect beside the sound recipe's. */
const basic = (sends: string) => (s: Sound) => {
  s.recipe.auth = [s.recipe.auth[0], { type: 'basic', how: 'Ask for one.', sends }];
};
const inPath = (s: Sound) => {
  s.recipe.auth[1] = { type: 'api_key', how: 'Ask for one.', in: 'path', name: 'token' };
};

it.each([
  '{username}:{password}',
  '{api_key}:x',
  'api:{api_key}',
  '{api_key}:',
  ':{password}',
  '{username}/token:{password}',
  '{username}:{api_key}',
])('Basic may send %s', async (sends) => expect(await faultsAfter(basic(sends))).toEqual([]));

it.each([
  ['{api_key}', 'needs a colon'],
  ['user:secret', 'needs the secret'],
  ['{username}:x', 'needs the secret'],
  ['{password}:{api_key}', 'needs the secret'],
  ['{api_key}:{api_key}', 'each once'],
  ['{token}:x', 'and nothing else'],
])('Basic cannot send %s', async (sends, said) => expect((await faultsAfter(basic(sends))).join('\n')).toContain(said));

it('a key in the path is refused where another way to connect or a path leaves its place open', async () => {
  const faults = await faultsAfter(inPath);
  expect(faults.join('\n')).toContain('must be the only way to connect');
  expect(faults.join('\n')).toMatch(/verify.*must hold \{token\} once/);
  expect(faults.join('\n')).toMatch(/list_letters.*must hold \{token\} once/);
});

it('a key in the path takes no prefix, no name that is not one, and nothing that a call could set', async () => {
  const faults = await faultsAfter((s) => {
    inPath(s);
    Object.assign(s.recipe.auth[1], { prefix: 'Bot ' });
    s.list.path = `/{token}${s.list.path}`;
    s.list.parameters.token = { in: 'path', type: 'string', description: 'A token.', required: true };
    s.list.example.token = 'x';
  });
  expect(faults.join('\n')).toContain('in a path write it before the brace');
  expect(faults.join('\n')).toContain('{token} is the credential, which no call may set');
  const named = await faultsAfter((s) => {
    inPath(s);
    s.recipe.auth[1].name = 'the token';
  });
  expect(named.join('\n')).toContain('lower-case letters, digits and underscores in a path');
});

it('a key that is sent as Basic and one that is sent otherwise cannot be told apart', async () => {
  const faults = await faultsAfter((s) => s.recipe.auth.push({ type: 'basic', how: 'Ask for one.', sends: '{api_key}:x' }));
  expect(faults.join('\n')).toContain('nobody could say which is meant');
});

const bearer = (sends: string) => (s: Sound) => {
  s.recipe.variables = { key: { description: 'The key.' }, team: { description: 'The team.', default: '' } };
  s.recipe.auth = [s.recipe.auth[0], { type: 'bearer', how: 'Ask for one.', sends }];
};

it.each(['OAuth key="{key}", token="{token}"', 'Token {token}'])('a bearer token may be sent as %s', async (sends) =>
  expect(await faultsAfter(bearer(sends))).toEqual([]),
);

it.each([
  ['OAuth key="{key}"', 'must hold {token} once'],
  ['{token} {token}', 'must hold {token} once'],
  ['OAuth {other} {token}', 'holds {other}, which is no variable'],
  ['OAuth {team} {token}', 'which an account may be without'],
])('a bearer token cannot be sent as %s', async (sends, said) => expect((await faultsAfter(bearer(sends))).join('\n')).toContain(said));
