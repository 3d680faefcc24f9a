/** Gmail's endpoints, beyond what every recipe holds: the scopes that Google documents, and what can be undone. */
import { describe, expect, it } from 'vitest';
import { listFaults } from '../../scripts/recipes/faults.ts';
import { readFacts, readSources } from '../../scripts/recipes/folders.ts';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { Parameter } from '../../src/domains/recipes/format/parameter.ts';
import { type Discovery, fromDiscovery } from '../../src/domains/recipes/import/discovery.ts';
import { methods } from '../../src/domains/recipes/import/openapi.ts';
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';
import { readRecipe } from './read-recipe.ts';

const facts = readFacts('gmail')!;
const source = readSources(facts)?.[0];

const { integration: recipe, resources, endpoints, requireEndpoint } = readRecipe('gmail');
const oauth2 = recipe.auth.find((auth) => auth.type === 'oauth2');
const scopes = oauth2?.scopes ?? {};

/** Scopes of the recipe with any one of which Google lets the call through. */
function listAccepted(endpoint: { method: string; path: string }): string[] {
  const operation = facts.paths?.[endpoint.path]?.[endpoint.method.toLowerCase() as (typeof methods)[number]];
  return (operation?.scopes ?? []).filter((scope) => scope in scopes);
}

function listScopeFaults(endpoint: Endpoint): string[] {
  const [first = [], ...further] = (endpoint.provider_scopes ?? []).map((need) => [need].flat());
  const verifying = listAccepted({ method: 'GET', path: recipe.verify?.path ?? '' });
  const faults = [...first].sort().join() === listAccepted(endpoint).sort().join() ? [] : ['the first need is not what Google accepts'];
  if (further.some((need) => [...need].sort().join() !== [...verifying].sort().join()))
    faults.push('a further need is not that of the call that names the account');
  if (![first, ...further].some(([asked]) => asked !== undefined && verifying.includes(asked)))
    faults.push('what it asks for by itself does not let the account be named');
  return faults;
}

describe.each(endpoints)('gmail.%s', (_, endpoint) => {
  it('asks for scopes that Google accepts, and with which the account can be named', () => {
    expect(listScopeFaults(endpoint)).toEqual([]);
  });
});

describe('the gmail recipe', () => {
  it('holds its endpoints in five categories, under names of their own', () => {
    expect(resources.map((one) => one.resource).sort()).toEqual(['account', 'drafts', 'labels', 'messages', 'threads']);
    expect(endpoints.length).toBeGreaterThanOrEqual(43);
    expect(new Set(endpoints.map(([name]) => name)).size).toBe(endpoints.length);
  });
  it('pages by tokens wherever there are pages', () => {
    for (const [name, { parameters, pagination }] of endpoints) {
      const expected = parameters.pageToken && {
        style: 'cursor',
        parameter: 'pageToken',
        next: 'nextPageToken',
        size_parameter: 'maxResults',
      };
      expect(pagination, name).toEqual(expected);
    }
  });
  it('marks as destructive what cannot be undone, and nothing else', () => {
    const destructive = endpoints.filter(([, one]) => one.destructive ?? one.method === 'DELETE').map(([name]) => name);
    expect(destructive.sort()).toEqual([
      'batch_delete_messages',
      'delete_draft',
      'delete_filter',
      'delete_label',
      'delete_message',
      'delete_thread',
      'update_draft',
      'update_send_as',
      'update_vacation',
    ]);
  });
  it('says that a scope includes another only where it opens every call of the other', ({ skip }) => {
    if (!source) return skip('the description is no part of the repository, and not on this machine');
    const operations = Object.values(readDescription(source.text).paths).flatMap((item) => methods.flatMap((method) => item[method] ?? []));
    const opened = (scope: string) => operations.filter((one) => one.scopes?.includes(scope)).map((one) => one.operationId);
    const claims = Object.entries(scopes).flatMap(([scope, { implies = [] }]) => implies.map((implied) => [scope, implied] as const));
    expect(claims.length).toBeGreaterThan(0);
    for (const [scope, implied] of claims)
      expect(opened(scope), `${scope} includes ${implied}`).toEqual(expect.arrayContaining(opened(implied)));
  });
});

describe('the check itself', () => {
  it.each<[kind: string, endpoint: string, needs: Endpoint['provider_scopes'], fault: string]>([
    ['a scope too few', 'get_message', ['https://mail.google.com/'], 'the first need is not what Google accepts'],
    ['no scope', 'get_message', undefined, 'the first need is not what Google accepts'],
    [
      'a scope that opens no account',
      'update_vacation',
      ['https://www.googleapis.com/auth/gmail.settings.basic'],
      'what it asks for by itself does not let the account be named',
    ],
    [
      'a need that Google does not have',
      'delete_message',
      ['https://mail.google.com/', 'https://www.googleapis.com/auth/gmail.labels'],
      'a further need is not that of the call that names the account',
    ],
  ])('reports %s', (_, name, needs, fault) => {
    const endpoint = requireEndpoint(name);
    expect(listScopeFaults(endpoint)).toEqual([]);
    endpoint.provider_scopes = needs;
    expect(listScopeFaults(endpoint)).toContain(fault);
  });

  const query = (more: Partial<Parameter>): Parameter => ({ in: 'query', type: 'string', description: 'Made up.', ...more });

  it('reads a description by itself, wherever Google’s files are', () => {
    const made: Discovery = {
      title: 'Notes',
      version: 'v9',
      rootUrl: 'https://notes.example/',
      parameters: { alt: { type: 'string', location: 'query' } },
      schemas: {
        Note: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            words: { type: 'string', annotations: { required: ['notes.write'] } },
            inner: { $ref: 'Note' },
          },
        },
      },
      resources: {
        notes: {
          methods: {
            write: {
              id: 'notes.write',
              httpMethod: 'POST',
              path: 'v9/{userId}/notes',
              request: { $ref: 'Note' },
              parameters: {
                userId: { type: 'string', location: 'path', required: true },
                tags: { type: 'string', location: 'query', repeated: true },
                since: { type: 'string', location: 'query', description: 'Required. From when on.' },
              },
            },
          },
        },
      },
    };
    const endpoint: Endpoint = {
      method: 'POST',
      path: '/v9/{userId}/notes',
      description: 'Made up.',
      answer: 'Made up.',
      example: {},
      parameters: {
        userId: { in: 'path', type: 'string', required: true, description: 'Made up.' },
        tags: query({ type: 'array', items: { type: 'string' } }),
        since: query({ required: true }),
        words: { in: 'body', as: '/inner/words', type: 'string', description: 'Made up.' },
      },
      body: { encoding: 'json', constants: { words: 'Hello.' } },
      omits: { id: 'Not wanted.', '/inner/id': 'Not wanted.', '/inner/inner': 'Not wanted.' },
    };
    const document = fromDiscovery(made);
    expect(listFaults(document, endpoint, { omits: { alt: 'Not wanted.' } })).toEqual([]);
    expect(listFaults(document, endpoint)).toEqual(['query alt: is neither sent nor omitted']);
    endpoint.parameters = { userId: endpoint.parameters.userId!, tags: query({}), since: query({}), inner: query({}) };
    endpoint.body = undefined;
    endpoint.omits = { id: 'Not wanted.', '/inner/id': 'Not wanted.' };
    expect(listFaults(document, endpoint, { omits: { alt: 'Not wanted.' } })).toEqual([
      'query tags: may not be string',
      'query inner: is not documented',
      'query since: is required there',
      'body words: is neither sent nor omitted',
      'body inner: is neither sent nor omitted',
      'omits /inner/id: is not documented',
    ]);
  });

  it('gives each segment a name where a path has one name for several, and leaves other paths as they are', () => {
    const get = { id: 'people.get', httpMethod: 'GET', parameters: { resourceName: { type: 'string', location: 'path', required: true } } };
    const read = (path: string, flatPath?: string) =>
      fromDiscovery({
        title: 'People',
        version: 'v1',
        rootUrl: 'https://people.example/',
        methods: { get: { ...get, path, ...(flatPath === undefined ? {} : { flatPath }) } },
      }).paths;
    const names = (paths: ReturnType<typeof read>) =>
      Object.entries(paths).map(([path, { get: found }]) => [path, ...(found?.parameters ?? []).map((one) => 'name' in one && one.name)]);
    expect(names(read('v1/{+resourceName}:copy', 'v1/people/{peopleId}/mails/{mailsId}:copy'))).toEqual([
      ['/v1/people/{peopleId}/mails/{mailsId}:copy', 'peopleId', 'mailsId'],
    ]);
    expect(names(read('v1/{+resourceName}'))).toEqual([['/v1/{resourceName}', 'resourceName']]);
    expect(names(read('v1/{resourceName}', 'v1/{resourceName}'))).toEqual([['/v1/{resourceName}', 'resourceName']]);
  });
});
