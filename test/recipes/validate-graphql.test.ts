/** GraphQL documents in recipes: what cannot be right is refused when the recipe is read. */
import { describe, expect, it } from 'vitest';
import { faultsAfter as faultsOfChanges, type Sound } from './sound-recipe.ts';

/** `upload_file` as a query, and `create_letter` as a mutation. */
const asGraphql = (s: Sound) => {
  s.files.endpoints.upload_file = {
    method: 'POST',
    path: '/graphql',
    description: 'Find files.',
    read_only: true,
    graphql: {
      document:
        'query Find($name: String!, $first: Int = 10, $tags: [String!], $at: Moment) { found: files(name: $name, first: $first, tags: $tags, at: $at) { ...page } } fragment page on Page { ... on Page { nodes { id } } }',
      data: 'found.nodes',
    },
    parameters: {
      name: { in: 'body', type: 'string', description: 'Its name.', required: true },
      count: { in: 'body', as: 'first', type: ['integer', 'null'], description: 'How many.' },
      tags: { in: 'body', type: 'array', items: { type: 'string' }, description: 'Tags.' },
      at: { in: 'body', type: 'string', format: 'date-time', description: 'When.' },
      team: { in: 'header', as: 'X-Team', type: 'string', description: 'Team.' },
    },
    answer: 'Files.',
    example: { name: 'a' },
  };
  const { create } = s;
  delete create.body;
  create.graphql = { document: 'mutation ($text: String!) { write(text: $text) { id } }' };
  create.parameters = { text: create.parameters.text };
  create.example = { text: 'Dear Ada' };
};
const find = (s: Sound) => s.files.endpoints.upload_file;

const faultsAfter = (change: (sound: Sound) => unknown) => faultsOfChanges(asGraphql, change);

describe('a recipe may send', () => {
  it.each<[string, (s: Sound) => unknown]>([
    ['a query and a mutation', () => {}],
    ['all of `data`', (s) => delete find(s).graphql.data],
    [
      'a default where a variable must be set',
      (s) => Object.assign(find(s).parameters.name, { required: false, default: 'a', send_default: true }),
    ],
    ['codes of failures without an expression for them', (s) => (find(s).success = { status: { NOT_FOUND: 404 } })],
    [
      'a query that proves the credential',
      (s) => Object.assign(s.recipe.verify, { method: 'POST', path: '/graphql', graphql: { document: '{ me { id email } }', data: 'me' } }),
    ],
  ])('%s', async (_what, change) => {
    expect(await faultsAfter(change)).toEqual([]);
  });
});

const findFault = (rest: string) => `letters/files.json: endpoints.upload_file.${rest}`;
const document = (text: string, data?: string) => (s: Sound) => (find(s).graphql = { document: text, ...(data ? { data } : {}) });

describe('a recipe is refused for', () => {
  it.each<[string, (s: Sound) => unknown, string[]]>([
    [
      'a document that cannot be read',
      document('query { a('),
      [findFault('graphql.document: is no sound GraphQL document: Syntax Error: Expected Name, found <EOF>.')],
    ],
    [
      'a variable that is not defined',
      document('query ($name: String!) { a(name: $name, first: $first) }'),
      [findFault('graphql.document: is no sound GraphQL document: Variable "$first" is not defined.')],
    ],
    [
      'a fragment that is not there',
      document('{ a { ...page } }'),
      [findFault('graphql.document: is no sound GraphQL document: Unknown fragment "page".')],
    ],
    [
      'two operations',
      document('query A { a } query B { b }'),
      [findFault('graphql.document: must hold exactly one operation, a query or a mutation')],
    ],
    [
      'a subscription',
      document('subscription { a }'),
      [findFault('graphql.document: must hold exactly one operation, a query or a mutation')],
    ],
    [
      'a path to what is not selected',
      (s) => (find(s).graphql.data = 'found.edges'),
      [findFault('graphql.data: the document does not select found.edges')],
    ],
    [
      'the name of a field that has an alias',
      (s) => (find(s).graphql.data = 'files'),
      [findFault('graphql.data: the document does not select files')],
    ],
    [
      'a path that is an expression',
      (s) => (find(s).graphql.data = 'found.nodes[0]'),
      [findFault('graphql.data: names of selected fields joined by dots, such as issues or issueCreate.issue')],
    ],
    [
      'a query that is not said to only read',
      (s) => delete find(s).read_only,
      [findFault('read_only: must be true, since a query changes nothing')],
    ],
    [
      'a mutation that is said to only read',
      (s) => (s.create.read_only = true),
      ['letters/letters.json: endpoints.create_letter.read_only: cannot be true, since a mutation changes things'],
    ],
    ['another method', (s) => (find(s).method = 'PUT'), [findFault('method: must be POST, by which the document is sent')]],
    [
      'a body beside it',
      (s) => (find(s).body = { encoding: 'json' }),
      [findFault('body: cannot stand beside `graphql`: the document and its variables are the whole body')],
    ],
    [
      'a variable without a parameter',
      (s) => delete find(s).parameters.tags,
      [findFault('graphql.document: no parameter in the body fills $tags')],
    ],
    [
      'a parameter without a variable',
      (s) => (find(s).parameters.more = { in: 'body', type: 'string', description: 'More.' }),
      [findFault('parameters.more.in: the document has no variable $more')],
    ],
    [
      'a parameter of another variable',
      (s) => (find(s).parameters.count.as = '/first'),
      [
        findFault('graphql.document: no parameter in the body fills $first'),
        findFault('parameters.count.as: the document has no variable $/first'),
      ],
    ],
    [
      'a variable that may be left out and must not be',
      (s) => (find(s).parameters.name.required = false),
      [findFault('parameters.name.required: must be true (or give a `default` with `send_default`), since $name must be set')],
    ],
    [
      'null for a variable that cannot be null',
      (s) => (find(s).parameters.name.type = ['string', 'null']),
      [findFault('parameters.name.type: cannot be null, since the variable cannot')],
    ],
    [
      'a value of another type',
      (s) => (find(s).parameters.count.type = 'string'),
      [findFault('parameters.count.type: must be integer, since the variable is of type Int')],
    ],
    [
      'one value for a list',
      (s) => Object.assign(find(s).parameters.tags, { type: 'string', items: undefined }),
      [findFault('parameters.tags.type: must be array, since the variable is a list')],
    ],
    [
      'a list of another type',
      (s) => (find(s).parameters.tags.items.type = 'integer'),
      [findFault('parameters.tags.items.type: must be string, since the variable is of type String')],
    ],
    [
      'members that would join the variables',
      (s) => {
        document('query ($more: More) { a(more: $more) }')(s);
        find(s).parameters = { more: { in: 'body', type: 'object', description: 'More.', merge: true } };
        find(s).example = {};
      },
      [findFault('parameters.more.merge: is not for a variable of a document')],
    ],
    [
      'a proof of the credential that changes something, or asks for values',
      (s) => Object.assign(s.recipe.verify, { graphql: { document: 'mutation ($id: ID!) { me(id: $id) { id } }' } }),
      [
        'letters/recipe.json: verify.method: must be POST, by which the document is sent',
        'letters/recipe.json: verify.graphql.document: must be a query: proving a credential changes nothing',
        'letters/recipe.json: verify.graphql.document: nothing fills $id: write its value into the document',
      ],
    ],
  ])('%s', async (_what, change, faults) => {
    expect(await faultsAfter(change)).toEqual(faults);
  });
});
