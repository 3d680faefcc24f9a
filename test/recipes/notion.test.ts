/** The recipe for Notion: the requests it makes. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';

const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');
const notion = (await loadCatalogue({ bundledFolder, extraFolder: undefined, integrations: new Map() })).find('notion')!;
const endpointOf = (name: string) => notion.endpoints.get(name)!;

const operations: Record<string, string> = {
  search: 'POST /v1/search',
  get_page: 'GET /v1/pages/{page_id}',
  create_page: 'POST /v1/pages',
  update_page: 'PATCH /v1/pages/{page_id}',
  get_page_property: 'GET /v1/pages/{page_id}/properties/{property_id}',
  get_database: 'GET /v1/databases/{database_id}',
  query_database: 'POST /v1/databases/{database_id}/query',
  create_database: 'POST /v1/databases',
  update_database: 'PATCH /v1/databases/{database_id}',
  get_block: 'GET /v1/blocks/{block_id}',
  list_block_children: 'GET /v1/blocks/{block_id}/children',
  append_block_children: 'PATCH /v1/blocks/{block_id}/children',
  update_block: 'PATCH /v1/blocks/{block_id}',
  delete_block: 'DELETE /v1/blocks/{block_id}',
  list_users: 'GET /v1/users',
  get_user: 'GET /v1/users/{user_id}',
  get_current_bot: 'GET /v1/users/me',
  list_comments: 'GET /v1/comments',
  create_comment: 'POST /v1/comments',
};

it('has exactly these endpoints', () => {
  expect([...notion.endpoints.keys()].sort()).toEqual(Object.keys(operations).sort());
});

const id = '59833787-2cf9-4fdf-8782-e53db20768a5';

it.each(Object.entries(operations))('notion.%s asks %s, by its example, and names the version', async (name, documented) => {
  const { spec } = endpointOf(name);
  expect(`${spec.method} /v1${spec.path}`).toBe(documented);
  const request = await prepareRequest(notion, endpointOf(name), spec.example);
  expect(request.url.split('?')[0]).toBe(
    `https://api.notion.com${documented
      .split(' ')[1]
      ?.replace('{property_id}', 'title')
      .replace(/\{\w+\}/, id)}`,
  );
  expect(request.headers['notion-version']).toBe('2022-06-28');
  expect(request.headers['content-type']).toBe(request.body === undefined ? undefined : 'application/json');
  expect(request.body === undefined).toBe(['GET', 'DELETE'].includes(request.method));
});

it('counts searches and queries as reads, though they are POSTs, and nothing else', () => {
  const reads = [...notion.endpoints.values()].filter((endpoint) => endpoint.readOnly && endpoint.spec.method !== 'GET');
  expect(reads.map((endpoint) => endpoint.name).sort()).toEqual(['query_database', 'search']);
});

const words = [{ type: 'text', text: { content: 'Hello' } }];
const title = { title: { title: [{ text: { content: 'Notes' } }] } };
const block = { object: 'block', type: 'paragraph', paragraph: { rich_text: words } };

it.each<[endpoint: string, params: object, target: string, body: object | undefined]>([
  ['search', {}, '/search', {}],
  [
    'search',
    { query: 'x', filter: { property: 'object', value: 'database' }, page_size: 5, start_cursor: 'c' },
    '/search',
    { query: 'x', filter: { property: 'object', value: 'database' }, start_cursor: 'c', page_size: 5 },
  ],
  [
    'query_database',
    { database_id: id, filter: { property: 'Done', checkbox: { equals: true } }, filter_properties: ['title', 'a%3A'], page_size: 5 },
    `/databases/${id}/query?filter_properties=title&filter_properties=a%253A`,
    { filter: { property: 'Done', checkbox: { equals: true } }, page_size: 5 },
  ],
  [
    'create_page',
    { parent: { page_id: id }, properties: title, children: [block] },
    '/pages',
    { parent: { page_id: id }, properties: title, children: [block] },
  ],
  ['update_page', { page_id: id, in_trash: true, icon: null }, `/pages/${id}`, { in_trash: true, icon: null }],
  ['get_page_property', { page_id: id, property_id: 'aB/D:' }, `/pages/${id}/properties/aB%2FD%3A`, undefined],
  ['append_block_children', { block_id: id, children: [block], after: id }, `/blocks/${id}/children`, { children: [block], after: id }],
  ['update_block', { block_id: id, to_do: { checked: true } }, `/blocks/${id}`, { to_do: { checked: true } }],
  ['list_comments', { block_id: id, page_size: 5 }, `/comments?block_id=${id}&page_size=5`, undefined],
  ['create_comment', { discussion_id: id, rich_text: words }, '/comments', { discussion_id: id, rich_text: words }],
])('writes %s as Notion documents it: %j', async (name, params, target, body) => {
  const request = await prepareRequest(notion, endpointOf(name), params);
  expect(request.url).toBe(`https://api.notion.com/v1${target}`);
  expect(request.body === undefined ? undefined : JSON.parse(request.body.toString())).toEqual(body);
});

it.each<[endpoint: string, params: object, place: string]>([
  ['get_page', { page_id: 'Roadmap' }, 'params.page_id'],
  ['get_page', { page_id: `https://www.notion.so/${id}` }, 'params.page_id'],
  ['search', { page_size: 101 }, 'params.page_size'],
  ['search', { filter: { property: 'object', value: 'block' } }, 'params.filter.value'],
  ['append_block_children', { block_id: id, children: [] }, 'params.children'],
  ['append_block_children', { block_id: id, children: Array.from({ length: 101 }, () => block) }, 'params.children'],
  ['create_page', { parent: { workspace: true }, properties: title }, 'params.parent.workspace'],
])('refuses for %s what Notion would: %j', async (name, params, place) => {
  const error = await Promise.resolve()
    .then(() => prepareRequest(notion, endpointOf(name), params))
    .then(
      () => expect.fail('was not refused'),
      (thrown) => thrown,
    );
  expect(error).toMatchObject({ code: 'bad_request', details: [{ path: place }] });
});

it('takes an id with hyphens and without', async () => {
  for (const written of [id, id.replaceAll('-', ''), id.toUpperCase()])
    expect((await prepareRequest(notion, endpointOf('get_page'), { page_id: written })).url).toContain(`/pages/${written}`);
});
