/** The running PostgreSQL of a data folder, as its own file postmaster.pid tells of it. */
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { clusterIn, EmbeddedPostgresFault, homeIn, removeSocketFolder } from './postgres-files.ts';
import { findProcess } from './running-process.ts';

export interface Postmaster {
  pid: number;
  socketFolder: string;
  ready: boolean;
}

const fileIn = (dataFolder: string): string => path.join(clusterIn(dataFolder), 'postmaster.pid');

/** Undefined: there is no such file. PostgreSQL writes one fact a line: 1 the process, 5 the socket's folder, 8 how far it is. */
export function readPostmaster(dataFolder: string): Postmaster | undefined {
  try {
    const lines = readFileSync(fileIn(dataFolder), 'utf8').split('\n');
    return { pid: Number(lines[0]), socketFolder: lines[4] ?? '', ready: lines[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
}

/** The address for `pg`. Whoever may enter the socket's folder is trusted, so there is no password. */
export function addressOf(socketFolder: string): string {
  return `postgresql:///postgres?user=skillett&host=${encodeURIComponent(socketFolder)}`;
}

const politeMsMax = 20_000;
const rudeMsMax = 10_000;

/**
 * Stops what a server left behind that was killed: two may never run on one cluster. The data folder must be locked. Throws
 * EmbeddedPostgresFault when it does not end.
 */
export async function stopLeftBehind(dataFolder: string): Promise<void> {
  const left = readPostmaster(dataFolder);
  if (!left) return;
  const found = findProcess(left.pid);
  const isOurs = found?.command === undefined || found.command.includes(clusterIn(path.resolve(dataFolder)));
  if (found && isOurs) {
    // SIGINT ends connections and writes everything down; SIGQUIT leaves that to the next start.
    process.kill(left.pid, 'SIGINT');
    if (!(await hasEnded(left.pid, politeMsMax))) process.kill(left.pid, 'SIGQUIT');
    if (!(await hasEnded(left.pid, rudeMsMax)))
      throw new EmbeddedPostgresFault(
        `A PostgreSQL that an earlier server left behind in ${dataFolder} does not end. Stop process ${left.pid}, then start again.`,
      );
  } else if (await answersOn(left.socketFolder, dataFolder)) {
    throw new EmbeddedPostgresFault(
      `A PostgreSQL of another container still runs on ${clusterIn(dataFolder)}. End that container, then start again.`,
    );
  } else if (found) {
    // Its number belongs to another program by now, for which PostgreSQL would refuse to start.
    rmSync(fileIn(dataFolder), { force: true });
  }
  removeSocketFolder(left.socketFolder);
}

/**
 * Process ids say nothing between containers; a socket answers there too. The other container may see the data folder under another
 * path, so the socket is sought in ours as well.
 */
async function answersOn(socketFolder: string, dataFolder: string): Promise<boolean> {
  const files = [socketFolder, homeIn(dataFolder)].map((folder) => path.join(folder, '.s.PGSQL.5432'));
  const answers = await Promise.all(
    files.map(
      (file) =>
        new Promise<boolean>((resolve) => {
          const socket = connect(file);
          socket.once('connect', () => resolve(true));
          socket.once('error', () => resolve(false));
          socket.once('close', () => resolve(false));
          socket.once('connect', () => socket.destroy());
        }),
    ),
  );
  return answers.includes(true);
}

async function hasEnded(pid: number, msMax: number): Promise<boolean> {
  const deadline = performance.now() + msMax;
  while (findProcess(pid)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
