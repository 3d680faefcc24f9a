/** Variables of a connection: what a recipe may say of them, and what is refused when it is read. */
import { describe, expect, it } from 'vitest';
import { faultsAfter, type Sound } from './sound-recipe.ts';

const site = { description: 'Your site.', pattern: '[a-z]+' };

/** A recipe whose every account has a site of its own. */
const withSite = (s: Sound) => {
  s.recipe.variables = { site: { ...site } };
  s.recipe.base_url = 'https://{site}.letters.example/v1';
  s.recipe.hosts = ['*.letters.example', 'letters.example'];
};
const all =
  (...changes: ((s: Sound) => unknown)[]) =>
  (s: Sound) => {
    for (const change of changes) change(s);
  };
/** Two variables of one list, which is asked for at a host that the first knows nothing of. */
const withLookup = (s: Sound) => {
  const lookup = { url: 'https://letters.example/sites', list: '@', value: 'id', label: 'name' };
  s.recipe.variables = {
    site: { ...site, from: { lookup } },
    region: { description: 'Region.', from: { lookup: { ...lookup, value: 'region' } } },
  };
  s.recipe.base_url = 'https://{site}.letters.example/v1';
  s.recipe.hosts = ['*.letters.example', 'letters.example'];
};
const oauth2 = ({ recipe }: Sound) => recipe.auth[0];

describe('a recipe may say', () => {
  it.each<[string, (s: Sound) => unknown]>([
    ['a variable in the host of its address', withSite],
    ['one in the addresses of a consent', all(withSite, (s) => (oauth2(s).token_url = 'https://{site}.letters.example/token'))],
    ['one in a path beside parameters', all(withSite, (s) => (s.create.path = '/{site}/letters'))],
    ['one as a default of a parameter', all(withSite, (s) => (s.list.parameters.cursor.default_from = 'site'))],
    [
      'one as a default in a path',
      all(withSite, (s) => Object.assign(s.drop_file.parameters.name, { default_from: 'site', required: undefined })),
    ],
    [
      'one in a path of its address, without hosts',
      (s) => {
        s.recipe.variables = { site: { ...site } };
        s.recipe.base_url = 'https://api.letters.example/{site}';
      },
    ],
    [
      'that the token answer has one',
      all(withSite, (s) => Object.assign(s.recipe.variables.site, { from: { token_answer: 'site' }, pattern: undefined })),
    ],
    [
      'that a key has one, and that it is looked up after a consent',
      all(withLookup, (s) => {
        const { lookup } = s.recipe.variables.site.from;
        s.recipe.variables = { site: { ...site, from: { credential: "split(@, '-')[-1]", lookup: { ...lookup, for: ['oauth2'] } } } };
      }),
    ],
    ['that the credential has one', all(withSite, (s) => (s.recipe.variables.site.from = { credential: "split(@, '-')[-1]" }))],
    ['that the service lists several', withLookup],
    [
      'that the service lists several for one way to connect',
      all(withLookup, (s) => {
        for (const one of Object.values(s.recipe.variables))
          Object.assign((one as { from: { lookup: object } }).from.lookup, { for: ['oauth2'] });
      }),
    ],
    [
      'a header with one that an account may be without',
      (s) => {
        s.recipe.variables = { site: { ...site, default: '' } };
        s.recipe.headers = { 'X-Site': '{site}' };
      },
    ],
    ['hosts without a variable', (s) => (s.recipe.hosts = ['*.letters.example', 'letters.example'])],
    ['an endpoint at another of its hosts', all(withSite, (s) => (s.list.base_url = 'https://{site}.files.letters.example'))],
    [
      'a variable with a default where nothing is connected',
      all(withSite, (s) => {
        s.recipe.auth.push({ type: 'none' });
        s.recipe.variables.site = { ...site, default: 'main' };
      }),
    ],
  ])('%s', async (_what, change) => {
    expect(await faultsAfter(change)).toEqual([]);
  });
});

const recipeFault = (rest: string) => `letters/recipe.json: ${rest}`;
const needsHosts = 'has a variable in its host, so the file needs `hosts`: the hosts that requests may go to, such as *.letters.example';

describe('it is refused with', () => {
  it.each<[string, (s: Sound) => unknown, string[]]>([
    ['a variable in the host and no hosts', all(withSite, (s) => delete s.recipe.hosts), [recipeFault(`base_url: ${needsHosts}`)]],
    [
      'a variable in the host of the token address and no hosts',
      (s) => {
        s.recipe.variables = { site: { ...site } };
        oauth2(s).token_url = 'https://{site}.letters.example/token';
      },
      [recipeFault(`auth.0.token_url: ${needsHosts}`)],
    ],
    [
      'hosts that its own address is none of',
      (s) => (s.recipe.hosts = ['letters.example']),
      [recipeFault('base_url: leads to api.letters.example, which `hosts` does not name')],
    ],
    [
      'a token address that is none of the hosts',
      all(withSite, (s) => (oauth2(s).token_url = 'https://letters.test/token')),
      [recipeFault('auth.0.token_url: leads to letters.test, which `hosts` does not name')],
    ],
    [
      'a variable that can lead to none of the hosts',
      all(withSite, (s) => (s.recipe.base_url = 'https://{site}.letters.test')),
      [recipeFault('base_url: can lead to no host that `hosts` names')],
    ],
    [
      'an endpoint at a host that is none of them',
      all(withSite, (s) => (s.list.base_url = 'https://files.example')),
      ['letters/letters.json: endpoints.list_letters.base_url: leads to files.example, which `hosts` does not name'],
    ],
    [
      'a brace that no variable fills',
      all(withSite, (s) => (s.recipe.base_url = 'https://{sight}.letters.example')),
      [recipeFault('base_url: holds a brace that nothing fills')],
    ],
    [
      'a brace in the verification that no variable fills',
      (s) => (s.recipe.verify.path = '/{site}/me'),
      [recipeFault('verify.path: cannot hold {site}: the file has no variable of that name')],
    ],
    [
      'a default that its pattern refuses',
      all(withSite, (s) => (s.recipe.variables.site.default = 'a.b')),
      [recipeFault('variables.site.default: does not match the `pattern`')],
    ],
    [
      'a pattern that is none',
      all(withSite, (s) => (s.recipe.variables.site = { ...site, pattern: '[' })),
      [expect.stringContaining('variables.site.pattern: is no regular expression') as unknown as string],
    ],
    [
      'a part of a key that may be anything, also where it is looked up after a consent',
      all(withLookup, (s) => {
        const { pattern: _pattern, ...open } = site;
        const { lookup } = s.recipe.variables.site.from;
        s.recipe.variables = { site: { ...open, from: { credential: 'split(', lookup: { ...lookup, for: ['oauth2'] } } } };
      }),
      [
        expect.stringContaining('variables.site.from.credential: ') as unknown as string,
        recipeFault('variables.site.pattern: is missing: a credential of another form than expected must not be shown as a variable'),
      ],
    ],
    [
      'a variable called as a part of the credential',
      (s) => (s.recipe.variables = { api_key: { ...site }, team: { ...site } }),
      [
        recipeFault('variables.api_key: is the name of a part of the credential: choose another'),
        recipeFault('variables.team: is the name of a part of the credential: choose another'),
      ],
    ],
    [
      'no default where nothing is connected',
      all(withSite, (s) => s.recipe.auth.push({ type: 'none' })),
      [recipeFault('variables.site.default: is missing: endpoints can be called without connecting, and then nothing else gives a value')],
    ],
    [
      'a parameter that fills the place of a variable',
      all(withSite, (s) => {
        s.create.path = '/{site}/letters';
        s.create.parameters.site = { in: 'path', type: 'string', required: true, description: 'Site.' };
        s.create.example.site = 'x';
      }),
      ['letters/letters.json: endpoints.create_letter.parameters.site: {site} is a variable of the connection, which no call may set'],
    ],
    [
      'a parameter that goes over a header with a variable',
      all(withSite, (s) => (s.recipe.headers = { 'accept-Language': '{site}' })),
      [
        'letters/letters.json: endpoints.list_letters.parameters.language: goes into a header that holds a variable of the connection, which no call may set',
      ],
    ],
    [
      'a default from a variable that is not there',
      (s) => (s.list.parameters.cursor.default_from = 'site'),
      ['letters/letters.json: endpoints.list_letters.parameters.cursor.default_from: the file recipe.json has no variable site'],
    ],
    [
      'a default from a variable beside one of the recipe, for what is no text and required',
      all(withSite, (s) => Object.assign(s.list.parameters.size, { default_from: 'site', required: true })),
      [
        'letters/letters.json: endpoints.list_letters.parameters.size.type: must be string, since that is what a variable is',
        'letters/letters.json: endpoints.list_letters.parameters.size.required: must not be true: the variable is sent when the parameter is left out',
        'letters/letters.json: endpoints.list_letters.parameters.size.default: has no meaning beside `default_from`',
      ],
    ],
    [
      'a list for a way to connect that there is not, and only of one of its variables',
      all(withLookup, (s) => (s.recipe.variables.region.from.lookup.for = ['basic'])),
      [
        recipeFault('variables.region.from.lookup.for: names basic, which is no way to connect here'),
        recipeFault('variables.region.from.lookup.for: differs from that of site: one list gives all of them'),
      ],
    ],
    [
      'hosts with a port, a scheme, or for a whole top level',
      (s) => (s.recipe.hosts = ['api.letters.example:443', 'https://api.letters.example', '*.example', 'api.letters.example']),
      [0, 1, 2].map((at) =>
        recipeFault(
          `hosts.${at}: a host name in lower case without a port, such as api.letters.example, or *.letters.example for everything below it`,
        ),
      ),
    ],
  ])('%s', async (_what, change, faults) => {
    expect(await faultsAfter(change)).toEqual(faults);
  });
});
