/** Reads what routes take in the query of their address. */
import { badRequest } from '../../core/errors.ts';
import { pageSizeMax } from '../../core/paging.ts';
import { httpMethods } from '../../domains/recipes/format/format.ts';

export function pageQuery(query: URLSearchParams): { limit: number | undefined; cursor: string | undefined } {
  return { limit: limitQuery(query), cursor: textQuery(query, 'cursor') };
}

export function textQuery(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}

function limitQuery(query: URLSearchParams): number | undefined {
  const value = query.get('limit');
  if (value === null) return undefined;
  if (!/^\d{1,6}$/.test(value) || Number(value) < 1 || Number(value) > pageSizeMax)
    throw badRequest(`\`limit\` must be a whole number from 1 to ${pageSizeMax}, not "${value}".`);
  return Number(value);
}

export function booleanQuery(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (value !== 'true' && value !== 'false') throw badRequest(`\`${name}\` must be true or false, not "${value}".`);
  return value === 'true';
}

export function methodQuery(query: URLSearchParams): string | undefined {
  const value = query.get('method')?.toUpperCase();
  if (value !== undefined && !httpMethods.some((method) => method === value))
    throw badRequest(`\`method\` must be one of ${httpMethods.join(', ')}, not "${query.get('method')}".`);
  return value;
}
