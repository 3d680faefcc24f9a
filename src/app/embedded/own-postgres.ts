/** A PostgreSQL of the server's own: a child process, kept running, that listens on a Unix socket alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Log } from '../../core/log.ts';
import {
  chooseSocketFolder,
  claimCluster,
  clusterIn,
  EmbeddedPostgresFault,
  findBarrier,
  findProgram,
  type Owner,
  programEnv,
  removeSocketFolder,
  requireVersion,
  summarise,
} from './postgres-files.ts';
import { addressOf, readPostmaster, stopLeftBehind } from './postmaster.ts';

export interface OwnPostgres {
  url: string;
  socketFolder: string;
  stop(): Promise<void>;
}

const againMs = 1_000;
/** After a power cut it first repeats what it had promised to write. */
const readyMsMax = 10 * 60_000;
const politeMsMax = 20_000;
const saidMax = 8_000;

/** Starts it on the cluster of `dataFolder`, which must be locked. Throws EmbeddedPostgresFault. */
export async function startOwnPostgres(dataFolder: string, options: { connectionsMax: number; log: Log }): Promise<OwnPostgres> {
  requireVersion(dataFolder);
  await stopLeftBehind(dataFolder);
  const owner = claimCluster(dataFolder);
  const socketFolder = chooseSocketFolder(dataFolder, owner);
  const own = new Keeper(dataFolder, owner, listArguments(dataFolder, socketFolder, options.connectionsMax), options.log);
  try {
    await own.start();
  } catch (error) {
    removeSocketFolder(socketFolder);
    throw error;
  }
  return {
    url: addressOf(socketFolder),
    socketFolder,
    stop: async () => {
      await own.stop();
      removeSocketFolder(socketFolder);
    },
  };
}

/** For a small machine: little memory shared, no helpers that one server's statements do not need. */
function listArguments(dataFolder: string, socketFolder: string, connectionsMax: number): string[] {
  const settings = {
    listen_addresses: '',
    // A list, in which a quoted name may hold a comma.
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: String(connectionsMax),
    shared_buffers: '32MB',
    max_wal_size: '128MB',
    min_wal_size: '16MB',
    // Enough for a copy of the files while it runs (backup.ts).
    wal_level: 'replica',
    max_wal_senders: '0',
    max_replication_slots: '2',
    io_method: 'sync',
    max_parallel_workers: '0',
    max_logical_replication_workers: '0',
    autovacuum_max_workers: '1',
    jit: 'off',
    huge_pages: 'off',
    // Statements and their values stay out of what is passed on to the log.
    log_min_messages: 'fatal',
    log_min_error_statement: 'panic',
    log_line_prefix: '',
  };
  return ['-D', clusterIn(path.resolve(dataFolder)), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

class Keeper {
  readonly #dataFolder: string;
  readonly #owner: Owner | undefined;
  readonly #args: string[];
  readonly #log: Log;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** However the server ends, it takes PostgreSQL with it; only SIGKILL leaves it to the next start. */
  readonly #endWithServer = () => void this.#child?.kill('SIGINT');

  constructor(dataFolder: string, owner: Owner | undefined, args: string[], log: Log) {
    this.#dataFolder = dataFolder;
    this.#owner = owner;
    this.#args = args;
    this.#log = log;
  }

  async start(): Promise<void> {
    process.on('exit', this.#endWithServer);
    try {
      await this.#run();
    } catch (error) {
      process.off('exit', this.#endWithServer);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      const impatient = setTimeout(() => child.kill('SIGQUIT'), politeMsMax);
      await ended;
      clearTimeout(impatient);
    }
    process.off('exit', this.#endWithServer);
  }

  /** Resolves when it takes connections. From then on it is started again whenever it ends. */
  async #run(): Promise<void> {
    const child = spawn(findProgram('postgres'), this.#args, {
      ...this.#owner,
      cwd: '/',
      env: programEnv,
      // A group of its own: Ctrl-C in a terminal is for the server, which first finishes what runs.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-saidMax);
    });
    let failure: string | undefined;
    child.once('error', (error) => {
      failure = error.message;
    });
    child.once('close', (code, signal) => {
      failure ??= summarise(said) || `it ended with ${code ?? signal}`;
      if (this.#child === child) this.#startAgain(failure);
    });
    const deadline = performance.now() + readyMsMax;
    while (!this.#isReady(child)) {
      if (failure !== undefined)
        throw new EmbeddedPostgresFault(
          `The embedded PostgreSQL of ${this.#dataFolder} does not start: ${findBarrier(this.#dataFolder, this.#owner) ?? failure}.`,
        );
      if (performance.now() > deadline) {
        child.kill('SIGQUIT');
        throw new EmbeddedPostgresFault(`The embedded PostgreSQL of ${this.#dataFolder} was not ready after ten minutes.`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#child = child;
    if (this.#stopping) child.kill('SIGINT');
  }

  #isReady(child: ChildProcess): boolean {
    const running = readPostmaster(this.#dataFolder);
    return running !== undefined && running.pid === child.pid && running.ready;
  }

  /** Requests are told meanwhile that the database is away. */
  #startAgain(why: string): void {
    this.#child = undefined;
    if (this.#stopping) return;
    this.#log.error({ why }, 'the embedded PostgreSQL has ended and is started again');
    this.#timer = setTimeout(() => {
      this.#run().then(
        () => this.#log.info('the embedded PostgreSQL runs again'),
        (error: Error) => this.#startAgain(error.message),
      );
    }, againMs);
  }
}
