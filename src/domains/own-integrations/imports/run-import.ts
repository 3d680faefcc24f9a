/** Imports in programs of their own: few at a time in a process, with bounds for time, memory and what comes out. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { badRequest, SkillettError, unavailable } from '../../../core/errors.ts';
import { memoryBytes } from '../../../core/memory.ts';
import { type Task, Turns } from '../../../core/turns/turns.ts';
import type { MadeRecipe, RecipeWish } from '../../recipes/import/whole-recipe/make-recipe.ts';

const heapMb = 420;
const timeoutMs = 180_000;
const outputBytesMax = 64 * 1024 * 1024;
/** Where there is room for two programs, one user's long import keeps nobody else's waiting: each has one at a time. */
const runningMax = memoryBytes > 4_000_000_000 ? 2 : 1;
const turns = new Turns({ runningMax, waitingMax: 16, waitingBytesMax: 256 * 1024 * 1024 });

/** `onProgress` takes how much is done, from 0 to 1. Throws bad_request, which names what is wrong with the document, and unavailable. */
export async function runImport(
  turnOf: string,
  wish: RecipeWish,
  document: string,
  onProgress: (done: number) => void,
): Promise<MadeRecipe> {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const task: Task = { turnOf, waitingBytes: Buffer.byteLength(document), begin };
  if (!turns.enter(task)) throw unavailable('Too many imports of yours wait on this server. Try again once they have ended.', 30);
  try {
    await begun;
    return await runChild(wish, document, onProgress);
  } finally {
    turns.leave(task);
  }
}

/** What ends this process ends them. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

async function runChild(wish: RecipeWish, document: string, onProgress: (done: number) => void): Promise<MadeRecipe> {
  const file = import.meta.url.endsWith('.ts') ? './import-child.ts' : './import-child.js';
  // Nothing of the environment: no secret of the server is where a stranger's document is read.
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, fileURLToPath(new URL(file, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    env: {},
  });
  children.add(child);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const { output, clean } = await readChild(child, wish, document, onProgress);
    if (!clean) throw badRequest(tooMuch(document, late));
    const { made, fault } = JSON.parse(output.toString('utf8')) as { made?: MadeRecipe; fault?: string };
    if (made) return made;
    throw badRequest(fault ?? 'The document cannot be read.');
  } catch (error) {
    if (error instanceof SkillettError) throw error;
    throw new SkillettError('internal', 'The importer could not be run on this server.', { cause: error });
  } finally {
    clearTimeout(timer);
    children.delete(child);
  }
}

/** Rejects where the program cannot be started. */
function readChild(
  child: ChildProcess,
  wish: RecipeWish,
  document: string,
  onProgress: (done: number) => void,
): Promise<{ output: Buffer; clean: boolean }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ output: Buffer; clean: boolean }>();
  const [stdin, stdout, , progress] = child.stdio as unknown as [Writable, Readable, null, Readable];
  const chunks: Buffer[] = [];
  let bytes = 0;
  stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > outputBytesMax) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  progress.on('data', (chunk: Buffer) => {
    const percent = chunk.at(-1) as number;
    if (percent <= 100) onProgress(percent / 100);
  });
  progress.on('error', () => {});
  child.on('error', reject);
  child.on('close', (code) => resolve({ output: Buffer.concat(chunks), clean: code === 0 }));
  // It may end before it has read all.
  stdin.on('error', () => {});
  stdin.end(`${JSON.stringify(wish)}\n${document}`);
  return promise;
}

function tooMuch(document: string, late: boolean): string {
  const size = `${(Buffer.byteLength(document) / 1_000_000).toFixed(1)} MB`;
  return `The document has ${size}, and reading it takes more ${late ? `than ${timeoutMs / 1000} s` : 'memory than an import may have'}. Import a smaller one, or take out what you do not need.`;
}
