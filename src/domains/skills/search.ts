/** Search over the catalogue: ranked, forgiving of typing errors and plurals, in memory. */
import MiniSearch from 'minisearch';
import type { Catalogue, CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';

declare module '../../core/context.ts' {
  interface Gateway {
    skillSearch: SkillSearch;
  }
}

export interface SkillSearch {
  /** Best first. */
  findEndpoints(query: string, included: (endpoint: CatalogueEndpoint) => boolean): CatalogueEndpoint[];
  /** Best first; found by themselves (`included` gets no endpoint) or by one of their endpoints. */
  findIntegrations(
    query: string,
    included: (integration: CatalogueIntegration, endpoint: CatalogueEndpoint | undefined) => boolean,
  ): CatalogueIntegration[];
}

/** One entry of the index: an integration, or one of its endpoints. */
interface Entry {
  id: number;
  name: string;
  group: string;
  integration: string;
  description: string;
  of: CatalogueIntegration;
  endpoint: CatalogueEndpoint | undefined;
}

interface Hit {
  entry: Entry;
  score: number;
}

/** Words that people write around what they look for. */
const fillers = new Set(
  'a an and are as at be by do for from how i in into is it me my of on or that the this to want was with'.split(' '),
);

/** A few milliseconds of work. */
const entriesPerTurn = 100;

export function buildSearch(catalogue: Catalogue): SkillSearch {
  const entries = listEntries(catalogue);
  const index = new MiniSearch<Entry>({
    fields: ['name', 'group', 'integration', 'description'],
    processTerm: toTerm,
    searchOptions: {
      boost: { name: 4, group: 2, integration: 2 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 3 ? 0.25 : false),
      maxFuzzy: 2,
      // A likeness in a name must not outweigh the word itself in a description: "branch" is not "batch".
      weights: { fuzzy: 0.1, prefix: 0.375 },
    },
  });
  const complete = addInTurns(index, entries);

  /** What holds all words of the query; if nothing that is included does, what holds any of them. */
  const find = (query: string, included: (entry: Entry) => boolean): Hit[] => {
    complete();
    for (const combineWith of ['AND', 'OR'] as const) {
      const hits = index
        .search(query, { combineWith })
        .map(({ id, score }) => ({ entry: entries[id] as Entry, score }))
        .filter(({ entry }) => included(entry));
      if (hits.length > 0) return hits;
    }
    return [];
  };

  return {
    findEndpoints: (query, included) =>
      find(query, ({ endpoint }) => endpoint !== undefined && included(endpoint)).map(({ entry }) => entry.endpoint as CatalogueEndpoint),
    findIntegrations: (query, included) => {
      const hits = find(query, (entry) => included(entry.of, entry.endpoint));
      const best = new Map<CatalogueIntegration, number>();
      for (const { entry, score } of hits) {
        // Who writes an integration's own name means it, however many endpoints of others mention it.
        const weighted = entry.endpoint === undefined ? 2 * score : score;
        best.set(entry.of, Math.max(best.get(entry.of) ?? 0, weighted));
      }
      return [...best].sort((a, b) => b[1] - a[1]).map(([integration]) => integration);
    },
  };
}

/** 5,000 endpoints take a fifth of a second, so they are added between other work, or all that are missing when somebody searches. */
function addInTurns(index: MiniSearch<Entry>, entries: readonly Entry[]): () => void {
  let added = 0;
  const add = (count: number) => {
    index.addAll(entries.slice(added, added + count));
    added += count;
  };
  const go = () => {
    if (added >= entries.length) return;
    add(entriesPerTurn);
    setImmediate(go).unref();
  };
  setImmediate(go).unref();
  return () => {
    if (added < entries.length) add(entries.length);
  };
}

function listEntries(catalogue: Catalogue): Entry[] {
  return catalogue.integrations
    .flatMap((integration) => [
      {
        name: `${integration.recipe.name} ${integration.slug}`,
        group: integration.recipe.category,
        integration: '',
        description: integration.recipe.description,
        of: integration,
        endpoint: undefined,
      },
      ...[...integration.endpoints.values()].map((endpoint) => ({
        name: endpoint.name,
        group: endpoint.resource,
        integration: `${integration.recipe.name} ${integration.slug}`,
        description: endpoint.description,
        of: integration,
        endpoint,
      })),
    ])
    .map((entry, id) => ({ id, ...entry }));
}

/** Lower case, in the singular, or nothing for a filler. */
function toTerm(word: string): string | null {
  const term = word.toLowerCase();
  if (fillers.has(term)) return null;
  if (term.length > 4 && term.endsWith('ies')) return `${term.slice(0, -3)}y`;
  if (term.length > 3 && term.endsWith('s') && !/(ss|us|is)$/.test(term)) return term.slice(0, -1);
  return term;
}
