/** Gmail's endpoints against Google's own description of the service. */
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import type { Parameter } from '../../src/domains/recipes/format/parameter.ts';
import { type Discovery, listMethods, listScopes, type Reading, toOpenApi } from './google-discovery.ts';
import { readDescription } from './named-parameters.ts';
import { listFaults, type OpenApi } from './openapi-faults.ts';
import { readRecipe } from './read-recipe.ts';

const file = 'google-gmail/gmail__v1.json';
const discovery = readDescription(file) as Discovery | undefined;
const skipped = discovery ? '' : ` (skipped: Google's description ${file} is not here, since it is no part of the repository)`;
const reading: Reading = { basePath: '/gmail/v1', constants: { userId: 'me' } };
const openApi: OpenApi = discovery ? toOpenApi(discovery, reading) : { paths: {} };

const { recipe, resources, endpoints, requireEndpoint } = readRecipe('gmail');
const oauth2 = recipe.auth.find((auth) => auth.type === 'oauth2');
const scopes = oauth2?.scopes ?? {};

/** Scopes of the recipe with which Google lets the call through. */
function listAccepted(endpoint: { method: string; path: string }): string[] {
  return listScopes(discovery as Discovery, reading, endpoint).filter((scope) => scope in scopes);
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

describe.skipIf(!discovery).each(endpoints)(`gmail.%s${skipped}`, (_, endpoint) => {
  it('agrees with what Google documents', () => {
    expect(listFaults(openApi, endpoint, recipe.omits)).toEqual([]);
  });
  it('asks for scopes that Google accepts, and with which the account can be named', () => {
    expect(listScopeFaults(endpoint)).toEqual([]);
  });
});

describe('the gmail recipe', () => {
  it('holds its endpoints in five categories, under names of their own', () => {
    expect(resources.map((one) => one.resource).sort()).toEqual(['account', 'drafts', 'labels', 'messages', 'threads']);
    expect(endpoints.length).toBeGreaterThanOrEqual(36);
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
      'update_vacation',
    ]);
  });
  it.skipIf(!discovery)(`says that a scope includes another only where it opens every call of the other${skipped}`, () => {
    const opened = (scope: string) =>
      listMethods(discovery as Discovery)
        .filter((method) => method.scopes?.includes(scope))
        .map((method) => method.id);
    const claims = Object.entries(scopes).flatMap(([scope, { implies = [] }]) => implies.map((implied) => [scope, implied] as const));
    expect(claims.length).toBeGreaterThan(0);
    for (const [scope, implied] of claims)
      expect(opened(scope), `${scope} includes ${implied}`).toEqual(expect.arrayContaining(opened(implied)));
  });
});

const query = (more: Partial<Parameter>): Parameter => ({ in: 'query', type: 'string', description: 'Made up.', ...more });

describe('the check itself', () => {
  it.skipIf(!discovery).each<[kind: string, endpoint: string, change: (endpoint: Endpoint) => void, fault: string]>([
    ['an unknown path', 'get_message', (e) => (e.path += 's'), 'GET /users/me/messages/{id}s: is not documented'],
    ['an unknown method', 'get_message', (e) => (e.method = 'PUT'), 'PUT /users/me/messages/{id}: is not documented'],
    ['another template name', 'get_label', (e) => (e.path = '/users/me/labels/{label}'), 'GET /users/me/labels/{label}: is not documented'],
    ['an unfilled path name', 'get_message', (e) => delete e.parameters.id, 'path id: is neither sent nor omitted'],
    ['an unknown parameter', 'list_messages', (e) => (e.parameters.sort = query({})), 'query sort: is not documented'],
    ['a wrong place', 'send_draft', (e) => (e.parameters.id!.in = 'query'), 'query id: is not documented'],
    ['a wrong type', 'list_messages', (e) => (e.parameters.maxResults!.type = 'string'), 'query maxResults: may not be string'],
    ['another default', 'list_messages', (e) => (e.parameters.maxResults!.default = 50), 'query maxResults: the documented default is 100'],
    ['one value where a list is', 'list_messages', (e) => (e.parameters.labelIds!.type = 'string'), 'query labelIds: may not be string'],
    ['an unknown value', 'get_thread', (e) => e.parameters.format!.enum!.push('raw'), 'query format: raw is not a documented value'],
    [
      'a wrong property inside',
      'create_label',
      (e) => (e.parameters.color!.properties!.border = { type: 'string' }),
      'body color.border: is not documented',
    ],
    [
      'a required parameter that may be missing',
      'list_history',
      (e) => delete e.parameters.startHistoryId!.required,
      'query startHistoryId: is required there',
    ],
    ['a required property that may be missing', 'create_label', (e) => delete e.parameters.name!.required, 'body name: is required there'],
    ['a forgotten parameter', 'list_messages', (e) => delete e.parameters.q, 'query q: is neither sent nor omitted'],
    ['a forgotten property', 'update_vacation', (e) => delete e.parameters.endTime, 'body endTime: is neither sent nor omitted'],
    ['a mail at a wrong place', 'create_draft', (e) => (e.body!.mail_at = '/message/mail'), 'body message mail: is not documented'],
    [
      'a mail that is missing',
      'create_draft',
      (e) => (e.body!.mail_at = '/message/payload'),
      'body message raw: is neither sent nor omitted',
    ],
    ['a mail outside its message', 'create_draft', (e) => (e.body!.mail_at = '/raw'), 'body raw: is not documented'],
    [
      'a forgotten property beside the mail',
      'create_draft',
      (e) => delete e.parameters.threadId,
      'body message threadId: is neither sent nor omitted',
    ],
    ['an omission of nothing', 'get_message', (e) => (e.omits = { loud: 'Not wanted.' }), 'omits loud: is not documented'],
    ['an omission of what is sent', 'create_draft', (e) => (e.omits!['/message/raw'] = 'Not wanted.'), 'omits /message/raw: is sent'],
  ])(`reports %s${skipped}`, (_, name, change, fault) => {
    const endpoint = requireEndpoint(name);
    expect(listFaults(openApi, endpoint, recipe.omits)).toEqual([]);
    change(endpoint);
    expect(listFaults(openApi, endpoint, recipe.omits)).toContain(fault);
  });

  it.skipIf(!discovery).each<[kind: string, endpoint: string, needs: Endpoint['provider_scopes'], fault: string]>([
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
  ])(`reports %s${skipped}`, (_, name, needs, fault) => {
    const endpoint = requireEndpoint(name);
    expect(listScopeFaults(endpoint)).toEqual([]);
    endpoint.provider_scopes = needs;
    expect(listScopeFaults(endpoint)).toContain(fault);
  });

  it('reads a description by itself, wherever Google’s files are', () => {
    const made: Discovery = {
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
      path: '/me/notes',
      description: 'Made up.',
      answer: 'Made up.',
      example: {},
      parameters: {
        tags: query({ type: 'array', items: { type: 'string' } }),
        since: query({ required: true }),
        words: { in: 'body', as: '/inner/words', type: 'string', description: 'Made up.' },
      },
      body: { encoding: 'json', constants: { words: 'Hello.' } },
      omits: { id: 'Not wanted.', '/inner/id': 'Not wanted.', '/inner/inner': 'Not wanted.' },
    };
    const document = toOpenApi(made, { basePath: '/v9', constants: { userId: 'me' } });
    expect(listFaults(document, endpoint, { alt: 'Not wanted.' })).toEqual([]);
    expect(listFaults(document, endpoint)).toEqual(['query alt: is neither sent nor omitted']);
    endpoint.parameters = { tags: query({}), since: query({}), inner: query({}) };
    endpoint.body = undefined;
    endpoint.omits = { id: 'Not wanted.', '/inner/id': 'Not wanted.' };
    expect(listFaults(document, endpoint, { alt: 'Not wanted.' })).toEqual([
      'query tags: may not be string',
      'query inner: is not documented',
      'query since: is required there',
      'body words: is neither sent nor omitted',
      'body inner: is neither sent nor omitted',
      'omits /inner/id: is not documented',
    ]);
  });
});
