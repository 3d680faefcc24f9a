/**
 * The names that a provider's description lists for one operation, against those that a recipe sends: for descriptions
 * that say nothing reliable beyond names.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { CatalogueEndpoint } from '../../src/domains/recipes/catalogue.ts';

export interface NamedOperation {
  path: readonly string[];
  query: readonly string[];
  body: readonly string[];
}

/** Descriptions are no part of the repository: `API_DESCRIPTIONS` names their folder, otherwise one beside the checkout is looked for. */
const folder = process.env.API_DESCRIPTIONS ?? path.resolve(import.meta.dirname, '../../../shared/specs');

/** Undefined where this machine does not have the file. */
export function readDescription(file: string): unknown {
  try {
    return JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Every fault, as a sentence that begins with the place. `newer`: names that the provider documents today and the
 * description is too old to know.
 */
export function listNameFaults(
  endpoint: CatalogueEndpoint,
  documented: NamedOperation,
  omittedEverywhere: object = {},
  newer: readonly string[] = [],
): string[] {
  const { spec } = endpoint;
  const sent = [
    ...Object.keys(spec.query ?? {}).map((name) => ['query', name] as const),
    ...Object.keys(spec.body?.constants ?? {}).map((name) => ['body', name] as const),
    ...Object.entries(spec.parameters).map(([name, parameter]) => [parameter.in, parameter.as ?? name] as const),
  ];
  const unknown = sent.filter(([place, name]) => !documented[place as keyof NamedOperation].includes(name) && !newer.includes(name));
  const omitted = { ...omittedEverywhere, ...spec.omits };
  const forgotten = (['path', 'query', 'body'] as const).flatMap((place) =>
    documented[place]
      .filter((name) => !(name in omitted) && !sent.some(([at, other]) => at === place && other === name))
      .map((name) => [place, name] as const),
  );
  const names = [...documented.path, ...documented.query, ...documented.body, ...newer];
  const vain = Object.keys(spec.omits ?? {}).filter((name) => !names.includes(name) || sent.some(([, other]) => other === name));
  return [
    ...unknown.map(([place, name]) => `${place} ${name}: is not documented`),
    ...forgotten.map(([place, name]) => `${place} ${name}: is neither sent nor omitted`),
    ...vain.map((name) => `omits ${name}: is sent, or not documented`),
  ];
}
