/** Values that are described once, and parameters that are needed together: what cannot be meant is refused when the recipe is read. */
import { describe, expect, it } from 'vitest';
import { faultsAfter, filesOf, load, type Sound, soundRecipe, writeFolder } from './sound-recipe.ts';

const shared = { type: 'string', enum: ['new', 'all'], description: 'Which of them.' };
const share = (s: Sound) => {
  s.recipe.values = { kind: shared };
  s.list.parameters.cursor = { in: 'query', $value: 'kind' };
};
const listFault = (rest: string) => `letters/letters.json: endpoints.list_letters.${rest}`;
const createFault = (rest: string) => `letters/letters.json: endpoints.create_letter.${rest}`;
const stamp = (s: Sound) => {
  s.create.parameters.stamp = {
    in: 'body',
    type: 'object',
    description: 'A stamp.',
    properties: { cents: { type: 'integer' } },
    required_properties: ['cents'],
  };
};

it('a shared value stands where its name does, with words of its own over it', async () => {
  const sound = soundRecipe();
  sound.recipe.values = { kind: shared, kinds: { type: 'array', items: { type: 'string' } } };
  Object.assign(sound.list.parameters, {
    cursor: { in: 'query', $value: 'kind', description: 'Where to go on.', default: 'new' },
    tags: { in: 'query', array_style: 'comma', $value: 'kinds', description: 'Tags.' },
    kinds: { in: 'query', type: 'array', description: 'Kinds.', items: { $value: 'kind' } },
  });
  sound.create.parameters.about = {
    in: 'body',
    type: 'object',
    description: 'About.',
    properties: { kind: { $value: 'kind' } },
    additionalProperties: { $value: 'kind' },
  };
  const catalogue = await load(await writeFolder(filesOf(sound)));
  const propertiesOf = (endpoint: string) => catalogue.findEndpoint('letters', endpoint)?.schema.properties;
  expect(propertiesOf('list_letters')).toMatchObject({
    cursor: { type: 'string', enum: ['new', 'all'], description: 'Where to go on.', default: 'new' },
    tags: { type: 'array', items: { type: 'string' }, description: 'Tags.' },
    kinds: { items: shared },
  });
  expect(propertiesOf('create_letter')).toMatchObject({ about: { properties: { kind: shared }, additionalProperties: shared } });
  expect(JSON.stringify(catalogue.integrations[0]?.resources)).not.toContain('$value');
});

describe('a recipe may say', () => {
  it.each<[string, (s: Sound) => unknown]>([
    ['a shared value', share],
    ['what an object needs', stamp],
    ['alternatives of parameters', (s) => (s.list.any_of = [['tags', 'cursor'], ['size']])],
  ])('%s', async (_what, change) => {
    expect(await faultsAfter(change)).toEqual([]);
  });
});

describe('a recipe is refused for', () => {
  it.each<[string, (s: Sound) => unknown, string]>([
    [
      'a shared value that there is not',
      (s) => (s.list.parameters.cursor = { in: 'query', $value: 'constructor' }),
      listFault('parameters.cursor.$value: there is no "constructor" in `values` of recipe.json'),
    ],
    [
      'a name that is none',
      (s) => (s.list.parameters.cursor = { in: 'query', $value: 7 }),
      listFault('parameters.cursor.$value: there is no 7 in `values` of recipe.json'),
    ],
    [
      'a shared value that nobody uses',
      (s) => (s.recipe.values = { kind: shared }),
      'letters/recipe.json: values.kind: is used by no parameter',
    ],
    [
      'a shared value inside another',
      (s) => {
        share(s);
        s.recipe.values.kinds = { type: 'array', items: { $value: 'kind' } };
      },
      'letters/recipe.json: values.kinds.items.type: is missing',
    ],
    [
      'a shared value that says how it travels',
      (s) => {
        share(s);
        s.recipe.values.kind = { ...shared, in: 'query' };
      },
      'letters/recipe.json: values.kind.in: is no field of the recipe format',
    ],
    [
      'a sample that is none of the shared value',
      (s) => {
        share(s);
        s.list.example.cursor = 'old';
      },
      listFault('example.cursor: must be one of new, all'),
    ],
    [
      'needing a property that there is not',
      (s) => {
        stamp(s);
        s.create.parameters.stamp.required_properties = ['cents', 'euros'];
      },
      createFault('parameters.stamp.required_properties.1: there is no property euros'),
    ],
    [
      'an upload that is no raw body',
      (s) => (s.create.body.upload = { max_bytes: 10 }),
      createFault('body.upload: is for `encoding: "raw"`'),
    ],
    [
      'an upload of what is no address',
      (s) => {
        s.create.body = { encoding: 'raw', content: 'text', upload: { max_bytes: 10 } };
        for (const name of ['thread', 'stamps']) delete s.create.parameters[name];
        delete s.create.example.stamps;
      },
      createFault('parameters.text: must be a required string with `format: "uri"`: with `upload` it is the address that is fetched'),
    ],
    [
      'an alternative of an unknown parameter',
      (s) => (s.list.any_of = [['size'], ['sise']]),
      listFault('any_of.1.0: there is no parameter sise'),
    ],
    [
      'an alternative of what is required anyway',
      (s) => (s.list.any_of = [['size'], ['box', 'cursor']]),
      listFault('any_of.1.0: box is required anyway'),
    ],
    [
      'an alternative of what is always sent',
      (s) => (s.list.any_of = [['size'], ['kind']]),
      listFault('any_of.1.0: kind is sent in any case, so nothing needs it from the caller'),
    ],
    [
      'an alternative that holds another',
      (s) => (s.list.any_of = [['size'], ['size', 'cursor']]),
      listFault('any_of.1: holds all of alternative 0, which is enough without the rest'),
    ],
    [
      'an example without what is needed',
      (s) =>
        (s.list.any_of = [
          ['tags', 'cursor'],
          ['tags', 'language'],
        ]),
      listFault('example: does not give what a call needs: `tags` with `cursor`, or `tags` with `language` is required'),
    ],
    [
      'an example without one of several',
      (s) => (s.list.required_any = [['cursor', 'language']]),
      listFault('example: does not give what a call needs: at least one of `cursor`, `language` is required'),
    ],
  ])('%s', async (_what, change, expected) => {
    const faults = await faultsAfter(change);
    expect(faults[0]).toContain(expected);
  });
});
