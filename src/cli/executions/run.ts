/** `run`: calls an endpoint. */
import { askRoute, askServer, linesOf, type Refusal, requireKey, type ServerAnswer } from '../ask-server.ts';
import { CommandFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, parseExactly, printBody, printBytes, printPretty, printTable, say } from '../terminal/print.ts';
import { readInput } from '../terminal/read-secret.ts';
import {
  type Flag,
  failAsUnknown,
  type InputSources,
  isBoolean,
  type ParameterSchema,
  parameterOf,
  readFlags,
  readParameters,
  readText,
} from './parameters.ts';

/** What `run` takes beside the endpoint's parameters; these words are its own even where a parameter has the name. */
const optionsWithValue = ['params', 'account', 'select', 'with', 'next', 'idempotency-key'] as const;
const optionsAlone = ['raw', 'lean', 'dry-run', 'json'] as const;
const optionNames: string[] = [...optionsWithValue, ...optionsAlone];

interface EndpointSchema {
  schema: { properties?: Record<string, ParameterSchema> };
}

export async function run(target: Target, integration: string, endpoint: string, words: string[], print: PrintOptions): Promise<void> {
  const place = `${encodeURIComponent(integration)}/${encodeURIComponent(endpoint)}`;
  requireKey(target);
  const schemas = words.length === 0 ? {} : await findSchemas(target, place);
  const { params, options } = await readCall(words, schemas, { readInput: takeOnce(readInput) });
  const columns = options.get('with');
  const isLean = options.has('lean') || columns !== undefined;
  const body = JSON.stringify({
    params,
    account: options.get('account'),
    select: options.get('select'),
    ...(isLean && { view: 'lean', with: columns?.split(',').map((column) => column.trim()) }),
    next: options.get('next'),
  });
  const headers = callHeaders(options.has('raw'), options.get('idempotency-key'));
  if (options.has('dry-run')) {
    const request = {
      method: 'POST',
      url: `${target.url}/v1/${place}`,
      headers: { 'content-type': 'application/json', ...headers },
      body: parseExactly(body),
    };
    process.stdout.write(`${JSON.stringify(request, null, 2)}\n`);
    return;
  }
  const answer = await askServer(target, { method: 'POST', path: `/v1/${place}`, body, headers });
  const asked = { json: print.json === true || options.has('json') };
  if (!(isLean && isForPeople(asked) && printRows(answer))) printAnswer(answer, options.has('raw'), asked);
  process.exitCode = exitCodeOf(answer);
}

/** What flags say: the endpoint's parameters, and the options of `run`. */
export async function readCall(
  words: string[],
  schemas: Record<string, ParameterSchema>,
  sources: InputSources,
): Promise<{ params: Record<string, unknown>; options: Map<string, string | undefined> }> {
  const flags = readFlags(words, (name) => kindOf(name, schemas));
  const isOption = ({ name }: Flag) => optionNames.includes(name);
  const options = new Map(flags.filter(isOption).map(({ name, value }) => [name, value]));
  const all = options.get('params');
  const ofFlags = flags.filter((flag) => !isOption(flag));
  return {
    params: {
      ...(all === undefined ? {} : parseParams(await readText(all, sources))),
      ...(await readParameters(ofFlags, schemas, sources)),
    },
    options,
  };
}

async function findSchemas(target: Target, place: string): Promise<Record<string, ParameterSchema>> {
  const { json } = await askRoute<EndpointSchema>(target, { method: 'GET', path: `/v1/skills/${place}` });
  return json.schema.properties ?? {};
}

function kindOf(name: string, schemas: Record<string, ParameterSchema>): 'value' | 'alone' {
  if (optionNames.includes(name)) return (optionsAlone as readonly string[]).includes(name) ? 'alone' : 'value';
  const found = parameterOf(name, schemas) ?? failAsUnknown(name, schemas, optionNames);
  return found.negated || isBoolean(schemas[found.name]) ? 'alone' : 'value';
}

function parseParams(text: string): Record<string, unknown> {
  let params: unknown;
  try {
    params = parseExactly(text);
  } catch (error) {
    throw new CommandFailure(`--params takes JSON: ${(error as Error).message}.`);
  }
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    throw new CommandFailure('--params takes an object, as in {"title": "Hi"}.');
  return params as Record<string, unknown>;
}

/** Standard input goes to one flag: the next one that asks for it would find nothing. */
function takeOnce(read: () => Promise<Buffer>): () => Promise<Buffer> {
  let taken = false;
  return () => {
    if (taken) throw new CommandFailure('Standard input (-) can be given to one flag only.');
    taken = true;
    return read();
  };
}

/** A lean answer for people, as a table; false where there is none. What is cut is said beside it. */
function printRows({ status, body }: ServerAnswer): boolean {
  if (status >= 400) return false;
  const { data } = parseExactly(body.toString('utf8')) as { data: { columns?: string[]; rows?: unknown[][]; cut?: string[] } | null };
  if (!data?.columns || !data.rows) return false;
  printTable(
    data.columns,
    data.rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : cell === null ? '' : JSON.stringify(cell)))),
  );
  for (const sentence of data.cut ?? []) say(sentence);
  return true;
}

/** Of a call, by whichever route. */
export function callHeaders(raw: boolean, idempotencyKey: string | undefined): Record<string, string> {
  return {
    ...(raw ? { accept: 'application/octet-stream, application/json;q=0.5' } : {}),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
}

/** Of a call, by whichever route. The answer's body unchanged; on a terminal JSON stands on several lines. Our own refusals are said in words too. */
export function printAnswer(answer: ServerAnswer, raw: boolean, print: PrintOptions): void {
  const isJson = /^application\/json\b/.test(answer.headers['content-type'] ?? '');
  if (raw && answer.status < 400) {
    printBytes(answer.body);
    return;
  }
  if (isForPeople(print) && isJson) printPretty(answer.body);
  else printBody(answer.body);
  if (answer.headers['x-skillett-next'] !== undefined) say(`There is a next page: --next ${answer.headers['x-skillett-next']}`);
  if (answer.headers['x-skillett-error-source'] !== 'skillett' || !isJson) return;
  const { message = '', action_url: link, details } = JSON.parse(answer.body.toString('utf8')) as Refusal;
  for (const line of [message, ...linesOf(message, details), link]) if (line !== undefined) say(line);
}

/** 0 the service answered 2xx; 1 a mistake, a refusal or the service's 4xx; 2 the server, the service's 5xx or a time limit. */
export function exitCodeOf({ status }: ServerAnswer): number {
  if (status < 400) return 0;
  return status < 500 ? 1 : 2;
}
