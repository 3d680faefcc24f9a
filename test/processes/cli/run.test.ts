import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStand, type Stand } from './stand.ts';

let stand: Stand;
let server: Stand['server'];
let github: Stand['github'];
let command: Stand['command'];

beforeAll(async () => {
  stand = await openStand();
  ({ server, github, command } = stand);
});
beforeEach(() => stand.reset());
afterAll(() => stand.close());

const createIssue = (...flags: string[]) => command.run(['run', 'github', 'create_issue', '--repo', 'ada/notes', ...flags]);
const sent = () => JSON.parse(github.received.at(-1)?.body.toString() ?? 'null');

describe('run', () => {
  it('makes parameters of flags by the endpoint’s schema: a comma in a text stays a comma, and a list takes commas or is repeated', async () => {
    const issue = await createIssue('--title', 'Fails, always', '--labels', 'bug,help', '--assignees=ada', '--assignees', 'bob,eve');
    expect(issue).toMatchObject({ code: 0, stdout: '{"status":201,"data":{"number":7}}\n' });
    expect(sent()).toEqual({ title: 'Fails, always', labels: ['bug', 'help'], assignees: ['ada', 'bob,eve'] });
  });

  it('reads numbers, booleans and their denial, also with hyphens for underscores', async () => {
    github.json('[]');
    await command.run(['run', 'github', 'list_issues_for_repo', '--repo', 'ada/notes', '--per-page', '5']);
    expect(github.received.at(-1)?.target).toContain('per_page=5');
    await command.run(['run', 'github', 'create_pull', '--repo', 'a/b', '--title', 't', '--head', 'h', '--base', 'main', '--no-draft']);
    expect(sent().draft).toBe(false);
    await command.run(['run', 'github', 'create_pull', '--repo', 'a/b', '--draft', '--title', 't', '--head', 'h', '--base', 'main']);
    expect(sent()).toMatchObject({ draft: true, title: 't' });
  });

  it('takes values from a file and from standard input, and a doubled @ for one that is meant', async () => {
    writeFileSync(path.join(command.home, 'body.md'), '# Steps\n');
    await createIssue('--title', '@@ada says', '--body', '@body.md');
    expect(sent()).toEqual({ title: '@ada says', body: '# Steps\n' });
    await command.run(['run', 'github', 'create_issue', '--params', '-'], { input: '{"repo":"ada/notes","title":"From a pipe"}' });
    expect(sent()).toEqual({ title: 'From a pipe' });
    const missing = await createIssue('--title', 'x', '--body', '@none.md');
    expect(missing).toMatchObject({ code: 1, stderr: 'none.md cannot be used: it is not there.\n' });
  });

  it('sends account and idempotency key, and repeats nothing with the same key', async () => {
    const once = await createIssue('--title', 'Once', '--idempotency-key', 'k-1', '--account', 'ada');
    const again = await createIssue('--title', 'Once', '--idempotency-key', 'k-1', '--account', 'ada');
    expect([once.code, again.stdout]).toEqual([0, once.stdout]);
    expect(github.received).toHaveLength(1);
  });

  it('cuts the answer with --select, and gives the body alone with --raw', async () => {
    expect((await createIssue('--title', 'x', '--select', 'number')).stdout).toBe('{"status":201,"data":7}\n');
    expect((await createIssue('--title', 'x', '--raw')).stdout).toBe('{"number":7}');
  });

  it('gives rows and columns with --lean, with further ones by --with, and sends nothing for a column that there is not', async () => {
    const lean = JSON.parse((await createIssue('--title', 'x', '--lean')).stdout).data;
    expect(lean).toMatchObject({ columns: expect.arrayContaining(['number']), cut: expect.any(Array) });
    expect(lean.rows[0][lean.columns.indexOf('number')]).toBe(7);
    const sent = github.received.length;
    const refused = await createIssue('--title', 'x', '--with', 'nope');
    expect([refused.code, github.received.length]).toEqual([1, sent]);
    expect(refused.stderr).toContain('nope');
  });

  it('shows --lean as a table to a person, without what could move the cursor, and a failure as it came', async () => {
    github.json('[{"number":7,"title":"A\\u001b[2Jb","user":{"login":"ada"}}]');
    const list = ['run', 'github', 'list_issues_for_repo', '--repo', 'ada/notes', '--lean'];
    const { stdout } = await command.runOnTerminal(list);
    expect(stdout).toMatch(/number +.*title/);
    expect(stdout).toContain('A\\u001b[2Jb');
    expect(stdout).not.toContain('"columns"');
    github.json('{"message":"Gone"}', 410);
    expect((await command.runOnTerminal(list)).stdout).toContain('"message": "Gone"');
  });

  it('shows with --dry-run what would be sent, without the key, and sends nothing', async () => {
    const { code, stdout } = await createIssue('--title', 'x', '--dry-run');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      method: 'POST',
      url: `${server.url}/v1/github/create_issue`,
      headers: { 'content-type': 'application/json' },
      body: { params: { repo: 'ada/notes', title: 'x' } },
    });
    expect(stdout).not.toContain(server.key);
    expect(github.received).toEqual([]);
  });

  it('keeps every digit of a number: as it was typed on its way out, as it came on its way back', async () => {
    github.json('{"number":12345678901234567890}');
    const shown = await command.run(['run', 'github', 'get_issue', '--repo', 'a/b', '--issue_number', '9007199254740993', '--dry-run']);
    expect(shown.stdout).toContain('"issue_number": 9007199254740993\n');
    expect((await createIssue('--title', 'x')).stdout).toBe('{"status":200,"data":{"number":12345678901234567890}}\n');
    expect((await command.runOnTerminal(['run', 'github', 'get_issue', '--repo', 'a/b', '--issue_number', '1'])).stdout).toContain(
      '"number": 12345678901234567890',
    );
  });

  it('ends with 1 and the nearest name, or all, for a flag that is none, and sends nothing', async () => {
    const { code, stderr } = await createIssue('--titel', 'x');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'There is no parameter --titel. Did you mean --title?\n' });
    const help = await command.run(['run', 'github', 'get_issue', '--help']);
    expect(help).toMatchObject({ code: 1, stderr: 'There is no parameter --help. The endpoint has --repo, --issue_number.\n' });
    expect(github.received).toEqual([]);
  });

  it.each([
    [['--title'], '--title needs a value.'],
    [['x'], '"x" is no flag. Parameters are given by name, as in --title "Login fails".'],
    [['--title', 'a', '--title', 'b'], '--title is given 2 times, and takes one value.'],
    [['--params', '[]'], '--params takes an object, as in {"title": "Hi"}.'],
  ])('ends with 1 for %j', async (flags, sentence) => {
    expect(await createIssue(...flags)).toMatchObject({ code: 1, stderr: `${sentence}\n` });
    expect(github.received).toEqual([]);
  });

  it('says in words what the server refused, with the link that helps, and keeps its answer on standard output', async () => {
    const missing = await command.run(['run', 'github', 'create_issue', '--repo', 'ada/notes']);
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: 'bad_request' });
    expect(missing.stderr).toContain('`title` is required');
    const unconnected = await command.run(['run', 'slack', 'send_message', '--channel', '#a', '--text', 'x']);
    expect(unconnected.code).toBe(1);
    expect(unconnected.stderr).toMatch(/connect their slack account first\.\n.*\/dashboard\/integrations/);
    expect(await command.run(['run', 'github', 'create_isue'])).toMatchObject({ code: 1, stderr: expect.stringContaining('create_issue') });
  });

  it('ends with 1 for the service’s 4xx and with 2 for its 5xx and for a server that is not there', async () => {
    github.json('{"message":"Gone"}', 410);
    expect(await createIssue('--title', 'x')).toMatchObject({ code: 1, stdout: '{"status":410,"error":{"message":"Gone"}}\n' });
    github.json('{"message":"Broken"}', 500);
    expect((await createIssue('--title', 'x')).code).toBe(2);
    const away = await command.run(['run', 'github', 'create_issue'], { env: { SKILLETT_URL: 'http://127.0.0.1:1' } });
    expect(away.code).toBe(2);
    expect(away.stderr).toBe(
      'No answer from http://127.0.0.1:1: nothing listens there. Start the server, or name another with --url, SKILLETT_URL or a profile.\n',
    );
  });

  it('prints several lines for a person on a terminal, and one line with --json', async () => {
    const flags = ['run', 'github', 'get_issue', '--repo', 'ada/notes', '--issue_number', '1'];
    expect((await command.runOnTerminal(flags)).stdout).toContain('{\r\n  "status": 201,\r\n  "data": {\r\n    "number": 7\r\n  }\r\n}');
    expect((await command.runOnTerminal([...flags, '--json'])).stdout).toContain('{"status":201,"data":{"number":7}}');
  });
});

describe('the catalogue', () => {
  it('lists, finds and explains, as JSON for a program and as tables and a document for a person', async () => {
    const { integrations } = JSON.parse((await command.run(['skills'])).stdout);
    expect(integrations.map(({ slug }: { slug: string }) => slug)).toContain('github');
    const table = await command.runOnTerminal(['skills']);
    expect(table.stdout).toMatch(/INTEGRATION +CONNECTED +ENDPOINTS +WHAT IT IS/);
    expect(JSON.parse((await command.run(['find', 'create', 'issue'])).stdout).endpoints[0]).toMatchObject({ endpoint: 'create_issue' });
    expect((await command.runOnTerminal(['skills', 'github', 'create_issue'])).stdout).toContain('# create_issue');
    expect(JSON.parse((await command.run(['skills', 'github', 'create_issue'])).stdout).schema.type).toBe('object');
  });

  it('names the nearest for a command or an integration that is none', async () => {
    expect(await command.run(['skils'])).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean skills?') });
    expect(await command.run(['skills', 'githbu'])).toMatchObject({ code: 1, stderr: expect.stringContaining('Integration not found.') });
  });

  it('shows the call log', async () => {
    await createIssue('--title', 'x');
    const { calls } = JSON.parse((await command.run(['calls', '--integration', 'github', '--limit', '1'])).stdout);
    expect(calls).toMatchObject([{ endpoint: 'create_issue', outcome: 'SUCCEEDED', account: 'ada' }]);
    expect((await command.runOnTerminal(['calls'])).stdout).toMatch(/github create_issue +ada +succeeded/);
    expect(await command.run(['calls', '--limit', '0'])).toMatchObject({ code: 1, stderr: '--limit takes a number from 1 to 100.\n' });
  });
});
