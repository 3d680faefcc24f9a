/** What endpoints answer, made of descriptions: names, sharing, widths of numbers, what is cut; and real answers against what was made. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findStaleAnswers } from '../../scripts/recipes/answers.ts';
import { listRecipesWithFacts, readFacts, readRecipe } from '../../scripts/recipes/folders.ts';
import { answers as format } from '../../src/domains/recipes/format/answer/shapes.ts';
import { AnswerMapper } from '../../src/domains/recipes/import/answers/map-answers.ts';
import { methods } from '../../src/domains/recipes/import/openapi.ts';
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';
import { makeRecipe } from '../../src/domains/recipes/import/whole-recipe/make-recipe.ts';
import { readType } from '../../src/domains/recipes/shapes/answer-shapes.ts';
import { compareAnswer, newComparison } from './compare-answer.ts';
import { loadBundled } from './sound-recipe.ts';

const folder = process.env.API_DESCRIPTIONS;

/** Of operations that each answer one of these schemas; `get_one` is the first. */
function map(schemas: object[], components: object = {}) {
  const names = ['get_one', 'list_two', 'get_three'];
  const paths = Object.fromEntries(
    schemas.map((schema, at) => [`/${at}`, { get: { responses: { 200: { content: { 'application/json': { schema } } } } } }]),
  );
  const openApi = readDescription(
    JSON.stringify({ openapi: '3.0.3', info: { title: 'T', version: '1' }, paths, components: { schemas: components } }),
  );
  const mapper = new AnswerMapper(openApi);
  for (const [at, item] of Object.values(openApi.paths).entries()) mapper.add(names[at] ?? `get_${at}`, item.get!);
  return mapper.finish();
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const object = (properties: object) => ({ type: 'object', properties });
const text = { type: 'string' };

describe('answers from a description', () => {
  it('are named as its components, follow rings once, and share what is equal under the shortest name', () => {
    const components = {
      'simple-user': object({ login: text, boss: ref('simple-user') }),
      'nullable-simple-user': { ...object({ login: text, boss: ref('nullable-simple-user') }), nullable: true },
      issue: object({ title: text, user: ref('nullable-simple-user'), author: { anyOf: [ref('simple-user'), { type: 'null' }] } }),
    };
    expect(map([ref('issue'), { type: 'array', items: ref('issue') }], components)).toEqual({
      shapes: {
        Issue: { title: 'string', user: 'SimpleUser', author: 'SimpleUser' },
        SimpleUser: { login: 'string', boss: 'SimpleUser' },
      },
      returns: { get_one: 'Issue', list_two: 'Issue[]' },
    });
  });

  it('join choices of objects, and call what has no fields or is of several kinds json', () => {
    const components = {
      a: object({ id: text, same: text, other: text }),
      b: object({ name: text, same: text, other: { type: 'boolean' } }),
    };
    const schema = object({
      either: { oneOf: [ref('a'), ref('b')] },
      rows: { type: 'array', items: { type: 'array', items: text } },
      map: { type: 'object', additionalProperties: text },
      mixed: { type: ['string', 'integer'] },
      anything: {},
      flag: { type: 'boolean', nullable: true },
      kind: { enum: ['x', 'y'] },
    });
    expect(map([schema], components)?.shapes).toEqual({
      GetOneAnswer: {
        either: 'GetOneAnswerEither',
        rows: 'json[]',
        map: 'json',
        mixed: 'json',
        anything: 'json',
        flag: 'boolean',
        kind: 'string',
      },
      GetOneAnswerEither: { id: 'string', same: 'string', other: 'json', name: 'string' },
    });
  });

  it('tell integers that outgrow 32 bits from those that do not', () => {
    const integer = (more: object = {}) => ({ type: 'integer', ...more });
    const schema = object({
      id: integer(),
      user_id: integer(),
      created: integer(),
      count: integer(),
      page: integer({ maximum: 100 }),
      short_id: integer({ format: 'int32' }),
      long: integer({ format: 'int64' }),
      shown: integer({ example: 4_000_000_000 }),
      share: { type: 'number' },
      either: { oneOf: [integer(), { type: 'number' }] },
    });
    expect(map([schema])?.shapes.GetOneAnswer).toEqual({
      id: 'int64',
      user_id: 'int64',
      created: 'int64',
      count: 'int',
      page: 'int',
      short_id: 'int',
      long: 'int64',
      shown: 'int64',
      share: 'float',
      either: 'float',
    });
  });

  it('have at most 300 shapes, of which the rarest are cut first, and what is cut is json', () => {
    const rare = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`rare${at}`, object({ [`field${at}`]: text })]));
    const components = { ...rare, often: object({ name: text, inner: ref('inner') }), inner: object({ value: text }) };
    const first = object({ often: ref('often'), ...Object.fromEntries(Object.keys(rare).map((name) => [name, ref(name)])) });
    const made = map([first, object({ often: ref('often'), two: text })], components);
    expect(Object.keys(made?.shapes ?? {})).toHaveLength(300);
    expect(made?.shapes).toMatchObject({ Often: { name: 'string', inner: 'Inner' }, Inner: { value: 'string' } });
    expect(Object.values(made?.shapes.GetOneAnswer ?? {}).filter((type) => type === 'json')).toHaveLength(104);
  });

  it('leave out names that could deceive whoever reads them, and end where a description leads nowhere or in rings', () => {
    const components = {
      list: { type: 'array', items: ref('list') },
      all: { allOf: [ref('all')] },
      a: object({ b: { anyOf: [ref('a'), ref('b')] } }),
      b: object({ b: ref('a') }),
    };
    const schema = object({
      'a\u202eb': text,
      ['__proto__']: text,
      'line\nbreak': text,
      gone: ref('gone'),
      list: ref('list'),
      all: ref('all'),
      ring: ref('a'),
    });
    const made = map([JSON.parse(JSON.stringify(schema))], components);
    expect(Object.keys(made?.shapes.GetOneAnswer ?? {})).toEqual(['gone', 'list', 'all', 'ring']);
    expect(made?.shapes.GetOneAnswer).toMatchObject({ gone: 'json', list: 'json[]', all: 'json' });
  });

  it('are none where nothing is said of them in JSON', () => {
    const openApi = readDescription(
      JSON.stringify({
        openapi: '3.0.3',
        info: { title: 'T', version: '1' },
        paths: { '/a': { get: { responses: { 204: {}, 404: { content: { 'application/json': { schema: object({ a: text }) } } } } } } },
      }),
    );
    const mapper = new AnswerMapper(openApi);
    mapper.add('get_one', openApi.paths['/a']!.get!);
    expect(mapper.finish()).toBeUndefined();
  });
});

it.runIf(folder)('answers.json of every recipe is what its description says', () => {
  const compared = listRecipesWithFacts().filter((slug) => {
    expect(findStaleAnswers(readRecipe(slug), readFacts(slug) ?? {})).toBeUndefined();
    return readRecipe(slug).answers !== undefined;
  });
  expect(compared).toEqual(expect.arrayContaining(['github', 'gmail', 'slack']));
});

it('an answers.json that was edited by hand is found out', () => {
  const github = readRecipe('github');
  const edited = { ...github, answers: github.answers?.replace('"title":"string"', '"title":"int"') };
  expect(findStaleAnswers(edited, readFacts('github') ?? {})).toMatch(/answers\.json is not what the description says/);
  expect(findStaleAnswers(github, readFacts('github') ?? {})).toBeUndefined();
});

it.runIf(folder)(
  'of every description at hand the shapes are sound, and each is in an answer',
  () => {
    let described = 0;
    for (const name of readdirSync(folder as string)) {
      const inside = path.join(folder as string, name);
      if (!statSync(inside).isDirectory()) continue;
      for (const file of readdirSync(inside).filter((one) => /\.(json|ya?ml)$/.test(one) && !one.includes('endpoints'))) {
        const openApi = readDescription(readFileSync(path.join(inside, file), 'utf8'));
        const mapper = new AnswerMapper(openApi);
        for (const [at, item] of Object.values(openApi.paths).entries())
          for (const method of methods) if (item[method]) mapper.add(`get_${method}_${at}`, item[method]);
        const made = mapper.finish();
        if (made === undefined) continue;
        expect(format.safeParse(made).error, file).toBeUndefined();
        const used = Object.values({ ...made.shapes, '': made.returns }).flatMap((fields) => Object.values(fields));
        const names = new Set(used.map((type) => readType(type).name));
        expect(
          Object.keys(made.shapes).filter((one) => !names.has(one)),
          file,
        ).toEqual([]);
        expect(
          [...names].filter((one) => /^[A-Z]/.test(one) && !Object.hasOwn(made.shapes, one)),
          file,
        ).toEqual([]);
        described += Object.keys(made.returns).length;
      }
    }
    expect(described).toBeGreaterThan(6_000);
  },
  120_000,
);

it('an import brings the shapes of its answers along', () => {
  const text = readFileSync(createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8');
  const made = makeRecipe(readDescription(text), { slug: 'own', operations: ['issues/get', 'issues/list-for-repo'] });
  expect(made.answers?.returns).toEqual({ get_issues: 'Issue', list_repos_issues: 'Issue[]' });
  expect(made.answers?.shapes.Issue).toMatchObject({ number: 'int', title: 'string', user: 'SimpleUser' });
});

describe('real answers', () => {
  it('of GitHub, as they were recorded, are as their shapes say', async () => {
    const scenarios = path.join(path.dirname(createRequire(import.meta.url).resolve('@octokit/fixtures')), 'scenarios/api.github.com');
    const { answers, endpoints } = (await loadBundled()).find('github')!;
    const seen = newComparison();
    const compared = new Set<string>();
    for (const scenario of readdirSync(scenarios)) {
      const recordings = JSON.parse(readFileSync(path.join(scenarios, scenario, 'normalized-fixture.json'), 'utf8'));
      for (const { method, path: target, status, response } of recordings) {
        if (status >= 300 || typeof response !== 'object') continue;
        const { pathname } = new URL(target, 'https://api.github.com');
        const called = [...endpoints.values()].find(
          (one) => one.method === method.toUpperCase() && new RegExp(`^${one.spec.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
        );
        const type = called && answers.returns[called.name];
        if (type === undefined) continue;
        compareAnswer(answers, type, response, called?.name ?? '', seen);
        compared.add(called?.name ?? '');
      }
    }
    expect(seen.faults).toEqual([]);
    expect(compared.size).toBeGreaterThanOrEqual(10);
    expect(seen.known).toBeGreaterThan(1_000);
    expect(seen.unknown.size / seen.known).toBeLessThan(0.05);
  });

  it.runIf(folder)('of Slack, as its description shows them, are as their shapes say', async () => {
    const { answers, endpoints } = (await loadBundled()).find('slack')!;
    const openApi = readDescription(readFileSync(path.join(folder as string, 'slack/slack_web_openapi_v2.json'), 'utf8'));
    const seen = newComparison();
    for (const { name, method, spec } of endpoints.values()) {
      const operation = openApi.paths[spec.path]?.[method.toLowerCase() as 'get' | 'post'];
      const said = operation?.responses?.['200'] as { content: { 'application/json': { example?: unknown } } } | undefined;
      const type = answers.returns[name];
      if (type !== undefined) compareAnswer(answers, type, said?.content['application/json'].example ?? null, name, seen);
    }
    // Where the description contradicts itself.
    expect(seen.faults).toEqual([
      'schedule_message.post_at: is "1562180400", and should be int64',
      'list_scheduled_messages.scheduled_messages[0].id: is 1298393284, and should be string',
    ]);
    expect(seen.known).toBeGreaterThan(100);
  });
});
