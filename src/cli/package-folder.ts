import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of package.json: the sources and the built file lie at different depths below it. */
export const packageFolder = findPackage(import.meta.dirname);

function findPackage(folder: string): string {
  if (existsSync(path.join(folder, 'migrations')) && existsSync(path.join(folder, 'package.json'))) return folder;
  const above = path.dirname(folder);
  if (above === folder) throw new Error('package.json of skillett is not where it was installed');
  return findPackage(above);
}
