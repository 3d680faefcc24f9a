/** What a recipe says of lean answers: what can never run, and what contradicts the rest, is refused when the recipe is read. */
import { expect, it } from 'vitest';
import { faultsAfter, type Sound } from './sound-recipe.ts';

/** A list with all that can be said, and an endpoint that gives one row in full. */
function addLean(s: Sound): void {
  const { list } = s;
  Object.assign(list, {
    ...{ rows: 'letters', total: 'total', incomplete: 'partial' },
    lean: { id: 'id', at: 'sent | minute', from: "(headers | [?name=='From']) | header From", short: 'id | first 7' },
    more_columns: { body: 'body | plain_text' },
    expand: { endpoint: 'get_letter', parameters: { name: 'id' }, columns: { text: 'text | line', pages: 'pages | count' } },
  });
  s.letters.endpoints.get_letter = {
    ...{ method: 'GET', path: '/letters/{name}', description: 'Get a letter.', answer: 'The letter.', example: { name: 'x' } },
    parameters: {
      name: { in: 'path', type: 'string', description: 'Which.', required: true },
      part: { in: 'query', type: 'string', description: 'Which part.' },
    },
  };
}

it('takes columns with every kind of path, and further ones that an endpoint of its own gives row by row', async () => {
  expect(await faultsAfter(addLean)).toEqual([]);
  expect(await faultsAfter(addLean, (s) => (s.list.expand.params = { part: 'all' }))).toEqual([]);
});

const all = 'minute, date, tail, first, line, header, mail_text, plain_text, failed, count';

it.each<[string, (sound: Sound) => unknown, string]>([
  ['an unknown transformation', (s) => (s.list.lean.at = 'sent | hour'), `lean.at: uses | hour: there are ${all}`],
  ['an inherited name for one', (s) => (s.list.lean.at = 'sent | constructor'), `lean.at: uses | constructor: there are ${all}`],
  ['a bar with nothing behind it', (s) => (s.list.lean.at = 'sent |'), `lean.at: uses a bar with nothing behind it: there are ${all}`],
  [
    'an argument for one that takes none',
    (s) => (s.list.lean.at = 'sent | minute 2'),
    'lean.at: gives minute an argument, and it takes none',
  ],
  ['no number where one is needed', (s) => (s.list.lean.short = 'id | first'), 'lean.short: needs a number behind first, from 1 to 999'],
  ['a number that is too large', (s) => (s.list.lean.short = 'id | tail 1000'), 'lean.short: needs a number behind tail, from 1 to 999'],
  [
    'no name of a header',
    (s) => (s.list.lean.from = 'headers | header'),
    'lean.from: needs a name behind header, of letters, digits and hyphens',
  ],
  ['an expression that calls nothing', (s) => (s.list.lean.id = 'frob(id)'), 'lean.id: calls frob(), which is no function of JMESPath'],
  ['a column that is there twice', (s) => (s.list.more_columns.id = 'id'), 'more_columns.id: is a column already'],
  ['one of each row that is there twice', (s) => (s.list.expand.columns.body = 'body'), 'expand.columns.body: is a column already'],
  ['no column', (s) => (s.list.lean = {}), 'lean: needs a column'],
  [
    'a broken path of what is fetched',
    (s) => (s.list.expand.columns.text = 'text | upper'),
    `expand.columns.text: uses | upper: there are ${all}`,
  ],
  [
    'a call of an endpoint that is not there',
    (s) => (s.list.expand.endpoint = 'get_post'),
    'expand.endpoint: there is no endpoint get_post',
  ],
  [
    'a call of an endpoint that writes',
    (s) => Object.assign(s.list.expand, { endpoint: 'create_letter', parameters: { text: 'id' } }),
    'expand.endpoint: create_letter changes things: only reads are called by themselves',
  ],
  ['an unknown parameter of that call', (s) => (s.list.expand.parameters.box = 'id'), 'expand: get_letter has no parameter box'],
  ['a needed parameter that is missing', (s) => (s.list.expand.parameters = {}), 'expand: get_letter needs the parameter name'],
])('refuses %s', async (_what, change, fault) => {
  expect(await faultsAfter(addLean, change)).toEqual([`letters/letters.json: endpoints.list_letters.${fault}`]);
});

it('refuses a path that is no expression, and what adds to columns that are not there', async () => {
  expect(await faultsAfter(addLean, (s) => (s.list.lean.id = 'a['))).toEqual([
    expect.stringMatching(/^letters\/letters.json: endpoints.list_letters.lean.id: is not a JMESPath expression: /),
  ]);
  expect((await faultsAfter(addLean, (s) => delete s.list.lean)).sort()).toEqual([
    'letters/letters.json: endpoints.list_letters.expand: adds to the columns of `lean`, which is missing',
    'letters/letters.json: endpoints.list_letters.incomplete: is for lean answers: say their columns with `lean`',
    'letters/letters.json: endpoints.list_letters.more_columns: adds to the columns of `lean`, which is missing',
    'letters/letters.json: endpoints.list_letters.rows: is for lean answers: say their columns with `lean`',
    'letters/letters.json: endpoints.list_letters.total: is for lean answers: say their columns with `lean`',
  ]);
  const { lean, expand } = {
    lean: { id: 'id' },
    expand: { endpoint: 'get_letter', parameters: { name: 'id' }, columns: { text: 'text' } },
  };
  expect(await faultsAfter(addLean, (s) => Object.assign(s.create, { lean, expand }))).toEqual([
    'letters/letters.json: endpoints.create_letter.expand: is for reads',
  ]);
});
