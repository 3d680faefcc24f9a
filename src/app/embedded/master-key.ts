/** In embedded mode the master key lies beside the database, readable by its owner alone. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigFaults } from '../../core/config/reader.ts';
import { clusterIn } from './postgres-files.ts';

const fileName = 'master-key';

/** The key in `folder`, made when there is none. Throws ConfigFaults when the file is not a key. */
export function readOrCreateMasterKey(folder: string): Buffer {
  const file = path.join(folder, fileName);
  if (!existsSync(file)) {
    if (existsSync(path.join(folder, 'database')) || existsSync(clusterIn(folder)))
      throw new ConfigFaults([
        `${file} is missing, but ${folder} already holds a database whose credentials it seals. Put the key back, or set SKILLETT_MASTER_KEY to it.`,
      ]);
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  }
  // A copied or restored file may have lost its mode.
  chmodSync(file, 0o600);
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32)
    throw new ConfigFaults([
      `${file} does not hold a key of 32 bytes in base64. Restore it from a backup: without it the stored credentials cannot be opened.`,
    ]);
  return key;
}
