/** What an endpoint does and how its pages are asked for: what contradicts itself is refused when the recipe is read. */
import { expect, it } from 'vitest';
import { faultsAfter, type Sound } from './sound-recipe.ts';

it('takes two or three everyday phrases of an endpoint', async () => {
  expect(await faultsAfter((s) => (s.list.say = ['read my post', 'what came in']))).toEqual([]);
  expect(await faultsAfter((s) => (s.list.say = ['any mail', 'x'.repeat(60), 'read my post']))).toEqual([]);
});

it.each<[string, (sound: Sound) => unknown, string]>([
  [
    'one everyday phrase alone',
    (s) => (s.list.say = ['read my post']),
    'letters/letters.json: endpoints.list_letters.say: Too small: expected array to have >=2 items',
  ],
  [
    'four everyday phrases',
    (s) => (s.list.say = ['read my post', 'what came in', 'any mail', 'who wrote']),
    'letters/letters.json: endpoints.list_letters.say: Too big: expected array to have <=3 items',
  ],
  [
    'an everyday phrase that is a paragraph',
    (s) => (s.list.say = ['read my post', 'x'.repeat(61)]),
    'letters/letters.json: endpoints.list_letters.say.1: one line of 3 to 60 characters',
  ],
  [
    'a DELETE that only reads',
    (s) => (s.drop_file.read_only = true),
    'letters/files.json: endpoints.drop_file.read_only: a DELETE is never read-only',
  ],
  [
    'a read that destroys',
    (s) => (s.list.destructive = true),
    'letters/letters.json: endpoints.list_letters.destructive: an endpoint that only reads destroys nothing',
  ],
  [
    'a DELETE that is said to destroy nothing',
    (s) => (s.drop_file.destructive = false),
    'letters/files.json: endpoints.drop_file.destructive: a DELETE destroys, unless `undone_by` names the endpoint that undoes it: say that in its place',
  ],
  [
    'an undoing endpoint that is not there',
    (s) => (s.drop_file.undone_by = 'undrop_file'),
    'letters/files.json: endpoints.drop_file.undone_by: there is no other endpoint undrop_file',
  ],
  [
    'an endpoint that undoes itself',
    (s) => (s.drop_file.undone_by = 'drop_file'),
    'letters/files.json: endpoints.drop_file.undone_by: there is no other endpoint drop_file',
  ],
  [
    'something destroyed that can be undone',
    (s) => Object.assign(s.drop_file, { destructive: true, undone_by: 'create_letter' }),
    'letters/files.json: endpoints.drop_file.undone_by: what can be undone is not destructive: leave out one of the two',
  ],
  [
    'a read that is undone',
    (s) => (s.list.undone_by = 'create_letter'),
    'letters/letters.json: endpoints.list_letters.undone_by: an endpoint that only reads leaves nothing to undo',
  ],
  [
    'redirects of a write',
    (s) => (s.create.follow_redirects = true),
    'letters/letters.json: endpoints.create_letter.follow_redirects: only reads may follow redirects',
  ],
  [
    'paging by an unknown parameter',
    (s) => (s.list.pagination.parameter = 'page'),
    'letters/letters.json: endpoints.list_letters.pagination.parameter: there is no parameter page',
  ],
  [
    'paging by an inherited name',
    (s) => (s.list.pagination.size_parameter = 'constructor'),
    'letters/letters.json: endpoints.list_letters.pagination.size_parameter: there is no parameter constructor',
  ],
  [
    'cursors from nowhere',
    (s) => delete s.list.pagination.next,
    'letters/letters.json: endpoints.list_letters.pagination.next: belongs to the style `cursor`, and that style needs it',
  ],
  [
    'a list without the parameter that asks for its next page',
    (s) => delete s.list.pagination.parameter,
    'letters/letters.json: endpoints.list_letters.pagination.parameter: is missing: the parameter that asks for the next page',
  ],
  [
    'a link to the next page that stands nowhere',
    (s) => (s.list.pagination = { style: 'next_link' }),
    'letters/letters.json: endpoints.list_letters.pagination.next: the style `next_link` needs either this, the place of the link in the answer, or `next_header`',
  ],
  [
    'a link to the next page that stands in two places',
    (s) => (s.list.pagination = { style: 'next_link', next: 'next', next_header: 'link' }),
    'letters/letters.json: endpoints.list_letters.pagination.next: the style `next_link` needs either this, the place of the link in the answer, or `next_header`',
  ],
  [
    'a parameter beside a link to the next page',
    (s) => Object.assign(s.list.pagination, { style: 'next_link' }),
    'letters/letters.json: endpoints.list_letters.pagination.parameter: has no meaning beside a link',
  ],
  [
    'the header of links beside another style',
    (s) => Object.assign(s.list.pagination, { next_header: 'link' }),
    'letters/letters.json: endpoints.list_letters.pagination.next_header: belongs to the style `next_link`',
  ],
  [
    'a broken expression for the next page',
    (s) => (s.list.pagination.next = 'next.['),
    'letters/letters.json: endpoints.list_letters.pagination.next: is not a JMESPath expression: ',
  ],
  [
    'a broken expression for the rows',
    (s) => (s.list.pagination.items = 'rows.['),
    'letters/letters.json: endpoints.list_letters.pagination.items: is not a JMESPath expression: ',
  ],
  [
    'an expression that is endless',
    (s) => (s.list.pagination.items = `a${'.a'.repeat(500)}`),
    'letters/letters.json: endpoints.list_letters.pagination.items: Too big: expected string to have <=1000 characters',
  ],
  [
    'a word about further pages beside tokens',
    (s) => (s.list.pagination.more = 'more'),
    'letters/letters.json: endpoints.list_letters.pagination.more: belongs to the styles `page` and `offset`',
  ],
  [
    'further rows that begin nobody knows where',
    (s) => (s.list.pagination = { style: 'offset', parameter: 'size', more: 'more' }),
    'letters/letters.json: endpoints.list_letters.pagination.items: is missing: with `more`, the next page begins after the rows',
  ],
  [
    'counting up what is no number',
    (s) => (s.list.pagination = { style: 'page', parameter: 'cursor', more: 'more' }),
    'letters/letters.json: endpoints.list_letters.parameters.cursor.type: must be integer, since `pagination.more` counts it up',
  ],
  [
    'a header of answers that sets a cookie',
    (s) => (s.list.answer_headers = ['etag', 'set-cookie']),
    'letters/letters.json: endpoints.list_letters.answer_headers.1: set-cookie has a meaning of its own in answers of the gateway',
  ],
  [
    'a header of answers that is ours',
    (s) => (s.list.answer_headers = ['x-skillett-next']),
    'letters/letters.json: endpoints.list_letters.answer_headers.0: x-skillett-next has a meaning of its own',
  ],
  [
    'a header of answers that belongs to one connection',
    (s) => (s.list.answer_headers = ['transfer-encoding']),
    'letters/letters.json: endpoints.list_letters.answer_headers.0: transfer-encoding has a meaning of its own',
  ],
  [
    'a header of answers in which the credential travels',
    (s) => (s.list.answer_headers = ['x-letters-key']),
    'letters/letters.json: endpoints.list_letters.answer_headers.0: x-letters-key is where the credential travels',
  ],
  [
    'a header of answers that is named twice',
    (s) => (s.list.answer_headers = ['etag', 'etag']),
    'letters/letters.json: endpoints.list_letters.answer_headers.1: etag is listed twice',
  ],
  [
    'a stream with pages',
    (s) => (s.list.answer_stream = 'sse'),
    'letters/letters.json: endpoints.list_letters.answer_stream: cannot stand beside `pagination`: a stream has no pages',
  ],
  [
    'a stream that is asked for success',
    (s) => Object.assign(s.create, { answer_stream: 'ndjson', success: { when: 'ok' } }),
    'letters/letters.json: endpoints.create_letter.success: is not asked of a stream',
  ],
  [
    'a time that only streams may take',
    (s) => (s.create.timeout_ms = 600_000),
    'letters/letters.json: endpoints.create_letter.timeout_ms: must be at most 120000: only a stream may take longer',
  ],
  [
    'further pages of what changes things',
    (s) => {
      s.create.parameters.page = { in: 'body', type: 'integer', description: 'Which.' };
      s.create.pagination = { style: 'page', parameter: 'page', more: 'more' };
    },
    'letters/letters.json: endpoints.create_letter.pagination.more: is for reads: nothing else has a next page to give',
  ],
  [
    'other names of paths where nothing links to a page',
    (s) => (s.recipe.next_paths = { '/a': '/b' }),
    'letters/recipe.json: next_paths: is asked of links to next pages, and no endpoint gives one',
  ],
])('a recipe is refused for %s', async (_what, breakIt, expected) => {
  const faults = await faultsAfter(breakIt);
  expect(faults).toHaveLength(1);
  expect(faults[0]?.slice(0, expected.length)).toBe(expected);
});

it.each<[string, (s: Sound) => unknown]>([
  ['page numbers with a word about further ones', (s) => (s.list.pagination = { style: 'page', parameter: 'size', more: 'more' })],
  ['offsets with rows', (s) => (s.list.pagination = { style: 'offset', parameter: 'size', more: 'more', items: '@' })],
  ['a long stream', (s) => Object.assign(s.create, { answer_stream: 'sse', timeout_ms: 600_000 })],
  ['headers of answers', (s) => (s.list.answer_headers = ['etag', 'x-total-count', 'location', 'link'])],
  ['where the rows are beside tokens', (s) => (s.list.pagination.items = 'data.rows')],
  ['other names of paths beside a header of links', (s) => Object.assign(s.recipe, { next_paths: { '/a': '/b' }, next_header: 'link' })],
  [
    'other names of paths beside links in the answer',
    (s) => {
      s.recipe.next_paths = { '/a': '/b' };
      s.list.pagination = { style: 'next_link', next: 'next' };
    },
  ],
])('a recipe may say %s', async (_what, change) => {
  expect(await faultsAfter(change)).toEqual([]);
});
