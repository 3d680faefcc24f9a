/** Lists that go on by a number, where the answer says whether they do: which number asks for the next page. */
import type { Endpoint } from '../../recipes/format/format.ts';
import type { Parameters } from './check-parameters.ts';

export interface NumberedPages {
  style: 'page' | 'offset';
  /** Our name of the parameter that takes the number. */
  parameter: string;
  /** True on `data` where there is a further page. */
  more: string;
  /** Gives the number of rows on `data`; undefined where the recipe does not say where they stand. */
  count: string | undefined;
  /** The number that the first page has. */
  first: number;
  /** The greatest that the service takes. */
  last: number;
}

export function numberedPagesOf({ pagination, parameters }: Endpoint): NumberedPages | undefined {
  const { style, more, items, parameter: name } = pagination ?? {};
  if ((style !== 'page' && style !== 'offset') || more === undefined || name === undefined) return undefined;
  const known = parameters[name];
  const first = typeof known?.default === 'number' ? known.default : style === 'page' ? 1 : 0;
  // What is no list has no rows, though it may have a length.
  const count = items === undefined ? undefined : `type(${items}) == 'array' && length(${items})`;
  return { style, parameter: name, more, count, first, last: known?.maximum ?? Number.MAX_SAFE_INTEGER };
}

/** The number that asks for the page after the one that `params` asked for; `rows` is what that held, where it is known. */
export function nextNumber(
  { style, parameter, first, last }: NumberedPages,
  params: Parameters,
  rows: number | undefined,
): number | undefined {
  const asked = Object.hasOwn(params, parameter) ? params[parameter] : first;
  const step = style === 'page' ? 1 : rows;
  // A page without rows leads to itself, or to others like it, without end.
  if (typeof asked !== 'number' || step === undefined || rows === 0) return undefined;
  const next = asked + step;
  return Number.isSafeInteger(next) && next <= last ? next : undefined;
}
