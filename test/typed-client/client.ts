/** A program of somebody else's, against types made of /openapi.json: compiled by TypeScript 5, and run. */
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

export interface Seen {
  slugs: string[];
  title: string | null | undefined;
  labels: (string | null)[];
  refused: string | undefined;
}

export async function useClient(baseUrl: string, key: string): Promise<Seen> {
  const client = createClient<paths, 'application/json'>({ baseUrl, headers: { authorization: `Bearer ${key}` } });
  const list = await client.GET('/v1/skills', { params: { query: { search: 'letters', connected: true } } });
  if (list.error) throw new Error(list.error.message);
  const letter = await client.POST('/v1/letters/get_letter', { body: { params: { id: 7 } } });
  if (letter.error) throw new Error(String(letter.error.error));
  const { data } = letter.data;
  // @ts-expect-error: the endpoint takes a number
  const refused = await client.POST('/v1/letters/get_letter', { body: { params: { id: 'seven' } } });
  return {
    slugs: list.data.integrations.map(({ slug }) => slug),
    title: data?.title,
    labels: data?.labels ?? [],
    refused: refused.error && 'message' in refused.error ? refused.error.error : undefined,
  };
}

// @ts-expect-error: nothing is called like this
export type Missing = paths['/v1/letters/burn_letter'];
