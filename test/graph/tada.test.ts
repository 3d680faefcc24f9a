/** gql.tada on the schema of the route: what it makes types a document with typed fields, which compiles, runs, and refuses what is wrong. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GithubStand, startGithubStand } from './github-stand.ts';

const root = path.resolve(import.meta.dirname, '../..');
const workspace = path.join(root, 'test/typed-client');

let stand: GithubStand;
/** Inside the repository, so that packages are found from there. */
let folder: string;
beforeAll(async () => {
  stand = await startGithubStand();
  await mkdir(path.join(workspace, 'dist'), { recursive: true });
  folder = await mkdtemp(path.join(workspace, 'dist/graph-'));
  const { text } = await stand.server.request('GET', '/graphql/schema?integrations=github');
  const introspection = minifyIntrospection(introspectionFromSchema(buildSchema(text), { descriptions: false }));
  await writeFile(
    path.join(folder, 'graph-env.d.ts'),
    outputIntrospectionFile(introspection, { fileType: '.d.ts', shouldPreprocess: true }),
  );
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(async () => {
  await stand.close();
  await rm(folder, { recursive: true });
});

/** Throws what the compiler says. */
function compile(file: string): void {
  const settings =
    '--ignoreConfig --strict --skipLibCheck --target es2024 --module nodenext --allowImportingTsExtensions --rewriteRelativeImportExtensions';
  try {
    execFileSync(path.join(root, 'node_modules/.bin/tsc'), [file, ...settings.split(' ')], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout);
  }
}

it('types a document with typed fields, which gets what its types say', async () => {
  await cp(path.join(workspace, 'graph-client.ts'), path.join(folder, 'graph-client.ts'));
  compile('graph-client.ts');
  const { useGraph } = await import(pathToFileURL(path.join(folder, 'graph-client.js')).href);
  expect(await useGraph(stand.server.url, stand.server.key)).toEqual({
    kind: 'API_KEY',
    title: 'Found a bug',
    labels: ['bug'],
    pulls: [1347],
  });
});

it('says what is wrong where a field is read that was not selected', async () => {
  const text = await readFile(path.join(workspace, 'graph-client.ts'), 'utf8');
  await writeFile(path.join(folder, 'wrong.ts'), text.replace('github?.get_issue?.title;', 'github?.get_issue?.titel;'));
  expect(() => compile('wrong.ts')).toThrow("Property 'titel' does not exist");
});
