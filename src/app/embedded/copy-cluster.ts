/**
 * A copy of a running PostgreSQL's files (PostgreSQL 18 documentation, "Making a Base Backup Using the Low Level API"): what is
 * copied between start and stop is put right, when the copy is first started, by the WAL that was written meanwhile.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/** Of the running process, or made anew at the next start; their folders stay, empty. */
const emptied = new Set(['pg_dynshmem', 'pg_notify', 'pg_replslot', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans', 'pg_wal']);
const leftOut = /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|backup_label.*|tablespace_map.*)$/;

/** Copies the cluster in the folder `from`, which the PostgreSQL at `url` has open, to the folder `to`. */
export async function copyRunningCluster(url: string, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const ask = async (text: string, values: unknown[] = []) => (await client.query<Record<string, string>>(text, values)).rows[0] ?? {};
    // Keeps the WAL from being recycled until this connection ends.
    await ask('select pg_create_physical_replication_slot($1, true, true)', [`skillett_backup_${process.pid}`]);
    const { first } = await ask("select pg_walfile_name(pg_backup_start('skillett', true)) as first");
    copyTree(from, to);
    const { last, label } = await ask('select pg_walfile_name(lsn) as last, labelfile as label from pg_backup_stop()');
    for (const name of readdirSync(path.join(from, 'pg_wal')))
      if (/^[0-9A-F]{24}$/.test(name) && name >= String(first) && name <= String(last))
        copyFileSync(path.join(from, 'pg_wal', name), path.join(to, 'pg_wal', name));
    writeFileSync(path.join(to, 'backup_label'), String(label), { mode: 0o600 });
  } finally {
    await client.end();
  }
}

/** Files that vanish while they are copied were dropped; the WAL says so too. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (leftOut.test(entry.name)) continue;
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (emptied.has(entry.name)) mkdirSync(target, { recursive: true, mode: 0o700 });
    else if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isFile()) copyIfThere(source, target);
  }
}

/** What a copy cannot be without: to start one that has no label would corrupt it unseen. */
const needed = ['PG_VERSION', 'backup_label', 'base', 'global/pg_control', 'pg_wal'];

/** What a copy of this kind holds and the one in `folder` does not, or the other way round; undefined: it is whole. */
export function findCopyFault(folder: string): string | undefined {
  const missing = needed.find((name) => !existsSync(path.join(folder, name)));
  if (missing !== undefined) return `${path.join(folder, missing)} is missing`;
  const odd = readdirSync(folder, { recursive: true, withFileTypes: true }).find((entry) => !entry.isFile() && !entry.isDirectory());
  return odd && `${path.join(odd.parentPath, odd.name)} is neither a file nor a folder, as all in a backup are`;
}

/** Copies a copy. PostgreSQL starts on no folder that others may enter, and a backup that was moved may have lost its modes. */
export function copyPrivately(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) copyPrivately(source, target);
    else if (entry.isFile()) {
      copyFileSync(source, target);
      chmodSync(target, 0o600);
    }
  }
}

function copyIfThere(source: string, target: string): void {
  try {
    copyFileSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
