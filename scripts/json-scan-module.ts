/** Compiles wasm/json-scan.ts and prints the module as source, so that the server needs neither a build nor a file beside it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';

const root = path.resolve(import.meta.dirname, '..');
const source = 'wasm/json-scan.ts';

export async function printJsonScanModule(): Promise<string> {
  const text = await readFile(path.join(root, source), 'utf8');
  let module: Uint8Array | undefined;
  const options = ['--outFile', 'out.wasm', '-O3', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];
  const { error, stderr } = await asc.main([source, ...options, '--initialMemory', '5', '--maximumMemory', '5', '--noColors'], {
    readFile: (name) => (name === source ? text : null),
    writeFile: (_name, content) => {
      module = content as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !module) throw new Error(`${source} does not compile: ${stderr.toString()}`);
  return `/** The module of ${source} in base64, made by \`npm run generate\`. */\nexport const jsonScanModule = '${Buffer.from(module).toString('base64')}';\n`;
}
