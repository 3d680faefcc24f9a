/** A sound recipe for tests to break, and folders of recipes to load. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Catalogue } from '../../src/domains/recipes/catalogue.ts';
import { loadCatalogue, RecipeFaults } from '../../src/domains/recipes/load.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests break recipes in every way, wrong types too
type Json = any;

/** A sound integration that uses every part of the format that can be checked against another part. */
export function soundRecipe() {
  const recipe: Json = {
    slug: 'letters',
    name: 'Letters',
    version: '1.2.0',
    description: 'Keeps letters.',
    category: 'mail',
    documentation_url: 'https://letters.example/docs',
    base_url: 'https://api.letters.example/v1',
    auth: [
      {
        type: 'oauth2',
        authorize_url: 'https://letters.example/authorize',
        token_url: 'https://letters.example/token',
        register: { url: 'https://letters.example/apps', how: 'Register an app.' },
        scopes: { write: { description: 'Write letters.' } },
      },
      {
        type: 'api_key',
        how: 'Ask for a key.',
        in: 'header',
        name: 'x-letters-key',
        fields: { team: { description: 'Team', query: 'team' } },
      },
    ],
    verify: { path: '/me', account: { id: 'id', label: 'email' } },
    guides: [{ file: 'guides/posting.md', title: 'Posting', description: 'How to post.' }],
    workflows: [{ name: 'Post', description: 'Write and post.', steps: [{ endpoint: 'create_letter', purpose: 'write' }] }],
  };
  const letters: Json = {
    resource: 'letters',
    description: 'Letters.',
    endpoints: {
      list_letters: {
        method: 'GET',
        path: '/{owner}/{box}/letters/{page_kind}',
        description: 'List letters.',
        query: { view: 'full' },
        parameters: {
          box: { in: 'path', split: '{owner}/{box}', type: 'string', description: 'Box as `owner/box`.', required: true },
          kind: {
            in: 'path',
            as: 'page_kind',
            type: 'string',
            enum: ['new', 'all'],
            description: 'Which.',
            default: 'all',
            send_default: true,
          },
          tags: { in: 'query', type: 'array', items: { type: 'string' }, array_style: 'comma', description: 'Tags.' },
          cursor: { in: 'query', type: 'string', description: 'Where to go on.' },
          size: { in: 'query', type: 'integer', minimum: 1, maximum: 50, default: 20, description: 'Page size.' },
          language: { in: 'header', as: 'Accept-Language', type: 'string', description: 'Language.', pattern: '^[a-z]{2}$' },
        },
        pagination: { style: 'cursor', parameter: 'cursor', next: 'next.cursor', size_parameter: 'size' },
        follow_redirects: true,
        answer: 'The letters.',
        example: { box: 'ada/inbox', size: 10 },
      },
      create_letter: {
        method: 'POST',
        path: '/letters',
        description: 'Write a letter.',
        provider_scopes: ['write'],
        body: { encoding: 'json', constants: { '/meta/source': 'skillett' } },
        parameters: {
          text: { in: 'body', type: 'string', description: 'The text.', required: true, examples: ['Hello'] },
          thread: { in: 'body', as: '/meta/thread', type: ['string', 'null'], description: 'Thread.' },
          stamps: {
            in: 'body',
            type: 'array',
            description: 'Stamps.',
            items: { type: 'object', properties: { cents: { type: 'integer', minimum: 1, default: 80 } }, required: ['cents'] },
          },
        },
        answer: 'The letter.',
        example: { text: 'Dear Ada', stamps: [{ cents: 80 }] },
      },
    },
  };
  const files: Json = {
    resource: 'files',
    description: 'Files.',
    endpoints: {
      upload_file: {
        method: 'PUT',
        path: '/files',
        description: 'Put a file.',
        body: { encoding: 'multipart' },
        parameters: { file: { in: 'body', type: 'object', file: true, description: 'The file.', required: true } },
        answer: 'The file.',
        example: { file: { filename: 'a.txt', content_type: 'text/plain', base64: 'aGk=' } },
      },
      send_mail: {
        method: 'POST',
        path: '/mails',
        description: 'Send a mail.',
        body: { encoding: 'mail', mail_at: '/raw' },
        parameters: {
          to: { in: 'mail', type: 'array', items: { type: 'string', format: 'email' }, description: 'To whom.', required: true },
          pictures: { in: 'mail', as: 'attachments', type: 'array', description: 'Pictures.' },
          thread: { in: 'body', type: 'string', description: 'Thread.' },
        },
        answer: 'The mail.',
        example: { to: ['ada@letters.example'] },
      },
      drop_file: {
        method: 'DELETE',
        path: '/files/{name}',
        description: 'Drop a file.',
        parameters: { name: { in: 'path', type: 'string', segments: true, description: 'Its path.', required: true } },
        answer: 'Nothing.',
        example: { name: 'a/b.txt' },
      },
    },
  };
  return { recipe, letters, files, list: letters.endpoints.list_letters, create: letters.endpoints.create_letter, ...files.endpoints };
}

export type Sound = ReturnType<typeof soundRecipe>;

/** A new folder with these files, which goes when the test ends. */
export async function writeFolder(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'skillett-recipes-case-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

export function filesOf(sound: Sound): Record<string, unknown> {
  return {
    'recipe.schema.json': {},
    'letters/recipe.json': sound.recipe,
    'letters/letters.json': sound.letters,
    'letters/files.json': sound.files,
    'letters/guides/posting.md': '# Posting\n',
  };
}

export function load(folder: string, settings: Record<string, { baseUrl: string }> = {}): Promise<Catalogue> {
  return loadCatalogue({ bundledFolder: folder, extraFolder: undefined, integrations: new Map(Object.entries(settings)) });
}

/** The recipes that come with the server. */
export function loadBundled(): Promise<Catalogue> {
  return load(path.resolve(import.meta.dirname, '../../recipes'));
}

/** The faults without the name of the temporary folder. */
export async function faultsOf(loading: Promise<unknown>): Promise<string[]> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return [];
  if (!(error instanceof RecipeFaults)) throw error;
  return error.faults.map((fault) => `${fault.file.replace(/^.*case-[^/]*\/?/, '')}: ${fault.path}: ${fault.message}`);
}

/** The faults of the sound recipe after these changes. */
export async function faultsAfter(...changes: ((sound: Sound) => unknown)[]): Promise<string[]> {
  const sound = soundRecipe();
  for (const change of changes) change(sound);
  return faultsOf(load(await writeFolder(filesOf(sound))));
}
