/** nginx in front of a server, with one of the configurations of deploy/. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from './folder.ts';

const deploy = path.resolve(import.meta.dirname, '../../deploy');

/** `http`: what stands in the block of that name. */
async function withConfiguration<T>(http: string, use: (arguments_: string[]) => Promise<T>): Promise<T> {
  const { folder, remove } = await makeFolder();
  const file = path.join(folder, 'nginx.conf');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  writeFileSync(file, `daemon off; pid ${folder}/pid; error_log stderr crit;\nevents {}\nhttp { access_log off; ${places}\n${http}\n}\n`);
  try {
    return await use(['-e', 'stderr', '-p', folder, '-c', file]);
  } finally {
    await remove();
  }
}

/** One of deploy/, over plain HTTP on these ports. */
export function readConfiguration(name: string, ports: { listen: number; server: number }): string {
  return readFileSync(path.join(deploy, name), 'utf8')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${ports.listen};`)
    .replaceAll(/^\s*ssl_.*\n/gm, '')
    .replaceAll('http://127.0.0.1:4000', `http://127.0.0.1:${ports.server}`);
}

/** Runs while `use` does. Throws where nginx does not take it. */
export function withNginx<T>(http: string, use: () => Promise<T>): Promise<T> {
  return withConfiguration(http, async (given) => {
    const tested = spawnSync('nginx', [...given, '-t'], { encoding: 'utf8' });
    if (tested.status !== 0) throw new Error(`nginx -t: ${tested.error?.message ?? tested.stderr}`);
    const child = spawn('nginx', given, { stdio: 'inherit' });
    try {
      return await use();
    } finally {
      await end(child);
    }
  });
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGQUIT');
  await ended;
}
