/** `npm run recipes`: the command that drafts and checks recipes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const letters = {
  openapi: '3.1.0',
  info: { title: 'Letters', version: '1' },
  paths: {
    '/letters/{letter-id}': { post: { operationId: 'sendLetter', parameters: [{ in: 'cookie', name: 'crumb' }] } },
    '/letters': { get: {} },
  },
};

const folder = mkdtempSync(path.join(tmpdir(), 'skillett-draft-'));
const file = path.join(folder, 'letters.json');
beforeAll(() => writeFileSync(file, JSON.stringify(letters)));
afterAll(() => rmSync(folder, { recursive: true }));

const script = path.resolve(import.meta.dirname, '../../scripts/recipes.ts');
const command = (...words: string[]) => spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' });
const run = (...more: string[]) => command('scaffold', ...more);

it('drafts are printed by `npm run recipes -- scaffold`, and what they lack beside them', () => {
  expect(run(file).stdout.split('\n').slice(0, 2)).toEqual([
    'POST /letters/{letter-id}\tsendLetter\tsend_letter',
    'GET /letters\t\tlist_letters',
  ]);
  const drafted = run(file, 'sendLetter');
  expect(Object.keys(JSON.parse(drafted.stdout).endpoints)).toEqual(['send_letter']);
  expect(drafted.stderr).toContain('send_letter: cookie crumb: cookies are not sent');
  for (const [given, message] of [
    [[file, 'nothing'], 'The description has no operation nothing. Without a name, scaffold lists them.'],
    [[path.join(folder, 'none.json')], 'no such file'],
    [[], 'npm run recipes -- scaffold <file or slug>'],
    [[script], 'The text'],
  ] as [string[], string][]) {
    const { status, stderr } = run(...given);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});

it('drafts of a GraphQL schema hold its document, and are named by field', () => {
  const schema = path.join(folder, 'doors.graphql');
  writeFileSync(
    schema,
    'type Query { door(id: ID!): Door } type Mutation { doorCreate(name: String!): Door } type Door { id: ID! name: String }',
  );
  expect(run(schema).stdout).toBe('query door\tdoor\tget_door\nmutation doorCreate\tdoorCreate\tcreate_door\n');
  const { status, stdout, stderr } = run(schema, 'query door', 'doorCreate');
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout).endpoints).toEqual({
    get_door: {
      method: 'POST',
      path: '/graphql',
      description: '',
      parameters: { id: { in: 'body', type: 'string', required: true, description: '' } },
      read_only: true,
      graphql: { document: 'query ($id: ID!) { door(id: $id) { id name } }', data: 'door' },
      answer: '',
      example: {},
    },
    create_door: expect.objectContaining({
      graphql: { document: 'mutation ($name: String!) { doorCreate(name: $name) { id name } }', data: 'doorCreate' },
    }),
  });
  expect(run(schema, 'query room')).toMatchObject({ status: 2, stderr: expect.stringContaining('no operation query room') });
  writeFileSync(schema, 'type Query { door: Gate }');
  expect(run(schema)).toMatchObject({ status: 2, stderr: expect.stringContaining('The text is no GraphQL schema: Unknown type') });
});

it('a recipe is checked by its name, and says how much of it is proved', () => {
  expect(command('check', 'slack', 'sandbox')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^slack: \d+ endpoints, \d+ proved\nsandbox: \d+ endpoints, 0 proved\. The service is/),
  });
  const unknown = command('check', 'slock');
  expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringMatching(/^There is no recipe slock\. There are .*slack/)]);
  expect(command('chekc')).toMatchObject({ status: 2, stderr: expect.stringContaining('npm run recipes -- check [slug …]') });
});
