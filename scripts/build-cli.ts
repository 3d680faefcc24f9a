/** Writes dist/cli, the command line as one file of JavaScript, and names it `skillett` for npx in this checkout. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bundle } from './bundle.ts';

const root = path.resolve(import.meta.dirname, '..');
const target = path.join(root, 'dist/cli');
const launch = path.join(root, 'src/cli/launch.cjs');
const { hashCommandLine } = createRequire(import.meta.url)(launch) as { hashCommandLine(): string };

rmSync(target, { recursive: true, force: true });
const hash = hashCommandLine();
await bundle('src/cli/main.ts', target);
writeFileSync(path.join(target, 'package.json'), '{ "type": "commonjs" }\n');
// Last: without it nothing of the folder is run.
writeFileSync(path.join(target, 'sources'), hash);

// npm links the commands of what is installed, and not that of the package itself.
const link = path.join(root, 'node_modules/.bin/skillett');
chmodSync(launch, 0o755);
mkdirSync(path.dirname(link), { recursive: true });
rmSync(link, { force: true });
symlinkSync(path.relative(path.dirname(link), launch), link);
