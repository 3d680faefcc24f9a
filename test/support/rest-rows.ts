/** Holds answers of REST to what the rows' operations say of them. */
import { expect } from 'vitest';
import type { AnyRoute } from '../../src/app/rest/route.ts';
import { routes } from '../../src/app/rest/routes.ts';

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

/** Fails for an answer with a field of which its operation says nothing. Returns the row it came from; undefined for a refusal, and for what is no row's. */
export function checkOutput(method: string, target: string, { status, headers, text, json }: Answer): AnyRoute | undefined {
  const row = findRow(method, target);
  if (!row || headers.get('x-skillett-error-source') === 'skillett') return undefined;
  if (status === 204) {
    expect(text).toBe('');
    return row;
  }
  const markdown = headers.get('content-type')?.startsWith('text/markdown');
  const output = markdown ? row.markdown?.output : (row.output ?? row.operation.output);
  expect(output?.safeParse(json ?? text).error, `${method} ${row.path}: ${text.slice(0, 400)}`).toBeUndefined();
  return row;
}

function findRow(method: string, target: string): AnyRoute | undefined {
  const pathname = target.split('?')[0] as string;
  return routes.find((row) => row.method === method && new RegExp(`^${row.path.replace(/:\w+/g, '[\\w-]+')}$`).test(pathname));
}
