/** Skill files and guides as resources and skills, workflows as prompts, to a client of either era. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, callTool, endpoint, hello, revisions, rpc, type Stand, startStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());

describe.each(revisions)('a client of MCP %s', (_version, mode) => {
  it('finds the files of its services, reads them as they are downloaded, and is told of one that there is not', async () => {
    const key = await stand.newKey(['github:read', 'desk']);
    const client = await stand.connect(key, mode);
    const { resources } = await client.listResources();
    const uris = resources.map(({ uri }) => uri);
    expect(uris).toContain('skill://skillett-github/guides/pull-requests.md');
    expect(uris.filter((uri) => uri.endsWith('/SKILL.md'))).toEqual(['skill://skillett-desk/SKILL.md', 'skill://skillett-github/SKILL.md']);
    const { files } = (await stand.server.request('GET', '/v1/github/download', bearer(key))).json;
    for (const file of ['SKILL.md', 'guides/search.md', 'endpoints/issues/create_issue.md']) {
      const { contents } = await client.readResource({ uri: `skill://skillett-github/${file}` });
      const { content } = files.find((one: { file_path: string }) => one.file_path === file);
      expect(contents).toEqual([{ uri: `skill://skillett-github/${file}`, mimeType: 'text/markdown', text: content }]);
    }
    for (const uri of [
      'skill://skillett-github/guides/none.md',
      'skill://skillett-nothing/SKILL.md',
      'skill://skillett-github/../x.md',
      'file:///etc/passwd',
    ])
      await expect(client.readResource({ uri }), uri).rejects.toThrow(/not found|no such/i);
    await client.close();
  });

  it('gets workflows as prompts, as far as its key may make every call of them', async () => {
    const client = await stand.connect(await stand.newKey(['github']), mode);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain('github_triage_an_issue');
    const { messages } = await client.getPrompt({ name: 'github_triage_an_issue', arguments: { task: 'the one on logins' } });
    expect(messages).toHaveLength(1);
    const { text } = messages[0]!.content as { text: string };
    expect(text).toMatch(/^Triage an issue \(GitHub\)\. /);
    expect(text).toContain('What I want: the one on logins\n');
    expect(text).toMatch(/\n1\. github\.\w+: /);
    await expect(client.getPrompt({ name: 'github_nothing' })).rejects.toThrow('There is no prompt of this name');
    await client.close();
    const narrow = await stand.connect(await stand.newKey(['github.create_issue']), mode);
    expect((await narrow.listPrompts()).prompts).toEqual([]);
    await expect(narrow.getPrompt({ name: 'github_triage_an_issue' })).rejects.toThrow('There is no prompt of this name');
    await narrow.close();
  });
});

it('the skills of the extension are those of the key, each with the front matter of its file', async () => {
  const key = await stand.newKey(['github', 'desk']);
  const { json: greeted } = await rpc(stand.post, key, 'initialize', hello);
  expect(greeted.result.capabilities.extensions).toEqual({ 'io.modelcontextprotocol/skills': {} });
  const { skills } = (await rpc(stand.post, key, 'skills/list', {})).json.result;
  expect(skills.map(({ uri, frontmatter }: { uri: string; frontmatter: { name: string } }) => [uri, frontmatter.name])).toEqual([
    ['skill://skillett-desk/SKILL.md', 'skillett-desk'],
    ['skill://skillett-github/SKILL.md', 'skillett-github'],
  ]);
  const { skill } = (await rpc(stand.post, key, 'skills/get', { uri: 'skill://skillett-github/SKILL.md' })).json.result;
  expect(skill).toEqual(skills[1]);
  expect(skill.frontmatter.description).toContain('GitHub');
  for (const uri of ['skill://skillett-none/SKILL.md', 'skill://skillett-github/guides/search.md', 'skill://skillett-github/x/SKILL.md'])
    expect((await rpc(stand.post, key, 'skills/get', { uri })).json.error.code, uri).toBe(-32602);
});

it('no key that is not good gets any of it', async () => {
  const key = `sk_${'0'.repeat(48)}`;
  for (const [method, params] of [
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'skill://skillett-github/SKILL.md' }],
    ['prompts/list', {}],
    ['prompts/get', { name: 'github_triage_an_issue' }],
    ['skills/list', {}],
    ['skills/get', { uri: 'skill://skillett-github/SKILL.md' }],
  ] as const)
    expect((await rpc(stand.post, key, method, params)).status, method).toBe(401);
});

it('of more services than a page holds, lists go on by their cursor, and a prompt is found on any page', async () => {
  const slugs = Array.from({ length: 101 }, (_, at) => `a${at}`);
  const many = await startStand({}, Object.fromEntries(slugs.map((slug) => [slug, { look: endpoint({}) }])));
  const key = await many.newKey();
  const ask = async (method: string, params: object) => (await rpc(many.post, key, method, params)).json;
  for (const method of ['resources/list', 'prompts/list', 'skills/list']) {
    const { nextCursor, ...first } = (await ask(method, {})).result;
    const last = (await ask(method, { cursor: nextCursor })).result;
    const [one, other] = [JSON.stringify(first), JSON.stringify(last)];
    expect([one.includes('a0/SKILL.md'), other.includes('github')], method).toEqual([method !== 'prompts/list', true]);
    expect([one.includes('github'), last.nextCursor], method).toEqual([false, undefined]);
    expect((await ask(method, { cursor: 'none' })).error.code, method).toBe(-32602);
  }
  expect((await callTool(many.post, key, 'find')).text).toMatch(/\nand [1-9]\d* more: say in `want` what you want to do$/);
  expect((await ask('prompts/get', { name: 'github_triage_an_issue' })).result.messages).toHaveLength(1);
  await many.close();
});
