/** The data folder's lock: of a server that runs it holds, of one that is gone it does not, whoever has its number now. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderInUse, lockDataFolder } from '../../src/app/embedded/embedded-lock.ts';
import { makeFolder } from '../support/folder.ts';
import { runToEnd } from '../support/process.ts';

let made: Awaited<ReturnType<typeof makeFolder>>;
let file: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  made = await makeFolder();
  file = path.join(made.folder, 'skillett.pid');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await made.remove();
});

/** A process that runs until the test has ended; what `node` is told looks like a server's command where it is named so. */
function run(name: string): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', name]);
  children.push(child);
  return child.pid as number;
}

/** When the process started, as the lock of this process says it of itself. */
function startOf(pid: number): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}

const takes = () => {
  const giveBack = lockDataFolder(made.folder);
  expect(readFileSync(file, 'utf8').split('\n')).toEqual([String(process.pid), startOf(process.pid)]);
  giveBack();
  expect(existsSync(file)).toBe(false);
};

it('is taken from a dead server whose number another program has', () => {
  const pid = run('editor');
  writeFileSync(file, `${pid}`);
  takes();
  writeFileSync(file, `${pid}\nanother-boot 1`);
  takes();
  // Even from another server, which started at another time.
  writeFileSync(file, `${run('src/main.ts')}\nanother-boot 1`);
  takes();
});

it('is left to a server that runs, whether its release wrote when it started or not', () => {
  const pid = run('src/main.ts');
  for (const holder of [`${pid}`, `${pid}\n${startOf(pid)}`]) {
    writeFileSync(file, holder);
    expect(() => lockDataFolder(made.folder)).toThrow(FolderInUse);
    expect(readFileSync(file, 'utf8')).toBe(holder);
  }
});

const isRoot = process.getuid?.() === 0;
const attempt = (prefix: string[] = []) => {
  const script = `import { lockDataFolder } from ${JSON.stringify(path.resolve('src/app/embedded/embedded-lock.ts'))};
    lockDataFolder(process.argv[1]); console.log('taken as', process.pid);`;
  const [command = process.execPath, ...args] = [...prefix, process.execPath, '--input-type=module', '-e', script, made.folder];
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return stdout + stderr;
};

it('is refused to another process while it is held, and free at once when its holder was killed', () => {
  const giveBack = lockDataFolder(made.folder);
  expect(attempt()).toContain(`FolderInUse: The data folder ${made.folder} is in use by process ${process.pid}`);
  giveBack();
  // This process does not give it back, as one that is killed.
  expect(attempt()).toContain('taken as');
  expect(attempt()).toContain('taken as');
});

it('a command joins no PostgreSQL that does not answer, whatever is written of it', async () => {
  const cluster = path.join(made.folder, 'postgres/cluster');
  mkdirSync(cluster, { recursive: true });
  writeFileSync(
    path.join(cluster, 'postmaster.pid'),
    ['1', cluster, '0', '5432', path.join(made.folder, 'postgres'), '', '', 'ready'].join('\n'),
  );
  const giveBack = lockDataFolder(made.folder);
  const { code, stderr } = await runToEnd({ SKILLETT_DATA: made.folder }, ['sign-in-link']);
  giveBack();
  expect([code, stderr]).toEqual([1, expect.stringContaining(`in use by process ${process.pid}`)]);
});

// Another container sees the same files and none of the processes; there the server is process 1 each time.
it.runIf(isRoot)('is held between containers, whose process ids say nothing of each other', () => {
  const container = ['unshare', '--pid', '--fork', '--mount-proc'];
  expect(attempt(container)).toContain('taken as 1');
  const giveBack = lockDataFolder(made.folder);
  writeFileSync(file, '1');
  expect(attempt(container)).toContain('FolderInUse');
  giveBack();
  expect(attempt(container)).toContain('taken as 1');
});

it('a folder in which nothing can be locked is refused in one sentence', () => {
  mkdirSync(path.join(made.folder, 'skillett.lock'));
  expect(() => lockDataFolder(made.folder)).toThrow(/cannot be locked .*Set SKILLETT_DATA to a folder on a local disk/);
});
