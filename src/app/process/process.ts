/** The process: settings, database, migrations, listen, stop on signals. Imported by main.ts alone. */
import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type Config, readConfig } from '../../core/config/config.ts';
import { ConfigFaults } from '../../core/config/reader.ts';
import { WrongMasterKey } from '../../core/crypto.ts';
import { NewerDatabase } from '../../core/database/database.ts';
import { createLog } from '../../core/log.ts';
import { collectProcessMetrics } from '../../core/metrics.ts';
import { RecipeFaults } from '../../domains/recipes/load.ts';
import { BackupFault, backUp, restore } from '../embedded/backup.ts';
import { FolderInUse, FolderWithoutLocks } from '../embedded/embedded-lock.ts';
import { holdDataFolder } from '../embedded/open-embedded.ts';
import { EmbeddedPostgresFault } from '../embedded/postgres-files.ts';
import { schema } from '../graphql/schema.ts';
import { createHttpServer } from '../http/server.ts';
import { createPages } from '../pages/pages.ts';
import { checkStart } from './check-start.ts';
import type { Command } from './command-line.ts';
import { createFirstAccess, createOperatorLink, describeStart, NoSuchUser } from './first-start.ts';
import { openGateway } from './gateway.ts';
import { startJobs } from './jobs.ts';
import { warnOfSettings } from './start-warnings.ts';

/** Faults of the installation, which a sentence explains better than a stack. */
function explain(error: unknown, config?: Config): string {
  if (
    error instanceof ConfigFaults ||
    error instanceof RecipeFaults ||
    error instanceof FolderInUse ||
    error instanceof FolderWithoutLocks ||
    error instanceof EmbeddedPostgresFault ||
    error instanceof BackupFault ||
    error instanceof NewerDatabase ||
    error instanceof WrongMasterKey ||
    error instanceof NoSuchUser
  )
    return error.message;
  const { code, syscall = '', path: place, stack } = error as NodeJS.ErrnoException;
  // An AggregateError (every address of a name was tried) has a code but no message.
  const message = (error as Error).message || code;
  const { dataFolder = '', databaseUrl, host, port } = config ?? {};
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is taken. Stop what listens there, or set PORT to another one.`;
  if (syscall === 'listen' || syscall === 'bind')
    return `Cannot listen on ${host}:${port}: ${message}. Set HOST and PORT to an address of this machine that this process may use.`;
  if (syscall === 'write' || (place !== undefined && !syscall.startsWith('spawn')))
    return path.resolve(place ?? dataFolder).startsWith(path.resolve(dataFolder))
      ? `The data folder ${dataFolder} cannot be used: ${message}. Set SKILLETT_DATA to a folder that this process may write to.`
      : `${message}. Name a place that this process may use.`;
  if (databaseUrl !== undefined && code !== undefined)
    return `The database of DATABASE_URL cannot be used: ${message}. See that it runs, and that address, user, password and name are right.`;
  return stack ?? String(message);
}

function fail(error: unknown, config?: Config): never {
  console.error(explain(error, config));
  process.exit(1);
}

/** What the command line asked for. Ends the process where it fails. */
export async function runCommand(command: Exclude<Command, { name: 'print' }>): Promise<void> {
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    fail(error);
  }
  if (command.name === 'check') await printCheck(config);
  else if (command.name === 'migrate') await migrateOnly(config);
  else if (command.name === 'backup' || command.name === 'restore') await moveBackup(config, command);
  else if (command.name === 'sign-in-link') await printSignInLink(config, command.email);
  else if (config.workers > 1 && cluster.isPrimary) await superviseWorkers(config);
  else await serve(config);
}

/** `npm run check-start`, `skillett serve --check`. Exit code 1 where it would not start. */
async function printCheck(config: Config): Promise<void> {
  const found = await checkStart(config, explain);
  for (const { state, says } of found) console.log(`${state.padEnd(6)}${says}`);
  const faults = found.filter(({ state }) => state === 'fault').length;
  console.log(
    faults === 0 ? 'A start would succeed.' : `${faults === 1 ? 'One fault is' : `${faults} faults are`} to be mended before a start.`,
  );
  process.exitCode = faults === 0 ? 0 : 1;
}

/** `npm run migrate`: brings the database up to date and ends. */
async function migrateOnly(config: Config): Promise<void> {
  try {
    const { close } = await openGateway(config, { beside: true });
    await close();
    console.log('The database is up to date.');
  } catch (error) {
    fail(error, config);
  }
}

/** `npm run backup` and `npm run restore`. */
async function moveBackup(config: Config, { name, folder }: { name: 'backup' | 'restore'; folder: string }): Promise<void> {
  try {
    console.log(name === 'backup' ? await backUp(config, folder, createLog(config.logLevel)) : await restore(config, folder));
  } catch (error) {
    fail(error, config);
  }
}

/** `npm run sign-in-link [e-mail]`: prints a link that signs the owner in, or that user, and ends. */
async function printSignInLink(config: Config, email: string | undefined): Promise<void> {
  try {
    const { gateway, close } = await openGateway(config, { beside: true });
    try {
      console.log(await createOperatorLink(gateway, email));
    } finally {
      await close();
    }
  } catch (error) {
    fail(error, config);
  }
}

async function serve(config: Config): Promise<void> {
  try {
    const { gateway, background, place, close } = await openGateway(config);
    collectProcessMetrics();
    const http = createHttpServer(gateway, schema, createPages(gateway));
    await new Promise<void>((resolve, reject) => {
      http.server.once('error', reject);
      http.server.listen(config.port, config.host, resolve);
    });
    // Only now: what is shown once must not be made by a start that fails because its port is taken.
    if (!cluster.isWorker) {
      const first = await createFirstAccess(gateway);
      const { address, port } = http.server.address() as AddressInfo;
      warnOfSettings(gateway);
      process.stdout.write(
        `${describeStart(gateway, `http://${address.includes(':') ? `[${address}]` : address}:${port}`, place, first)}\n`,
      );
    }
    const jobs = startJobs(background);
    onStop(async () => {
      await Promise.all([http.stop(), jobs.stop()]);
      await close();
    });
  } catch (error) {
    fail(error, config);
  }
}

/**
 * One process a core behind one port. The embedded PostgreSQL is this process's child, and its workers find it as they would find
 * any other; PGlite serves one process.
 */
async function superviseWorkers(config: Config): Promise<void> {
  try {
    const held = config.databaseUrl === undefined ? await holdDataFolder(config, createLog(config.logLevel)) : undefined;
    const shared = held ? { ...config, databaseUrl: held.url, masterKeys: held.masterKeys } : config;
    const { gateway, place, close } = await openGateway(shared);
    const workers = startWorkers(
      config.workers,
      held?.url === undefined
        ? {}
        : { DATABASE_URL: held.url, SKILLETT_MASTER_KEY: held.masterKeys.map((key) => key.toString('base64')).join(',') },
    );
    const stop = async () => {
      await workers.stop();
      await held?.close();
    };
    onStop(stop);
    const listening = await workers.listening;
    // Made here, so that its key is printed once, and only now, as in serve().
    if (listening) {
      warnOfSettings(gateway);
      const address = `http://${config.host}:${config.port} with ${config.workers} processes`;
      process.stdout.write(`${describeStart(gateway, address, held?.place ?? place, await createFirstAccess(gateway))}\n`);
    }
    await close();
    if (listening) return;
    await stop();
    process.exit(1);
  } catch (error) {
    fail(error, config);
  }
}

interface Workers {
  /** False when one has ended by a fault, which it has printed, before any listened: the others would meet it too. */
  listening: Promise<boolean>;
  stop(): Promise<void>;
}

/** `env`: what they are told beside this process's environment. One that ends is replaced. */
function startWorkers(count: number, env: Record<string, string>): Workers {
  let stopping = false;
  const listening = new Promise<boolean>((resolve) => {
    cluster.once('listening', () => resolve(true));
    cluster.on('exit', (_, code) => {
      if (stopping) return;
      if (code === 1) resolve(false);
      setTimeout(() => stopping || cluster.fork(env), 1_000);
    });
  });
  for (let started = 0; started < count; started += 1) cluster.fork(env);
  const stop = async () => {
    stopping = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(
      workers.map((worker) => {
        worker.process.kill('SIGTERM');
        return new Promise((resolve) => worker.once('exit', resolve));
      }),
    );
  };
  return { listening, stop };
}

/** Runs once on SIGTERM or SIGINT; a second signal ends the process at once. */
function onStop(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      stop().then(
        () => process.exit(0),
        (error) => fail(error),
      );
    });
  }
}
