/** openapi-typescript and openapi-fetch on /openapi.json, in a workspace with the TypeScript 5 that the generator needs. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recipeOf } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

const workspace = path.resolve(import.meta.dirname, '../typed-client');
const letters = {
  resource: 'letters',
  description: 'Letters.',
  endpoints: {
    get_letter: {
      method: 'GET',
      path: '/letters/{id}',
      description: 'Gets a letter.',
      parameters: { id: { in: 'path', type: 'integer', required: true, description: 'Its number.' } },
      answer: 'It.',
      returns: { title: 'string', labels: 'string[]' },
      example: { id: 7 },
    },
  },
};

let server: TestServer;
let upstream: Upstream;
let removeRecipes: () => Promise<void>;
/** Inside the workspace, so that its packages are found from there. */
let folder: string;

beforeAll(async () => {
  const recipes = await makeFolder();
  removeRecipes = recipes.remove;
  await mkdir(path.join(recipes.folder, 'letters'));
  await writeFile(path.join(recipes.folder, 'letters/recipe.json'), JSON.stringify(recipeOf('letters')));
  await writeFile(path.join(recipes.folder, 'letters/letters.json'), JSON.stringify(letters));
  upstream = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_RECIPES: recipes.folder, SKILLETT_LETTERS_BASE_URL: upstream.origin } });
  await mkdir(path.join(workspace, 'dist'), { recursive: true });
  folder = await mkdtemp(path.join(workspace, 'dist/made-'));
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await removeRecipes();
  await rm(folder, { recursive: true });
});

function run(command: string, ...given: string[]): string {
  return execFileSync(path.join(workspace, 'node_modules/.bin', command), given, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

it('a typed client made of the document compiles, runs, and does not compile with a call that the gateway would refuse', async () => {
  const { text } = await server.request('GET', '/openapi.json?integrations=letters,github');
  await writeFile(path.join(folder, 'openapi.json'), text);
  run('openapi-typescript', 'openapi.json', '-o', 'api.d.ts');
  await cp(path.join(workspace, 'client.ts'), path.join(folder, 'client.ts'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  run(
    'tsc',
    'client.ts',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--allowImportingTsExtensions',
    '--rewriteRelativeImportExtensions',
  );

  upstream.json('{"title":"Hello","labels":["kept"]}');
  const { useClient } = await import(pathToFileURL(path.join(folder, 'client.js')).href);
  expect(await useClient(server.url, server.key)).toEqual({
    slugs: ['letters'],
    title: 'Hello',
    labels: ['kept'],
    refused: 'bad_request',
  });
});
