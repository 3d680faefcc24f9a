/** Imports in programs of their own: one at a time in a process, with bounds for time, memory and what comes out. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { badRequest, SkillettError, unavailable } from '../../core/errors.ts';
import { type Task, Turns } from '../../core/turns/turns.ts';
import type { MadeRecipe, RecipeWish } from '../recipes/import/whole-recipe/make-recipe.ts';

const heapMb = 420;
const timeoutMs = 60_000;
const outputBytesMax = 64 * 1024 * 1024;
/** Whoever waits for nothing is next after what runs, however many another user has begun. */
const turns = new Turns({ runningMax: 1, waitingMax: 16, waitingBytesMax: 256 * 1024 * 1024 });

/** Throws bad_request, which names what is wrong with the document, and unavailable. */
export async function runImport(turnOf: string, wish: RecipeWish, document: string): Promise<MadeRecipe> {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const task: Task = { turnOf, waitingBytes: Buffer.byteLength(document), begin };
  if (!turns.enter(task)) throw unavailable('Too many imports of yours wait on this server. Try again once they have ended.', 30);
  try {
    await begun;
    return await runChild(wish, document);
  } finally {
    turns.leave(task);
  }
}

async function runChild(wish: RecipeWish, document: string): Promise<MadeRecipe> {
  const file = import.meta.url.endsWith('.ts') ? './import-child.ts' : './import-child.js';
  // Nothing of the environment: no secret of the server is where a stranger's document is read.
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, fileURLToPath(new URL(file, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ output: Buffer; clean: boolean }>();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > outputBytesMax) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  child.on('error', reject);
  child.on('close', (code) => resolve({ output: Buffer.concat(chunks), clean: code === 0 }));
  // It may end before it has read all.
  child.stdin.on('error', () => {});
  child.stdin.end(`${JSON.stringify(wish)}\n${document}`);
  try {
    const { output, clean } = await promise;
    if (!clean) throw badRequest(tooMuch(document, late));
    const { made, fault } = JSON.parse(output.toString('utf8')) as { made?: MadeRecipe; fault?: string };
    if (made) return made;
    throw badRequest(fault ?? 'The document cannot be read.');
  } catch (error) {
    if (error instanceof SkillettError) throw error;
    throw new SkillettError('internal', 'The importer could not be run on this server.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function tooMuch(document: string, late: boolean): string {
  const size = `${(Buffer.byteLength(document) / 1_000_000).toFixed(1)} MB`;
  return `The document has ${size}, and reading it takes more ${late ? `than ${timeoutMs / 1000} s` : 'memory than an import may have'}. Import a smaller one, or take out what you do not need.`;
}
