/** Endpoints drafted from descriptions. */
import { expect, it } from 'vitest';
import { listFaults } from '../../scripts/recipes/faults.ts';
import { readSources } from '../../scripts/recipes/folders.ts';
import { endpoint as endpointFormat } from '../../src/domains/recipes/format/format.ts';
import { listDrafts } from '../../src/domains/recipes/import/draft-endpoint.ts';
import { nameEndpoint, nameParameter } from '../../src/domains/recipes/import/names.ts';
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';

const letters = {
  openapi: '3.1.0',
  info: { title: 'Letters', version: '1' },
  paths: {
    '/letters/{letter-id}': {
      parameters: [{ in: 'path', name: 'letter-id', required: true, schema: { type: 'integer', minimum: 1 } }],
      post: {
        operationId: 'sendLetter',
        description: 'Sends it.',
        parameters: [
          { in: 'query', name: 'tags', style: 'form', explode: false, schema: { type: 'array', items: { type: 'string' } } },
          { in: 'query', name: 'ids[]', schema: { type: 'array', items: { type: 'integer' } } },
          { in: 'query', name: 'where', style: 'deepObject', schema: { type: 'object', properties: { city: { type: 'string' } } } },
          { in: 'query', name: 'with', style: 'deepObject', explode: true, schema: { type: 'array', items: { type: 'string' } } },
          { in: 'header', name: 'Accept', schema: { type: 'string' } },
          { in: 'cookie', name: 'crumb', schema: { type: 'string' } },
        ],
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['text', 'id'],
                properties: {
                  id: { type: 'string', readOnly: true },
                  text: { type: ['string', 'null'], maxLength: 80, description: 'Their sentence.' },
                  tags: { type: 'string', enum: ['a', 'b'], default: 'a' },
                  to: { oneOf: [{ type: 'integer' }, { type: 'string', format: 'email' }] },
                },
              },
            },
          },
        },
      },
    },
    '/letters': { get: {}, post: { requestBody: { content: { 'text/csv': { schema: { type: 'string' } } } } } },
    '/letters/bulk': {
      post: {
        requestBody: {
          content: {
            'application/x-www-form-urlencoded': {
              schema: {
                type: 'object',
                properties: { letters: { type: 'array', items: { type: 'object', properties: { text: { type: 'string' } } } } },
              },
            },
          },
        },
      },
    },
  },
};

it('hold places, types, bounds and styles, no sentence, and say what they leave out', () => {
  const [send, list, create, bulk] = listDrafts(readDescription(JSON.stringify(letters)));
  expect(send?.draft).toEqual({
    name: 'send_letter',
    endpoint: {
      method: 'POST',
      path: '/letters/{letter_id}',
      description: '',
      answer: '',
      example: {},
      body: { encoding: 'json' },
      parameters: {
        tags: { in: 'query', type: 'array', items: { type: 'string' }, array_style: 'comma', description: '' },
        ids: { in: 'query', type: 'array', items: { type: 'integer' }, array_style: 'brackets', description: '' },
        where: { in: 'query', type: 'object', properties: { city: { type: 'string' } }, object_style: 'brackets', description: '' },
        with: { in: 'query', type: 'array', items: { type: 'string' }, array_style: 'brackets', description: '' },
        letter_id: { in: 'path', type: 'integer', minimum: 1, required: true, description: '' },
        text: { in: 'body', type: ['string', 'null'], maxLength: 80, required: true, description: '' },
        tags_in_body: { in: 'body', type: 'string', enum: ['a', 'b'], default: 'a', as: 'tags', description: '' },
        to: { in: 'body', type: ['integer', 'string'], format: 'email', description: '' },
      },
    },
    losses: ['cookie crumb: cookies are not sent'],
  });
  expect([list?.draft.name, list?.draft.losses]).toEqual(['list_letters', []]);
  expect([create?.draft.name, create?.draft.losses]).toEqual(['create_letters', ['body: of type text/csv is not drafted']]);
  expect(bulk?.draft.endpoint.parameters).toEqual({
    letters: {
      in: 'body',
      type: 'array',
      items: { type: 'object', properties: { text: { type: 'string' } } },
      object_style: 'brackets',
      array_style: 'indexed',
      description: '',
    },
  });
  // What its author has not written yet keeps it from being loaded.
  expect(endpointFormat.safeParse(send?.draft.endpoint).success).toBe(false);
});

it('agree with the description that they were made of, for 19 of 20 operations of GitHub, and are of the format when they are written', () => {
  const openApi = readDescription(
    readSources({ source: { package: '@octokit/openapi', file: 'generated/api.github.com.json' } })![0]!.text,
  );
  const drafts = listDrafts(openApi);
  expect(drafts.length).toBeGreaterThan(1_000);
  expect(new Set(drafts.map(({ draft }) => draft.name)).size).toBe(drafts.length);
  const written = drafts.map(({ place, draft }) => {
    const text = JSON.stringify(draft.endpoint, (key, value) =>
      ['description', 'answer'].includes(key) && value === '' ? 'Made up.' : value,
    );
    const endpoint = endpointFormat.parse(JSON.parse(text));
    const faults = listFaults(openApi, { ...endpoint, path: place.split(' ')[1] as string });
    return faults.filter((fault) => !fault.endsWith('is deprecated'));
  });
  expect(written.filter((faults) => faults.length === 0).length).toBeGreaterThan(drafts.length * 0.95);
});

it('lose no parameter whose name is another one in ours', () => {
  const properties = { '+1': { type: 'integer' }, '-1': { type: 'integer' }, '(1)': { type: 'integer' }, value_1: { type: 'string' } };
  const paths = { '/votes': { post: { requestBody: { content: { 'application/json': { schema: { type: 'object', properties } } } } } } };
  const [only] = listDrafts(readDescription(JSON.stringify({ openapi: '3.0.0', info: {}, paths })));
  const { parameters } = only!.draft.endpoint;
  expect(Object.entries(parameters).map(([name, { as }]) => [name, as])).toEqual([
    ['value_1', '+1'],
    ['value_1_in_body', '-1'],
    ['value_1_in_body_2', '(1)'],
    ['value_1_in_body_3', 'value_1'],
  ]);
});

it('are written as deep as there is room for, and open below', () => {
  const members = (count: number, schema: object) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, schema]));
  const draftOf = (Node: object) => {
    const schema = { $ref: '#/components/schemas/Node' };
    const paths = { '/nodes': { post: { requestBody: { content: { 'application/json': { schema } } } } } };
    const [only] = listDrafts(readDescription(JSON.stringify({ openapi: '3.0.0', info: {}, paths, components: { schemas: { Node } } })));
    return only!.draft;
  };
  const narrow = draftOf({ type: 'object', properties: members(1, { $ref: '#/components/schemas/Node' }) });
  expect(narrow.losses).toEqual(['body m0.m0.m0.m0.m0.m0: has further members, and is left open']);
  const wide = draftOf({ type: 'object', properties: members(30, { $ref: '#/components/schemas/Node' }) });
  expect(Object.keys(wide.endpoint.parameters)).toHaveLength(30);
  expect(JSON.stringify(wide.endpoint).length).toBeLessThan(100_000);
  expect(wide.losses[0]).toBe('body m0.m0: has further members, and is left open');
});

it.each([
  ['GET', '/repos/{owner}/{repo}/pulls', 'pulls/list', 'list_pulls'],
  ['GET', '/v1/users/{userId}/messages', 'gmail.users.messages.list', 'list_users_messages'],
  ['GET', '/issues/{id}', 'getIssue', 'get_issue'],
  ['GET', '/issues/{id}', undefined, 'get_issues'],
  ['GET', '/issues', 'issues', 'list_issues'],
  ['PATCH', '/users/{id}/email-addresses', undefined, 'update_users_email_addresses'],
  ['DELETE', '/XMLFiles/{id}', 'deleteXMLFile', 'delete_xml_file'],
] as const)('are named by verb and noun: %s %s (%s)', (method, place, operationId, name) => {
  expect(nameEndpoint({ method, path: place, operationId })).toBe(name);
});

it('have names of at most 40 characters that stay apart, and of parameters those that can be one', () => {
  const long = (last: string) =>
    nameEndpoint({ method: 'GET', path: '/', operationId: `listEverythingThatEveryoneEverSentToAnybody${last}` });
  expect([long('Here').length, long('There').length]).toEqual([40, 40]);
  expect(long('Here')).not.toBe(long('There'));
  expect(long('Here')).toBe(long('Here'));
  expect(['+1', '$.xgafv', 'page[size]', 'Content-ID', 'ok_Name', '数'].map(nameParameter)).toEqual([
    expect.stringMatching(/^value_1$/),
    'xgafv',
    'page_size',
    'content_id',
    'ok_Name',
    expect.stringMatching(/^value_[0-9a-f]{6}$/),
  ]);
});
