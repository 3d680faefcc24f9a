/** What runs in the thread of expression-thread.ts: one job at a time. */
import { parentPort } from 'node:worker_threads';
import { type JSONValue, search } from '@jmespath-community/jmespath';
import { jsonBytesMax } from '../../../core/json/json-body.ts';
import type { ExpressionJob, ExpressionResult } from './expression-thread.ts';
import { pruneJson } from './fields/wanted.ts';
import { projectAnswer } from './lean/project/project.ts';

function run({ expression, json }: ExpressionJob): ExpressionResult {
  try {
    const selected = answer(expression, json);
    if (selected.length > jsonBytesMax) return { failure: `the result is longer than ${jsonBytesMax / 1024 / 1024} MiB` };
    return { json: new TextEncoder().encode(selected) };
  } catch (error) {
    // It becomes the end of a sentence.
    return { failure: error instanceof Error ? error.message.replace(/\.+$/, '') : 'the expression failed' };
  }
}

function answer(expression: ExpressionJob['expression'], json: Uint8Array): string {
  if (typeof expression === 'string') return JSON.stringify(search(readJson(json), expression) ?? null);
  const text = new TextDecoder().decode(json);
  return typeof expression === 'object' && 'plan' in expression
    ? JSON.stringify(projectAnswer(text, expression.plan))
    : pruneJson(text, expression);
}

/** V8 quotes the text that it cannot parse, which is not ours to say. */
function readJson(json: Uint8Array): JSONValue {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    throw new Error('the answer is not JSON');
  }
}

parentPort?.on('message', (job: ExpressionJob) => {
  const result = run(job);
  parentPort?.postMessage(result, 'json' in result ? [result.json.buffer] : []);
});

parentPort?.postMessage('started');
