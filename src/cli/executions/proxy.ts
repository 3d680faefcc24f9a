/** `proxy`: a request that no endpoint covers. */
import { askServer, requireKey } from '../ask-server.ts';
import { CommandFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { type PrintOptions, parseExactly } from '../terminal/print.ts';
import { readInput } from '../terminal/read-secret.ts';
import { readText } from './parameters.ts';
import { callHeaders, exitCodeOf, printAnswer } from './run.ts';

interface ProxyOptions extends PrintOptions {
  query: string[];
  header: string[];
  body?: string;
  account?: string;
  select?: string;
  idempotencyKey?: string;
  raw?: boolean;
}

export async function sendProxied(
  target: Target,
  { integration, method, path }: { integration: string; method: string; path: string },
  options: ProxyOptions,
): Promise<void> {
  requireKey(target);
  const raw = options.raw ?? false;
  const text = options.body === undefined ? undefined : await readText(options.body, { readInput });
  const body = {
    method: method.toUpperCase(),
    path,
    query: readPairs('--query', options.query, '='),
    headers: readPairs('--header', options.header, ':'),
    body: text === undefined ? undefined : jsonOrText(text),
    account: options.account,
    select: options.select,
  };
  const answer = await askServer(target, {
    method: 'POST',
    path: `/v1/proxy/${encodeURIComponent(integration)}`,
    body: JSON.stringify(body),
    headers: callHeaders(raw, options.idempotencyKey),
  });
  printAnswer(answer, raw, options);
  process.exitCode = exitCodeOf(answer);
}

/** A name that comes again becomes a list. */
function readPairs(flag: string, given: string[], separator: string): Record<string, string | string[]> | undefined {
  const pairs = new Map<string, string | string[]>();
  for (const pair of given) {
    const at = pair.indexOf(separator);
    if (at < 1) throw new CommandFailure(`${flag} takes a name and a value with ${separator} between them, not ${JSON.stringify(pair)}.`);
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trimStart()];
    const before = pairs.get(name);
    pairs.set(name, before === undefined ? value : [before, value].flat());
  }
  return given.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** Numbers keep their digits. */
function jsonOrText(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}
