import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Of this package. */
export const { version } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  version: string;
};
