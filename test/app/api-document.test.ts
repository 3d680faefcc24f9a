import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readSettings } from '../../scripts/api-tables.ts';
import { readConfig } from '../../src/core/config/config.ts';

const root = path.resolve(import.meta.dirname, '../..');
const example = await readFile(path.join(root, '.env.example'), 'utf8');
const listed = readSettings(example).flatMap(({ names }) => names);

/** What readConfig asks the environment for. */
function listRead(): string[] {
  const asked = new Set<string>();
  readConfig(
    new Proxy({} as Record<string, string>, {
      get: (_env, name) => {
        asked.add(String(name));
        return undefined;
      },
    }),
  );
  return [...asked];
}

it('.env.example holds every setting that is read, once, each with what it means', () => {
  const read = listRead();
  expect(read.length).toBeGreaterThan(15);
  expect(read.filter((name) => !listed.includes(name))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
  for (const { names, meaning } of readSettings(example)) {
    expect(names.length, meaning).toBeGreaterThan(0);
    expect(meaning, names.join()).toMatch(/\w.*\.$/);
  }
});

it('.env.example holds nothing else, and every line of it is one that is taken', () => {
  const env = Object.fromEntries([...example.matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  expect(Object.keys(env)).toEqual(listed);
  const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('base64');
  const { integrations, ...rest } = readConfig({ ...env, SKILLETT_MASTER_KEY: key });
  expect(integrations.get('github')).toEqual({
    baseUrl: 'https://github.example.org/api/v3',
    authorizeUrl: 'https://github.example.org/login/oauth/authorize',
    tokenUrl: 'https://github.example.org/login/oauth/access_token',
  });
  const { integrations: _none, ...defaults } = readConfig({});
  expect(rest).toEqual({ ...defaults, databaseUrl: env.DATABASE_URL, masterKeys: [Buffer.from(key, 'base64')] });
  const read = listRead();
  expect(
    listed.filter((name) => !read.includes(name) && !name.startsWith('SKILLETT_GITHUB_') && !name.startsWith('SKILLETT_SIGN_IN_')),
  ).toEqual([]);
});

it('every section of docs/api.md that a comment names is there', async () => {
  const headings = [...(await readFile(path.join(root, 'docs/api.md'), 'utf8')).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  const { globSync } = await import('node:fs');
  const cited = await Promise.all(
    globSync('src/**/*.ts', { cwd: root }).map(async (file) =>
      [...(await readFile(path.join(root, file), 'utf8')).matchAll(/docs\/api\.md,? \(?"([^"]+)"/g)].map(
        ([, heading]) => heading as string,
      ),
    ),
  );
  expect(cited.flat().length).toBeGreaterThan(10);
  for (const heading of cited.flat()) expect(headings).toContain(heading);
});
