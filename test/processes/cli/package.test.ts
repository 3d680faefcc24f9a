/** The package as npm would publish it, in an empty folder. Needs the registry, for what the package depends on. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../support/port.ts';

const root = path.resolve(import.meta.dirname, '../../..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skillett-package-'));
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: root, stdio: 'pipe' });
  const [archive = ''] = readdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{"name":"empty","private":true}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${archive}`], { cwd: folder, stdio: 'pipe' });
}, 400_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('gives a command and a server that start, take a call and stop', async () => {
  const command = path.join(folder, 'node_modules/.bin/skillett');
  const port = String(await freePort());
  const env = { PATH: process.env.PATH ?? '', HOME: folder, PORT: port, SKILLETT_URL: `http://localhost:${port}`, LOG_LEVEL: 'warn' };
  const server = spawn(command, ['serve'], { cwd: folder, env, stdio: 'pipe' });
  let printed = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (piece) => {
      printed += piece;
    });
  await expect.poll(() => printed, { timeout: 90_000 }).toContain('Your API key');
  await expect.poll(() => /^sk_[0-9a-f]{48}$/m.test(printed)).toBe(true);
  const key = /^sk_[0-9a-f]{48}$/m.exec(printed)?.[0] as string;
  const run = (...args: string[]) => execFileSync(command, args, { cwd: folder, env: { ...env, SKILLETT_API_KEY: key }, encoding: 'utf8' });
  expect(run('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(JSON.parse(run('run', 'sandbox', 'create_note', '--title', 'Hi'))).toMatchObject({ status: 201, data: { title: 'Hi' } });
  expect((await fetch(`http://localhost:${port}/dashboard`)).status).toBe(200);
  server.kill('SIGTERM');
  expect(await new Promise((resolve) => server.on('exit', resolve))).toBe(0);
}, 300_000);
