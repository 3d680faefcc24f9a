/** Own integrations as files, and what a person is told who connects again to one that was changed. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { type Browser, browserEnv } from '../people/browser.ts';
import { addUser, makeKey, signedIn } from '../people/person.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let upstream: Upstream;
let browser: Browser;
let key: string;

beforeAll(async () => {
  upstream = await Upstream.start();
  upstream.json('{}');
  server = await startTestServer({
    allowCallers: [`127.0.0.1:${upstream.port}`],
    env: { ...browserEnv, SKILLETT_SIGN_UP: 'invited', SKILLETT_OUTBOUND_ALLOW: `127.0.0.1:${upstream.port},127.0.0.1:1` },
  });
  const ada = await addUser(server);
  await server.gateway.db.updateTable('users').set({ plan: 'unlimited' }).where('id', '=', ada).execute();
  browser = await signedIn(server, ada);
  key = await makeKey(browser);
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

const operation = (tag: string, operationId: string) => ({ get: { operationId, tags: [tag] } });
const describing = (origin: string, more: object = {}) =>
  JSON.stringify({
    openapi: '3.0.3',
    info: { title: 'Acme', version: '1' },
    servers: [{ url: origin }],
    paths: { '/a': operation('recipe', 'listAs'), '/b': operation('Notes', 'listBs'), '/c': operation('answers', 'listCs') },
    ...more,
  });
const secured = { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } } };
const importing = async (slug: string, document: string, field = 'importIntegration') => {
  const query = `mutation ($slug: String!, $document: String) { it: ${field}(slug: $slug, document: $document) { import { status } endedConnections } }`;
  return (await server.graphql(query, { slug, document }, { authorization: key })).json;
};
const exporting = async (slug: string, authorization = key) =>
  (await server.graphql('query ($slug: String!) { exportIntegration(slug: $slug) { filePath content } }', { slug }, { authorization }))
    .json;

async function loadFiles(slug: string, files: { filePath: string; content: string }[]) {
  const { folder, remove } = await makeFolder();
  await mkdir(path.join(folder, slug));
  for (const { filePath, content } of files) await writeFile(path.join(folder, filePath), content);
  return loadCatalogue({ bundledFolder: folder, extraFolder: undefined, integrations: new Map() }).finally(remove);
}

it('the files of an export load as a recipe', async () => {
  await importing('files', describing(upstream.origin));
  const files: { filePath: string; content: string }[] = (await exporting('files')).data.exportIntegration;
  expect(files.map(({ filePath }) => filePath)).toEqual([
    'files/recipe.json',
    'files/api-recipe.json',
    'files/notes.json',
    'files/api-answers.json',
  ]);
  const catalogue = await loadFiles('files', files);
  expect([...(catalogue.find('files')?.endpoints.keys() ?? [])].sort()).toEqual(['list_as', 'list_bs', 'list_cs']);
});

it.each([
  ['a token', { token: { type: 'http', scheme: 'bearer' } }],
  ['a key', { key: { type: 'apiKey', in: 'header', name: 'x-key' } }],
  ['a password', { basic: { type: 'http', scheme: 'basic' } }],
])(
  'the files of one that is connected by %s are refused with what is missing, and load once `verify` says whose account it is',
  async (what, securitySchemes) => {
    const slug = `by_${what.split(' ')[1]}`;
    await importing(slug, describing(upstream.origin, { components: { securitySchemes } }));
    const files: { filePath: string; content: string }[] = (await exporting(slug)).data.exportIntegration;
    await expect(loadFiles(slug, files)).rejects.toThrow(/recipe\.json.*`verify`/);
    const verify = { path: '/a', account: { id: 'id', label: 'name' } };
    const added = files.map(({ filePath, content }) => ({
      filePath,
      content: filePath.endsWith('/recipe.json') ? JSON.stringify({ ...JSON.parse(content), verify }) : content,
    }));
    expect((await loadFiles(slug, added)).find(slug)?.recipe.verify).toMatchObject(verify);
  },
);

it('what an import says of answers warns of unknown names, makes typed fields, and goes along with its files', async () => {
  const note = { type: 'object', properties: { title: { type: 'string' }, size: { type: 'integer', format: 'int32' } } };
  const content = { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Note' } } } };
  const paths = {
    '/notes': { get: { operationId: 'listNotes', tags: ['Notes'], responses: { 200: { description: 'Notes.', content } } } },
  };
  await importing('shaped', describing(upstream.origin, { paths, components: { schemas: { Note: note } } }));
  upstream.json('[{"title":"Ask","size":3}]');
  const body = { params: {}, select: '[].{a: titel, b: title}' };
  const { json } = await server.request('POST', '/v1/shaped/list_notes', { authorization: key, body });
  expect(json).toEqual({
    status: 200,
    data: [{ a: null, b: 'Ask' }],
    select_warning: expect.stringContaining('"titel" is not known of an object (Note); did you mean "title"?'),
  });
  const described = await server.request('GET', '/v1/skills/shaped/list_notes', { authorization: key });
  expect(described.json.answer_fields).toEqual([
    { path: '[].title', type: 'string' },
    { path: '[].size', type: 'int' },
  ]);
  const graph = async (fields: string) =>
    (await server.graphql(`{ shaped { list_notes { ${fields} } } }`, undefined, { authorization: key })).json;
  expect(await graph('title size')).toMatchObject({ data: { shaped: { list_notes: [{ title: 'Ask', size: 3 }] } } });
  expect((await graph('titel')).errors[0].message).toContain('Cannot query field "titel" on type "Shaped_Note". Did you mean "title"');

  const files: { filePath: string; content: string }[] = (await exporting('shaped')).data.exportIntegration;
  expect(files.map(({ filePath }) => filePath)).toEqual(['shaped/recipe.json', 'shaped/notes.json', 'shaped/answers.json']);
  expect((await loadFiles('shaped', files)).find('shaped')?.answers).toEqual({
    shapes: { Note: { title: 'string', size: 'int' } },
    returns: { list_notes: 'Note[]' },
  });
});

it('they are given to their owner alone, by a key that may import', async () => {
  await importing('mine', describing(upstream.origin));
  const eve = await makeKey(await signedIn(server, await addUser(server)));
  expect((await exporting('mine', eve)).errors[0].extensions.code).toBe('not_found');
  expect((await exporting('mine', await makeKey(browser, ['mine']))).errors[0].extensions.code).toBe('forbidden');
  expect((await exporting('github')).errors[0].extensions.code).toBe('not_found');
});

it('whoever connects again is told on the page where requests went, and where they go now', async () => {
  const link = async () => {
    const { json } = await server.request('POST', '/v1/connect', { authorization: key, body: { integration: 'moved' } });
    return json.oauth_url as string;
  };
  await importing('moved', describing(upstream.origin, secured));
  const credentials = { token: 'the-secret' };
  await server.request('POST', '/v1/connect', { authorization: key, body: { integration: 'moved', credentials } });
  expect((await browser.open(await link())).text).not.toContain('was changed');
  const changed = await importing('moved', describing('http://127.0.0.1:1', secured), 'updateIntegration');
  expect(changed.data.it.endedConnections).toBe(1);
  const page = (await browser.open(await link())).text;
  expect(page).toContain(`its requests go to http://127.0.0.1:1 now, and went to ${upstream.origin}`);
  await server.request('POST', '/v1/connect', { authorization: key, body: { integration: 'moved', credentials } });
  expect((await browser.open(await link())).text).not.toContain('was changed');
});
