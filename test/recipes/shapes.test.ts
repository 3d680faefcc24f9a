/** What answers hold, as data: how it is read from a recipe's folder, what is refused, and what is known of an expression on an answer. */
import { describe, expect, it } from 'vitest';
import type { AnswerShapes } from '../../src/domains/recipes/shapes/answer-shapes.ts';
import { typeOfPath } from '../../src/domains/recipes/shapes/type-of-path.ts';
import { faultsOf, filesOf, load, type Sound, soundRecipe, writeFolder } from './sound-recipe.ts';

const described = () => ({
  shapes: {
    Letter: { id: 'int64', title: 'string', sender: 'Person', stamps: 'Stamp[]', '@odata.nextLink': 'string', extra: 'json' },
    Person: { login: 'string', friends: 'Person[]' },
    Stamp: { cents: 'int', name: 'string' },
  } as Record<string, Record<string, string>>,
  returns: { list_letters: 'Letter[]' } as Record<string, string>,
});

type Described = ReturnType<typeof described>;

function foldersOf(change: (sound: Sound, answers: Described) => unknown = () => {}): Promise<string> {
  const sound = soundRecipe();
  const answers = described();
  change(sound, answers);
  return writeFolder({ ...filesOf(sound), 'letters/answers.json': answers });
}

describe('answers.json', () => {
  it('says what endpoints answer, and a recipe’s own words stand over it, field by field', async () => {
    const catalogue = await load(
      await foldersOf(({ recipe, create, send_mail, drop_file }) => {
        create.returns = 'Letter';
        send_mail.returns = { id: 'string', people: 'Person[]' };
        drop_file.returns = 'string[]';
        recipe.shapes = { Stamp: { cents: 'float' } };
      }),
    );
    expect(catalogue.find('letters')?.answers).toEqual({
      shapes: { ...described().shapes, Stamp: { cents: 'float', name: 'string' }, SendMailAnswer: { id: 'string', people: 'Person[]' } },
      returns: { list_letters: 'Letter[]', create_letter: 'Letter', send_mail: 'SendMailAnswer', drop_file: 'string[]' },
    });
  });

  it('need not be there, and then nothing is known', async () => {
    const catalogue = await load(await writeFolder(filesOf(soundRecipe())));
    expect(catalogue.find('letters')?.answers).toEqual({ shapes: {}, returns: {} });
  });

  it.each<[string, (sound: Sound, answers: Described) => unknown, string]>([
    [
      'a type that is none',
      (_, { shapes }) => (shapes.Stamp!.cents = 'integer'),
      'letters/answers.json: shapes.Stamp.cents: one of string, int, int64, float, boolean, json, or the name of a shape, and [] behind it for a list',
    ],
    [
      'a list of lists',
      (_, { returns }) => (returns.list_letters = 'Letter[][]'),
      'letters/answers.json: returns.list_letters: one of string, int, int64, float, boolean, json, or the name of a shape, and [] behind it for a list',
    ],
    [
      'a shape without fields',
      (_, { shapes }) => (shapes.Stamp = {}),
      'letters/answers.json: shapes.Stamp: at least one field: what holds none that is known is `json`',
    ],
    [
      'a shape in small letters',
      (_, { shapes }) => (shapes.stamp = { a: 'int' }),
      'letters/answers.json: shapes.stamp: letters, digits and underscores, beginning with a capital letter',
    ],
    [
      'more shapes than an integration may have',
      (_, answers) => (answers.shapes = Object.fromEntries(Array.from({ length: 301 }, (_one, at) => [`S${at}`, { a: 'int' }]))),
      'letters/answers.json: shapes: at most 300 shapes',
    ],
    [
      'a field that is no part of the format',
      (_, answers) => Object.assign(answers, { version: 1 }),
      'letters/answers.json: version: is no field of the recipe format',
    ],
    [
      'a shape that is not there',
      (_, { shapes }) => (shapes.Letter!.sender = 'Persn'),
      'letters/answers.json: shapes.Letter.sender: there is no shape Persn; did you mean Person?',
    ],
    [
      'a shape with the name of something inherited',
      (_, { shapes }) => (shapes.Letter!.extra = 'Constructor'),
      'letters/answers.json: shapes.Letter.extra: there is no shape Constructor',
    ],
    [
      'an endpoint that is not there',
      (_, { returns }) => (returns.list_stamps = 'Stamp[]'),
      'letters/answers.json: returns.list_stamps: there is no such endpoint; make the file anew: npm run recipes -- answers',
    ],
    [
      'what the recipe says too',
      ({ list }) => (list.returns = 'Letter[]'),
      'letters/answers.json: returns.list_letters: is said by the recipe itself; make the file anew: npm run recipes -- answers',
    ],
    ['a shape in no answer', (_, { shapes }) => (shapes.Box = { lid: 'string' }), 'letters/answers.json: shapes.Box: is in no answer'],
    [
      'a shape of the recipe in no answer',
      ({ recipe }) => (recipe.shapes = { Box: { lid: 'string' } }),
      'letters/recipe.json: shapes.Box: is in no answer',
    ],
    [
      'an unknown shape in the recipe',
      ({ create }) => (create.returns = 'Leter'),
      'letters/letters.json: endpoints.create_letter.returns: there is no shape Leter; did you mean Letter?',
    ],
    [
      'an unknown shape in a field',
      ({ create }) => (create.returns = { letter: 'Leter' }),
      'letters/letters.json: endpoints.create_letter.returns.letter: there is no shape Leter; did you mean Letter?',
    ],
    [
      'fields of a stream',
      ({ create }) => Object.assign(create, { answer_stream: 'sse', returns: 'json' }),
      'letters/letters.json: endpoints.create_letter.returns: cannot stand beside `answer_stream`: a stream has no fields',
    ],
  ])('is refused with %s', async (_, change, fault) => {
    expect(await faultsOf(load(await foldersOf(change)))).toContain(fault);
  });
});

describe('the type of a path', () => {
  const answers: AnswerShapes = described();
  const typeOf = (path: string, type = 'Letter[]') => typeOfPath(answers, type, path);
  it.each([
    ['[].title', 'string[]'],
    ['[*].sender.login', 'string[]'],
    ['[0].id', 'int64'],
    ['[0].stamps', 'Stamp[]'],
    ['[].stamps[].cents', 'int[]'],
    ['[:2].sender', 'Person[]'],
    ['[0]."@odata.nextLink"', 'string'],
    ['[?sender.login==`"ada"` && id > `3`].title | [0]', 'string'],
    ['sort_by(@, &title)[0].sender.friends[].login', 'string[]'],
    ['max_by(@, &id).title', 'string'],
    ['map(&sender, @)', 'Person[]'],
    ['[].sender[].login', 'string[]'],
    ['length(@)', 'int'],
    ['[].{who: sender, n: id} | [].who.login', 'string[]'],
    ['[0].title || [1].title', 'string'],
    ['[0].extra.anything[3].at.all', 'json'],
    ['let $people = [].sender in $people[].login', 'string[]'],
    ['[0].title[0:10]', 'string'],
  ])('%s is %s', (path, type) => {
    expect(typeOf(path)).toEqual({ type, unknown: [] });
  });

  it.each([
    ['[].titel', [{ name: 'titel', in: 'Letter', near: ['title'] }]],
    ['[].login', [{ name: 'login', in: 'Letter', near: ['sender.login'] }]],
    ['title', [{ name: 'title', in: 'Letter[]', near: ['[].title'] }]],
    [
      '[].{a: author, b: sender.logn, c: title}',
      [
        { name: 'author', in: 'Letter', near: [] },
        { name: 'logn', in: 'Person', near: ['login'] },
      ],
    ],
    ['[?sendr.login==`"ada"`].title', [{ name: 'sendr', in: 'Letter', near: ['sender'] }]],
    ['sort_by(@, &titel)', [{ name: 'titel', in: 'Letter', near: ['title'] }]],
    ['[0].sender[].login', [{ name: '[]', in: 'Person', near: [] }]],
    ['[].cents', [{ name: 'cents', in: 'Letter', near: ['stamps[].cents'] }]],
    ['[0].title.length', [{ name: 'length', in: 'string', near: [] }]],
    ['[].{who: sender.login} | [0].whom', [{ name: 'whom', in: 'json', near: ['who'] }]],
    ['[].constructor', [{ name: 'constructor', in: 'Letter', near: [] }]],
    ['[].[nope, nope]', [{ name: 'nope', in: 'Letter', near: [] }]],
  ])('%s asks for what no shape knows', (path, unknown) => {
    expect(typeOf(path).unknown.map(({ known: _known, ...rest }) => rest)).toEqual(unknown);
  });

  it('names the fields there are', () => {
    expect(typeOf('[].stamps[].price').unknown).toEqual([{ name: 'price', in: 'Stamp', near: [], known: ['cents', 'name'] }]);
  });

  it('does not take longer, however often an expression doubles', () => {
    const before = performance.now();
    typeOf(`${'{a:@,b:@}|'.repeat(400)}@`);
    expect(performance.now() - before).toBeLessThan(500);
  });
});
