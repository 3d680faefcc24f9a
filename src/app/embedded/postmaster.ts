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
  } else if (
    // The other container may see the data folder, and so the socket, under another path.
    (await answersIn(left.socketFolder)) ||
    (await answersIn(homeIn(dataFolder)))
  ) {
    throw new EmbeddedPostgresFault(
      `A PostgreSQL of another container still runs on ${clusterIn(dataFolder)}. End that container, then start again.`,
    );
  } else if (found) {
    // Its number belongs to another program by now, for which PostgreSQL would refuse to start.
    rmSync(fileIn(dataFolder), { force: true });
  }
  removeSocketFolder(left.socketFolder);
}

/** Whether a PostgreSQL listens there, of this container or of another: process ids say nothing between them, a socket does. */
export function answersIn(socketFolder: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path.join(socketFolder, '.s.PGSQL.5432'), () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function hasEnded(pid: number, msMax: number): Promise<boolean> {
  const deadline = performance.now() + msMax;
  while (findProcess(pid)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
