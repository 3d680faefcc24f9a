/** The package as npm would publish it, in an empty folder. Needs the registry, for what the package depends on. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../support/port.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const packed = [
  'src',
  'scripts',
  'migrations',
  'recipes',
  'docs',
  'web',
  'package.json',
  'package-lock.json',
  '.env.example',
  'CHANGELOG.md',
];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skillett-package-'));
  // Built in a copy: other tests start what was built here, and theirs is no environment for what is published.
  const copy = path.join(folder, 'copy');
  for (const name of packed) cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const env = { ...process.env, NODE_ENV: 'production' };
  for (const script of ['build-server.ts', 'build-cli.ts'])
    execFileSync(process.execPath, [path.join(copy, 'scripts', script)], { cwd: copy, env, stdio: 'pipe' });
  const archive = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: copy,
    env,
    encoding: 'utf8',
  }).trim();
  writeFileSync(path.join(folder, 'package.json'), '{"name":"empty","private":true}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${archive}`], { cwd: folder, env, stdio: 'pipe' });
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
