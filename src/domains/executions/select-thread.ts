/** The thread in which `select` runs (select.ts): one job at a time. */
import { parentPort } from 'node:worker_threads';
import { search } from '@jmespath-community/jmespath';
import { jsonBytesMax } from '../../core/json-body.ts';
import type { SelectJob, SelectResult } from './select.ts';

function run({ expression, json }: SelectJob): SelectResult {
  try {
    const selected = JSON.stringify(search(JSON.parse(new TextDecoder().decode(json)), expression) ?? null);
    if (selected.length > jsonBytesMax) return { failure: `the result is longer than ${jsonBytesMax / 1024 / 1024} MiB` };
    return { json: new TextEncoder().encode(selected) };
  } catch (error) {
    // It becomes the end of a sentence.
    return { failure: error instanceof Error ? error.message.replace(/\.+$/, '') : 'the expression failed' };
  }
}

parentPort?.on('message', (job: SelectJob) => {
  const result = run(job);
  parentPort?.postMessage(result, 'json' in result ? [result.json.buffer] : []);
});

parentPort?.postMessage('started');
