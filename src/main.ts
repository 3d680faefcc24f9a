/**
 * Starts the process (`app/process/process.ts`). What Node has compiled is kept for the next start, which takes a fifth off it
 * (measured); that has to be asked for before anything else is loaded. Imported by nothing.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { type Command, CommandFault, readCommand } from './app/process/command-line.ts';
import { cacheFolder } from './app/process/folders.ts';

const command = readArguments();
if (command.name === 'print') {
  console.log(command.text);
  process.exit(0);
}
enableCompileCache(cacheFolder);
void run(command);

async function run(command: Exclude<Command, { name: 'print' }>): Promise<void> {
  const { runCommand } = await import('./app/process/process.ts');
  await runCommand(command);
  // By now it listens; without this the cache is written at a regular end only.
  flushCompileCache();
  // Bodies lie outside V8's heap, and by itself V8 collects all of its garbage whenever 64 MB of them have come
  // (docs/decisions/0009). Set last, since compiled code is only taken from a cache under the flags it was written with.
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}

function readArguments(): Command {
  try {
    return readCommand(process.argv.slice(2));
  } catch (fault) {
    if (!(fault instanceof CommandFault)) throw fault;
    console.error(fault.message);
    process.exit(2);
  }
}
