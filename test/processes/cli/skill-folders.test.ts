import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Command } from './command.ts';

/** A server whose files the test decides, since a real one offers good ones alone. */
let server: Server;
let files: Record<string, string>;
let command: Command;
let folder: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const list = Object.entries(files).map(([file_path, content]) => ({ file_path, content }));
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' });
    response.end(JSON.stringify({ slug: request.url?.split('/')[2], files: list }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  command = new Command();
  Object.assign(command.env, {
    SKILLETT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    SKILLETT_API_KEY: `sk_${'0'.repeat(48)}`,
  });
  folder = mkdtempSync(path.join(command.home, 'project-'));
  files = { 'SKILL.md': 'name: skillett-github', 'endpoints/issues/create_issue.md': 'how' };
  return () => command.remove();
});

afterAll(() => server.close());

const pull = (...args: string[]) => command.run(['pull', 'github', ...args], { cwd: folder });
const read = (...parts: string[]) => readFileSync(path.join(folder, ...parts), 'utf8');

describe('pull', () => {
  it.each([
    ['.claude', '.claude/skills/skillett-github'],
    ['.cursor', '.cursor/rules/skillett-github'],
    ['.windsurf', '.windsurf/rules/skillett-github'],
  ])('writes where the agent of %s looks', async (foundBy, place) => {
    mkdirSync(path.join(folder, foundBy));
    expect((await pull()).code).toBe(0);
    expect(read(place, 'endpoints/issues/create_issue.md')).toBe('how');
    expect(existsSync(path.join(folder, '.skillett'))).toBe(false);
  });

  it('writes for any other agent where none is found, and for the one that is named', async () => {
    expect(JSON.parse((await pull()).stdout).folders[0]).toMatchObject({ folder: '.skillett/skills/github', written: 2 });
    expect((await pull('--agent', 'cursor')).code).toBe(0);
    expect(read('.cursor/rules/skillett-github/SKILL.md')).toBe('name: skillett-github');
    expect(await pull('--agent', 'cursr')).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean cursor?') });
  });

  it('keeps a file that was changed here and says so; --force writes over it', async () => {
    await pull();
    writeFileSync(path.join(folder, '.skillett/skills/github/SKILL.md'), 'mine');
    files['SKILL.md'] = 'newer';
    const kept = await pull();
    expect(kept.stderr).toContain('SKILL.md was changed here and is kept; --force writes over it.');
    expect(read('.skillett/skills/github/SKILL.md')).toBe('mine');
    await pull('--force');
    expect(read('.skillett/skills/github/SKILL.md')).toBe('newer');
  });

  it('brings what is newer, and removes what is offered no more with its empty folders, but not what was changed here', async () => {
    files['guides/paging.md'] = 'paging';
    await pull();
    writeFileSync(path.join(folder, '.skillett/skills/github/guides/paging.md'), 'mine');
    files = { 'SKILL.md': 'newer' };
    await pull();
    expect(read('.skillett/skills/github/SKILL.md')).toBe('newer');
    expect(existsSync(path.join(folder, '.skillett/skills/github/endpoints'))).toBe(false);
    expect(read('.skillett/skills/github/guides/paging.md')).toBe('mine');
  });

  it.each([
    '../outside.md',
    'a/../../outside.md',
    '/tmp/outside.md',
    'a//b.md',
    '..',
    'C:\\x.md',
    'a\\..\\b.md',
    './x.md',
    '.skillett.json',
    'x\0.md',
  ])('writes nothing at all when the server offers %j', async (name) => {
    files = { 'SKILL.md': 'fine', [name]: 'evil' };
    expect(await pull()).toMatchObject({ code: 2, stderr: expect.stringContaining('Nothing was written.') });
    expect(existsSync(path.join(folder, '.skillett/skills/github/SKILL.md'))).toBe(false);
  });

  it('follows no link out of its folder', async () => {
    const outside = mkdtempSync(path.join(command.home, 'outside-'));
    mkdirSync(path.join(folder, '.skillett/skills/github'), { recursive: true });
    symlinkSync(outside, path.join(folder, '.skillett/skills/github/endpoints'));
    expect((await pull()).code).toBe(2);
    expect(existsSync(path.join(outside, 'issues'))).toBe(false);
  });

  it('writes through no link and over no file that stands beside one of its own', async () => {
    const outside = path.join(command.home, 'outside.md');
    writeFileSync(outside, 'precious');
    const place = path.join(folder, '.skillett/skills/github');
    mkdirSync(place, { recursive: true });
    for (const name of ['SKILL.md.new', '.skillett.json.new']) symlinkSync(outside, path.join(place, name));
    expect((await pull()).code).toBe(0);
    expect([readFileSync(outside, 'utf8'), read('.skillett/skills/github/SKILL.md')]).toEqual(['precious', 'name: skillett-github']);
  });

  it('takes no path out of a stamp that somebody changed', async () => {
    await pull();
    const outside = path.join(command.home, 'outside.md');
    writeFileSync(outside, 'precious');
    writeFileSync(path.join(folder, '.skillett/skills/github/.skillett.json'), JSON.stringify({ '../../../../outside.md': 'x' }));
    expect((await pull('--force')).code).toBe(2);
    expect(readFileSync(outside, 'utf8')).toBe('precious');
  });
});
