/** Integrations of the tests, as an operator adds them: folders of JSON, whose service is an upstream on loopback. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const title = { in: 'body', type: 'string', description: 'Its title.', examples: ['x'] };
const write = {
  method: 'POST',
  path: '/things',
  description: 'Makes a thing.',
  parameters: { title },
  answer: 'It.',
  example: { title: 'x' },
};

export const recipeOf = (slug: string, more: object = {}) => ({
  slug,
  name: `${slug[0]?.toUpperCase()}${slug.slice(1)}`,
  version: '1.0.0',
  description: 'A service of the tests.',
  category: 'tests',
  documentation_url: 'https://desk.example/docs',
  base_url: 'https://api.desk.example',
  auth: [{ type: 'none' }],
  ...more,
});

const things = {
  resource: 'things',
  description: 'Things.',
  endpoints: {
    list_things: {
      method: 'GET',
      path: '/things',
      description: 'Lists things.',
      parameters: { q: { in: 'query', type: 'string', description: 'What to look for.', examples: ['x'] } },
      answer: 'Things.',
      example: {},
    },
    create_thing: write,
    create_quickly: { ...write, path: '/things/quick', description: 'Makes a thing within a second.', timeout_ms: 1_000 },
  },
};

/** Integrations `desk`, `bank` with an idempotency header of its own, and `safe`, which needs a token. */
export async function writeRecipes(folder: string): Promise<void> {
  for (const [slug, more] of [
    ['desk', {}],
    ['bank', { idempotency_header: 'Idempotency-Key' }],
    ['safe', { auth: [{ type: 'bearer', how: 'Make one.' }], verify: { path: '/me', account: { id: 'id', label: 'login' } } }],
  ] as const) {
    await mkdir(path.join(folder, slug), { recursive: true });
    await writeFile(path.join(folder, slug, 'recipe.json'), JSON.stringify(recipeOf(slug, more)));
    await writeFile(path.join(folder, slug, 'things.json'), JSON.stringify(things));
  }
}

/** The settings that lead those integrations to a service of the test. */
export function baseUrls(origin: string): Record<string, string> {
  return { SKILLETT_DESK_BASE_URL: origin, SKILLETT_BANK_BASE_URL: origin, SKILLETT_SAFE_BASE_URL: origin };
}
