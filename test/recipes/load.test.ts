import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Catalogue } from '../../src/domains/recipes/catalogue.ts';
import { printRecipeSchema } from '../../src/domains/recipes/format/schema-file.ts';
import { loadCatalogue } from '../../src/domains/recipes/load.ts';
import { faultsOf, filesOf, load, soundRecipe, writeFolder } from './sound-recipe.ts';

const bundledFolder = path.resolve(import.meta.dirname, '../../recipes');

describe('a sound recipe', () => {
  it('becomes an integration with its endpoints, in the words of JSON Schema', async () => {
    const catalogue = await load(await writeFolder(filesOf(soundRecipe())));
    expect(catalogue.integrations.map((one) => one.slug)).toEqual(['letters']);
    const letters = catalogue.find('letters');
    expect(letters).toMatchObject({ baseUrl: 'https://api.letters.example/v1', baseUrlOverridden: false, open: false });
    expect([...(letters?.endpoints.keys() ?? [])].sort()).toEqual([
      'create_letter',
      'drop_file',
      'list_letters',
      'send_mail',
      'upload_file',
    ]);
    expect(letters?.guides.get('guides/posting.md')).toBe('# Posting\n');
    const list = catalogue.findEndpoint('letters', 'list_letters');
    expect(list).toMatchObject({ resource: 'letters', readOnly: true, destructive: false, idempotent: true });
    expect(list?.acceptedScopes).toEqual(['*', 'letters', 'letters.list_letters', 'letters:read']);
    expect(list?.schema).toEqual({
      type: 'object',
      properties: {
        box: { type: 'string', description: 'Box as `owner/box`.', pattern: '^[^/]+/[^/]+$' },
        kind: { type: 'string', description: 'Which.', enum: ['new', 'all'], default: 'all' },
        tags: { type: 'array', description: 'Tags.', items: { type: 'string' } },
        cursor: { type: 'string', description: 'Where to go on.' },
        size: { type: 'integer', description: 'Page size.', default: 20, minimum: 1, maximum: 50 },
        language: { type: 'string', description: 'Language.', pattern: '^[a-z]{2}$' },
      },
      required: ['box'],
      additionalProperties: false,
    });
    expect(catalogue.findEndpoint('letters', 'create_letter')).toMatchObject({
      readOnly: false,
      idempotent: false,
      providerScopes: [['write']],
      acceptedScopes: ['*', 'letters', 'letters.create_letter'],
    });
    expect(catalogue.findEndpoint('letters', 'drop_file')).toMatchObject({ readOnly: false, destructive: true, idempotent: true });
    expect(catalogue.findEndpoint('letters', 'toString')).toBeUndefined();
  });

  it('takes a DELETE for destructive, unless another endpoint undoes it', async () => {
    const sound = soundRecipe();
    sound.drop_file.undone_by = 'upload_file';
    const catalogue = await load(await writeFolder(filesOf(sound)));
    expect(catalogue.findEndpoint('letters', 'drop_file')).toMatchObject({ destructive: false });
    const bundled = await load(bundledFolder);
    const kind = (name: string) => bundled.findEndpoint('github', name)?.destructive;
    expect([kind('unstar_repo'), kind('delete_repo'), kind('mark_notification_as_done')]).toEqual([false, true, true]);
  });

  it('describes files and attachments by name, media type and base64', async () => {
    const catalogue = await load(await writeFolder(filesOf(soundRecipe())));
    const file = { required: ['filename', 'content_type', 'base64'], additionalProperties: false };
    expect(catalogue.findEndpoint('letters', 'upload_file')?.schema).toMatchObject({ properties: { file: { type: 'object', ...file } } });
    expect(catalogue.findEndpoint('letters', 'send_mail')?.schema).toMatchObject({
      properties: { pictures: { type: 'array', items: { type: 'object', ...file } } },
    });
  });

  it("is called at the operator's address when one is set", async () => {
    const catalogue = await load(await writeFolder(filesOf(soundRecipe())), { letters: { baseUrl: 'https://letters.company.example' } });
    expect(catalogue.find('letters')).toMatchObject({ baseUrl: 'https://letters.company.example', baseUrlOverridden: true });
  });
});

it('reads files that begin with a byte-order mark', async () => {
  const files = Object.entries(filesOf(soundRecipe())).map(([file, content]) => [file, `\ufeff${JSON.stringify(content)}`]);
  expect((await load(await writeFolder(Object.fromEntries(files)))).find('letters')?.endpoints.size).toBe(5);
});

it('reports text that is not JSON, a missing recipe.json and a lonely one all at once', async () => {
  const { recipe, files } = soundRecipe();
  const folder = await writeFolder({
    'letters/recipe.json': { ...recipe, guides: [] },
    'letters/letters.json': '{\n  "resource":\n}',
    'notes/files.json': files,
    'stamps/recipe.json': { ...recipe, slug: 'stamps', guides: [], workflows: [] },
  });
  const faults = await faultsOf(load(folder));
  expect(faults).toEqual([
    expect.stringMatching(/^letters\/letters\.json: : is not JSON: [^\n]*$/),
    'notes/recipe.json: : is missing: it describes the integration',
    'stamps/recipe.json: : stands alone: there is no file of a resource with endpoints beside it',
  ]);
});

it('reports a name that would be left out without a word', async () => {
  const files = Object.entries(filesOf(soundRecipe())).map(([file, content]) => [file, JSON.stringify(content)]);
  const marked = files.map(([file, text]) => [
    file,
    file === 'letters/recipe.json' ? text?.replace('{', '{"omits":{"__proto__":"x"},') : text,
  ]);
  expect(await faultsOf(load(await writeFolder(Object.fromEntries(marked))))).toContainEqual(
    expect.stringMatching(/^letters\/recipe\.json: : has a member `__proto__`/),
  );
});

it('reports a fault in one file of an integration beside those in its other files', async () => {
  const broken = (breakRecipe: (sound: ReturnType<typeof soundRecipe>) => void) => {
    const sound = soundRecipe();
    sound.files.endpoints.drop_file.path = '/files/{other}';
    breakRecipe(sound);
    return sound;
  };
  const pathFaults = ['parameters.name: the path has no {name}', 'path: no parameter fills {other}'].map(
    (fault) => `letters/files.json: endpoints.drop_file.${fault}`,
  );
  const inResource = broken(({ recipe, letters }) => {
    letters.endpoints.list_letters.method = 'FETCH';
    recipe.base_url += '/';
  });
  expect((await faultsOf(load(await writeFolder(filesOf(inResource))))).sort()).toEqual([
    ...pathFaults,
    expect.stringMatching(/^letters\/letters\.json: endpoints\.list_letters\.method: /),
    'letters/recipe.json: base_url: must not end with a slash, nor hold a query, a fragment or a user name',
  ]);
  const inRecipe = broken(({ recipe }) => {
    recipe.version = '1';
  });
  expect((await faultsOf(load(await writeFolder(filesOf(inRecipe))))).sort()).toEqual([
    ...pathFaults,
    'letters/recipe.json: version: three numbers with dots between them, such as 1.0.0',
  ]);
});

describe("the operator's folder", () => {
  const extra = (slug: string) => {
    const sound = soundRecipe();
    sound.recipe.slug = slug;
    return Object.fromEntries(Object.entries(filesOf(sound)).map(([file, content]) => [file.replace(/^letters\//, `${slug}/`), content]));
  };

  it('adds integrations whose answers are not trusted to be JSON', async () => {
    const bundled = await writeFolder(filesOf(soundRecipe()));
    const catalogue = await loadCatalogue({
      bundledFolder: bundled,
      extraFolder: await writeFolder(extra('post')),
      integrations: new Map(),
    });
    expect(catalogue.integrations.map((one) => one.slug)).toEqual(['letters', 'post']);
  });

  it('cannot take the slug of an integration that Skillett brings along', async () => {
    const bundled = await writeFolder(filesOf(soundRecipe()));
    const extraFolder = await writeFolder(extra('letters'));
    expect(await faultsOf(loadCatalogue({ bundledFolder: bundled, extraFolder, integrations: new Map() }))).toEqual([
      'letters/recipe.json: slug: letters comes with Skillett already; give this one another slug and folder name',
    ]);
  });

  it('stops the start with the faults of its recipes, named by the folder', async () => {
    const files = extra('post');
    delete files['post/guides/posting.md'];
    const extraFolder = await writeFolder(files);
    const bundled = await writeFolder(filesOf(soundRecipe()));
    await expect(loadCatalogue({ bundledFolder: bundled, extraFolder, integrations: new Map() })).rejects.toThrow(
      `The recipes have a fault:\n  - ${extraFolder}/post/recipe.json: guides.0.file: there is no file guides/posting.md`,
    );
  });

  it('stops the start when it cannot be read', async () => {
    const bundled = await writeFolder(filesOf(soundRecipe()));
    const extraFolder = path.join(bundled, 'nowhere');
    await expect(loadCatalogue({ bundledFolder: bundled, extraFolder, integrations: new Map() })).rejects.toThrow(
      /nowhere: the folder of recipes cannot be read/,
    );
  });
});

describe('the bundled recipes', () => {
  it('are sound', async () => {
    const catalogue = await load(bundledFolder);
    expect(catalogue.integrations.length).toBeGreaterThan(0);
    for (const name of ['create_issue', 'list_issues_for_repo', 'create_pull', 'list_pull'])
      expect(catalogue.findEndpoint('github', name)?.name).toBe(name);
  });

  it('are completed in an editor by the format as it is: recipes/recipe.schema.json is up to date', async () => {
    expect(await readFile(path.join(bundledFolder, 'recipe.schema.json'), 'utf8')).toBe(printRecipeSchema());
  });
});

it('explains every field of the recipe format to an editor', () => {
  const { $defs } = JSON.parse(printRecipeSchema());
  const explained: string[] = [];
  const unexplained: string[] = [];
  const look = (place: string, schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, ...rest } = schema as { properties?: Record<string, { description?: string }> };
    for (const [name, field] of Object.entries(properties ?? {})) {
      (field.description ? explained : unexplained).push(`${place}.${name}`);
      look(`${place}.${name}`, field);
    }
    for (const [word, inner] of Object.entries(rest)) look(`${place}/${word}`, inner);
  };
  look('', $defs);
  expect(unexplained).toEqual([]);
  expect(explained).toEqual(
    expect.arrayContaining(['/Integration.slug', '/Parameter.minLength', '/Value.items', '/OAuth2.revocation.url']),
  );
});

const shown = [
  ...(['integration', 'name', 'resource', 'method', 'description', 'spec', 'readOnly', 'destructive', 'idempotent'] as const),
  ...(['schema', 'providerScopes', 'acceptedScopes'] as const),
];

/** Everything, also what is read on first use. */
function showAll({ integrations }: Catalogue) {
  return integrations.map(({ endpoints, resources, guides, recipe, ...rest }) => ({
    ...rest,
    recipe,
    resources,
    guides: [...guides],
    endpoints: [...endpoints].map(([key, endpoint]) => [key, ...shown.map((name) => endpoint[name])]),
  }));
}

describe('a folder that was found sound before', () => {
  it('is loaded alike, and what has changed in it is checked again, however often', async () => {
    const cacheFolder = path.join(await writeFolder({}), 'cache');
    const folder = await writeFolder(filesOf(soundRecipe()));
    const again = () => loadCatalogue({ bundledFolder: folder, extraFolder: undefined, integrations: new Map(), cacheFolder });
    const fresh = await loadCatalogue({ bundledFolder: folder, extraFolder: undefined, integrations: new Map() });
    await again();
    expect(await readFile(path.join(cacheFolder, 'checked-recipes'), 'latin1')).toMatch(/^\{"[0-9a-f]{64}":/);
    expect(showAll(await again())).toEqual(showAll(fresh));
    expect(showAll(fresh)[0]?.endpoints).toHaveLength(5);

    const changed = soundRecipe();
    changed.letters.endpoints.list_letters.parameters.size.default = 'twenty';
    await writeFile(path.join(folder, 'letters/letters.json'), JSON.stringify(changed.letters));
    for (let turn = 0; turn < 2; turn += 1)
      expect(await faultsOf(again())).toEqual([expect.stringContaining('endpoints.list_letters.parameters.size.default')]);

    const misshapen = soundRecipe();
    Object.assign(misshapen.recipe, { titel: 'Letters' });
    await writeFile(path.join(folder, 'letters/letters.json'), JSON.stringify(misshapen.letters));
    await writeFile(path.join(folder, 'letters/recipe.json'), JSON.stringify(misshapen.recipe));
    for (let turn = 0; turn < 2; turn += 1)
      expect(await faultsOf(again())).toEqual([expect.stringContaining('titel: is no field of the recipe format')]);

    await writeFile(path.join(folder, 'letters/recipe.json'), JSON.stringify(soundRecipe().recipe));
    expect((await again()).integrations.map(({ slug }) => slug)).toEqual(['letters']);
  });

  it('is read from its source where what was kept is cut off or of another make', async () => {
    const cacheFolder = path.join(await writeFolder({}), 'cache');
    const folder = await writeFolder(filesOf(soundRecipe()));
    const again = () => loadCatalogue({ bundledFolder: folder, extraFolder: undefined, integrations: new Map(), cacheFolder });
    const sound = showAll(await again());
    const kept = await readFile(path.join(cacheFolder, 'checked-recipes'));
    for (const broken of [kept.subarray(0, -1), kept.subarray(0, 40), Buffer.from('{}'), Buffer.from('{}\n'), Buffer.from('[1]\n')]) {
      await writeFile(path.join(cacheFolder, 'checked-recipes'), broken);
      expect(showAll(await again())).toEqual(sound);
      expect(await readFile(path.join(cacheFolder, 'checked-recipes'))).toEqual(kept);
    }
  });
});
