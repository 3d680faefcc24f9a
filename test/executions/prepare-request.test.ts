import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SkillettError } from '../../src/core/errors.ts';
import { prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import { makeEndpoint, makeIntegration, textParameter } from './integration.ts';
import { baseUrl, notes, prepare, refusalOf } from './prepare.ts';

describe('parameters', () => {
  const spec = {
    parameters: {
      title: textParameter('query', { required: true, maxLength: 10 }),
      state: textParameter('query', { enum: ['open', 'closed'] }),
      per_page: { in: 'query', type: 'integer', description: 'Page size.', minimum: 1, maximum: 100, as: 'pageSize' },
      labels: {
        in: 'query',
        type: 'array',
        description: 'Labels.',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        maxItems: 2,
        uniqueItems: true,
      },
      since: textParameter('query', { format: 'date-time' }),
    },
  };

  test('that fit are sent', async () => {
    const { url } = await prepare(spec, { title: 'a b', state: 'open', per_page: 5, labels: ['x'], since: '2026-01-31T12:00:00Z' });
    expect(url).toBe(`${baseUrl}/things?title=a%20b&state=open&pageSize=5&labels=x&since=2026-01-31T12%3A00%3A00Z`);
  });

  test('with several faults are refused with all of them, the first ones in the sentence', async () => {
    const error = await refusalOf(spec, { titel: 1, state: 'opne', per_page: '5', labels: ['', ''], since: 'today' });
    expect(error.details).toEqual(
      expect.arrayContaining([
        { path: 'params.title', message: 'is required' },
        { path: 'params.titel', message: 'unknown parameter `titel`, did you mean `title`?' },
        { path: 'params.state', message: 'must be one of `open`, `closed`, did you mean `open`?' },
        { path: 'params.per_page', message: 'must be an integer, not a string' },
        { path: 'params.labels.0', message: 'must have at least 1 characters' },
        { path: 'params.labels', message: 'must not hold an entry twice' },
        { path: 'params.since', message: 'must be written as a date and time, such as 2026-01-31T12:00:00Z' },
      ]),
    );
    expect(error.message).toMatch(/^The parameters do not fit notes\.do_it: `title` is required; .*\(and \d+ more, see details\)\.$/);
  });

  test.each([
    ['titel', 'title'],
    ['tilte', 'title'],
    ['perPage', 'per_page'],
    ['pageSize', 'per_page'],
    ['label', 'labels'],
    ['STATE', 'state'],
  ])('under the unknown name %s bring %s to mind', async (unknown, known) => {
    const error = await refusalOf(spec, { title: 'x', [unknown]: 'y' });
    expect(error.message).toBe(`The parameters do not fit notes.do_it: unknown parameter \`${unknown}\`, did you mean \`${known}\`?`);
  });

  test('under a name that is like no other list what there is', async () => {
    const error = await refusalOf(spec, { title: 'x', zebra: 1 });
    expect(error.message).toContain('unknown parameter `zebra`; there are `title`, `state`, `per_page`, `labels`, `since`');
    expect((await refusalOf({}, { zebra: 1 })).message).toContain('unknown parameter `zebra`; there are none');
  });

  test.each([[null], [[]], ['text'], [5]])('that are no object are refused: %j', async (params) => {
    if (params === null) expect((await prepare({}, params)).url).toBe(`${baseUrl}/things`);
    else expect((await refusalOf({}, params)).message).toContain('`params` must be an object');
  });

  test('with endless faults are refused shortly', async () => {
    const error = await refusalOf(spec, { title: 'x', labels: Array.from({ length: 100_000 }, () => 1) });
    expect(error.details?.length).toBeLessThanOrEqual(20);
    const unknown = await refusalOf(spec, { title: 'x', ['y'.repeat(100_000)]: 1 });
    expect(unknown.message.length).toBeLessThan(500);
    const many = await refusalOf(spec, Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`name${at}`, 1])));
    expect(many.details).toHaveLength(20);
    expect(many.message).toContain('(and 998 more, see details)');
  });

  test('named like members of every object are taken as unknown', async () => {
    for (const params of [JSON.parse('{"__proto__":1}'), { constructor: 1 }, { toString: 1 }])
      expect((await refusalOf({}, params)).message).toContain('unknown parameter');
  });

  test('with a default are sent without being given only where the recipe says so', async () => {
    const parameters = {
      sent: textParameter('query', { default: 'a', send_default: true }),
      documented: textParameter('query', { default: 'b' }),
    };
    expect((await prepare({ parameters })).url).toBe(`${baseUrl}/things?sent=a`);
    expect((await prepare({ parameters }, { sent: 'c', documented: 'd' })).url).toBe(`${baseUrl}/things?sent=c&documented=d`);
  });

  test('of nested values name the place of a fault', async () => {
    const parameters = {
      filter: {
        in: 'body',
        type: 'object',
        description: 'A filter.',
        properties: { colour: { type: 'string' } },
        additionalProperties: false,
      },
    };
    const error = await refusalOf({ method: 'POST', parameters }, { filter: { color: 'red' } });
    expect(error.details).toEqual([{ path: 'params.filter.color', message: 'unknown property `color`, did you mean `colour`?' }]);
  });
});

describe('a path', () => {
  const spec = {
    path: '/repos/{owner}/{repo}/contents/{path}/end',
    parameters: {
      repo: textParameter('path', { split: '{owner}/{repo}', required: true }),
      path: textParameter('path', { segments: true, required: true }),
    },
  };
  const one = { path: '/users/{name}/end', parameters: { name: textParameter('path', { required: true }) } };

  test('takes one value for two segments and one for many', async () => {
    const { url } = await prepare(spec, { repo: 'octo org/hello', path: 'src/a b.ts' });
    expect(url).toBe(`${baseUrl}/repos/octo%20org/hello/contents/src/a%20b.ts/end`);
  });

  test.each(['octo', 'octo/', '/hello', 'octo/hello/more', 'octo//hello', '../hello', 'octo/..', './hello'])(
    'refuses %s as owner/repo',
    async (repo) => {
      const error = await refusalOf(spec, { repo, path: 'a' });
      expect(error.details?.[0]?.path).toBe('params.repo');
    },
  );

  test('says how owner/repo is written', async () => {
    expect((await refusalOf(spec, { repo: 'octo', path: 'a' })).message).toContain('`repo` must look like `owner/repo`');
  });

  test.each(['..', '.', '../..', 'a/../b', 'a/./b', '/a', 'a/', 'a//b', '', '\0', 'a\r\nb', 'a/\t/b', '\ud800'])(
    'refuses %j as several segments',
    async (path) => {
      expect((await refusalOf(spec, { repo: 'o/r', path })).details?.[0]?.path).toBe('params.path');
    },
  );

  test.each(['..', '.', '', '\0', 'a\rb', 'a\nb', '\u007f', '\udfff'])('refuses %j as a segment', async (name) => {
    expect((await refusalOf(one, { name })).details?.[0]?.path).toBe('params.name');
  });

  test.each([
    ['../etc', '..%2Fetc'],
    ['%2e%2e', '%252e%252e'],
    ['%2e%2e%2fetc', '%252e%252e%252fetc'],
    ['//evil.example', '%2F%2Fevil.example'],
    ['@evil.example', '%40evil.example'],
    ['..\\etc', '..%5Cetc'],
    ['a?b=c#d', 'a%3Fb%3Dc%23d'],
    ['a;b', 'a%3Bb'],
    ['...', '...'],
    ['é😀', '%C3%A9%F0%9F%98%80'],
  ])('encodes %s inside its segment', async (name, encoded) => {
    const { url } = await prepare(one, { name });
    expect(url).toBe(`${baseUrl}/users/${encoded}/end`);
    expect(new URL(url).pathname).toBe(`/v1/users/${encoded}/end`);
  });

  const anyText = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'E', 'f', '@', ':', '?', '#', ';', '\0', '\r', '\n', 'a') }),
  );

  test('never leaves its segment, whatever the argument', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (name) => {
        const prepared = await prepare(one, { name }).catch((error: SkillettError) => error);
        if (prepared instanceof SkillettError) return prepared.code === 'bad_request';
        const url = new URL(prepared.url);
        const segments = url.pathname.split('/');
        return (
          url.origin === 'https://api.example.org' &&
          url.search === '' &&
          url.hash === '' &&
          segments.length === 5 &&
          decodeURIComponent(segments[3] as string) === name &&
          segments[4] === 'end'
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test('never leaves its place with several segments, whatever the argument', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (path) => {
        const prepared = await prepare(spec, { repo: 'o/r', path }).catch((error: SkillettError) => error);
        if (prepared instanceof SkillettError) return prepared.code === 'bad_request';
        const { pathname } = new URL(prepared.url);
        const inner = pathname.slice('/v1/repos/o/r/contents/'.length, -'/end'.length);
        return (
          pathname.startsWith('/v1/repos/o/r/contents/') &&
          pathname.endsWith('/end') &&
          inner.split('/').map(decodeURIComponent).join('/') === path
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes numbers', async () => {
    expect(
      (await prepare({ path: '/n/{n}', parameters: { n: { in: 'path', type: 'integer', description: 'N.', required: true } } }, { n: 42 }))
        .url,
    ).toBe(`${baseUrl}/n/42`);
  });
});

describe('a query', () => {
  const listed = (style?: string) => ({
    parameters: {
      a: { in: 'query', type: 'array', items: { type: 'string' }, description: 'A.', ...(style ? { array_style: style } : {}) },
    },
  });

  test.each([
    [undefined, 'a=x%20y&a=b%2Cc'],
    ['repeat', 'a=x%20y&a=b%2Cc'],
    ['comma', 'a=x%20y,b%2Cc'],
    ['space', 'a=x%20y%20b%2Cc'],
    ['brackets', 'a%5B%5D=x%20y&a%5B%5D=b%2Cc'],
  ])('writes lists in the style %s', async (style, query) => {
    expect((await prepare(listed(style), { a: ['x y', 'b,c'] })).url).toBe(`${baseUrl}/things?${query}`);
  });

  test('leaves empty lists and nulls out', async () => {
    expect((await prepare(listed(), { a: [] })).url).toBe(`${baseUrl}/things`);
    expect((await prepare({ parameters: { a: { in: 'query', type: ['string', 'null'], description: 'A.' } } }, { a: null })).url).toBe(
      `${baseUrl}/things`,
    );
  });

  test('carries constants, booleans and numbers', async () => {
    const parameters = { yes: { in: 'query', type: 'boolean', description: 'Y.' }, n: { in: 'query', type: 'number', description: 'N.' } };
    expect((await prepare({ query: { 'a b': 'c&d' }, parameters }, { yes: false, n: 1.5 })).url).toBe(
      `${baseUrl}/things?a%20b=c%26d&yes=false&n=1.5`,
    );
  });

  test('holds one value for one name, whatever the value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (a) => {
        const { url } = await prepare({ parameters: { a: textParameter('query'), b: textParameter('query') } }, { a, b: '1' });
        expect([...new URL(url).searchParams]).toEqual([
          ['a', a],
          ['b', '1'],
        ]);
      }),
    );
  });

  test('refuses half a character', async () => {
    expect((await refusalOf({ parameters: { a: textParameter('query') } }, { a: '\ud800' })).details?.[0]?.path).toBe('params.a');
  });
});

describe('headers', () => {
  const withHeaders = makeIntegration(baseUrl, {}, { recipe: { headers: { Accept: 'application/json', 'X-Version': '1' } } });
  const spec = {
    headers: { 'x-version': '2' },
    parameters: {
      tag: textParameter('header', { as: 'If-None-Match' }),
      n: { in: 'header', type: 'integer', description: 'N.', as: 'X-N' },
    },
  };

  test("are the recipe's, the endpoint's over them, and the caller's where a parameter says so", async () => {
    const { headers } = await prepare(spec, { tag: '"abc"', n: 3 }, withHeaders);
    expect(headers).toEqual({
      accept: 'application/json',
      'user-agent': 'skillett',
      'x-version': '2',
      'if-none-match': '"abc"',
      'x-n': '3',
    });
  });

  test.each(['a\r\nX-Evil: 1', 'a\nb', 'a\0b', 'a\tb', 'é', '\u007f'])('refuse %j', async (tag) => {
    const error = await refusalOf(spec, { tag });
    expect(error.details).toEqual([{ path: 'params.tag', message: expect.stringContaining('printable ASCII') }]);
  });

  test('of one call do not show in the next', async () => {
    const endpoint = makeEndpoint(spec);
    await prepareRequest(withHeaders, endpoint, { tag: 'one' });
    expect((await prepareRequest(withHeaders, endpoint, {})).headers).not.toHaveProperty('if-none-match');
  });
});
describe('an address', () => {
  const own = { base_url: 'https://uploads.example.org' };

  test("is the endpoint's own where the recipe gives it one, and the operator's where one is set", async () => {
    const recipes = makeIntegration(baseUrl, {}, { baseUrlOverridden: false });
    expect((await prepare({}, {}, recipes)).url).toBe(`${baseUrl}/things`);
    expect((await prepare(own, {}, recipes)).url).toBe('https://uploads.example.org/things');
    expect((await prepare(own, {}, notes)).url).toBe(`${baseUrl}/things`);
  });
});
