/** Search over the catalogue: ranked, forgiving of typing errors and plurals, in memory. */
import MiniSearch, { type SearchOptions } from 'minisearch';
import type { Catalogue, CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';
import { isWeak, termsIn, termsOf, wordsLike } from './words.ts';

declare module '../../core/context.ts' {
  interface Gateway {
    skillSearch: SkillSearch;
  }
}

export interface SkillSearch {
  /** Best first. Of about equals those come first whose integration is `atHand`, by its slug. */
  findEndpoints(query: string, included: (endpoint: CatalogueEndpoint) => boolean, atHand?: AtHand): CatalogueEndpoint[];
  /** Best first; found by themselves (`included` gets no endpoint) or by one of their endpoints. */
  findIntegrations(
    query: string,
    included: (integration: CatalogueIntegration, endpoint: CatalogueEndpoint | undefined) => boolean,
    atHand?: AtHand,
  ): CatalogueIntegration[];
}

/** Slugs of integrations that who asks has connected. */
export type AtHand = ReadonlySet<string>;

/** One entry of the index: an integration, or one of its endpoints. */
interface Entry {
  id: number;
  name: string;
  group: string;
  integration: string;
  description: string;
  say: string;
  of: CatalogueIntegration;
  endpoint: CatalogueEndpoint | undefined;
}

const nothing: AtHand = new Set();

/** A word of a query. */
interface Word {
  term: string;
  /** Others that mean about the same. */
  alike: readonly string[];
  weight: number;
}

interface Hit {
  entry: Entry;
  /** Words of the entry that the query found. */
  matched: readonly string[];
  score: number;
}

/** What a word decides, when one that everybody writes and that the catalogue knows is 1. */
const weakWeight = 0.1;
const unknownWeight = 0.2;
const alikeWeight = 0.6;

/** So many of the best are compared with whole phrases, and so much does a phrase that is asked word for word add. */
const comparedHits = 50;
const phraseBonus = 16;

/** Many services have issues and messages: whoever connected one of them means that, unless another fits clearly better. */
const atHandBonus = 0.5;

/** Whoever writes a service's name means it. */
const namedBonus = 2;

/** A few milliseconds of work. */
const entriesPerTurn = 100;

export function buildSearch(catalogue: Catalogue): SkillSearch {
  const entries = listEntries(catalogue);
  const known = new Set<string>();
  const index = new MiniSearch<Entry>({
    fields: ['name', 'group', 'integration', 'description', 'say'],
    processTerm: (word) => {
      const terms = termsOf(word);
      for (const term of terms) known.add(term);
      return [...terms];
    },
  });
  const complete = addInTurns(index, entries);
  const names = new Map(catalogue.integrations.map(({ slug, recipe }) => [slug, termsIn(recipe.name)]));
  const nameOf = ({ slug }: CatalogueIntegration) => names.get(slug) as readonly string[];

  /** What holds any word of the query; what holds more of them comes before what holds one of them often. */
  const find = (query: string, included: (entry: Entry) => boolean, atHand: AtHand = nothing): Hit[] => {
    complete();
    const words = weighWords(query, known);
    const hits = index
      .search(words.flatMap(({ term, alike }) => [term, ...alike]).join(' '), optionsFor(words, known))
      .map(({ id, score, terms, queryTerms }) => ({
        entry: entries[id] as Entry,
        matched: terms,
        score: (score / queryTerms.length) * shareOf(words, queryTerms, ({ weight }) => weight) ** 2,
      }))
      .filter(({ entry }) => included(entry));
    const asked = new Set(words.map(({ term }) => term));
    for (const hit of hits) {
      if (nameOf(hit.entry.of).every((term) => asked.has(term))) hit.score *= 1 + namedBonus;
      else if (atHand.has(hit.entry.of.slug)) hit.score *= 1 + atHandBonus;
    }
    hits.sort(byScore);
    for (const hit of hits.slice(0, comparedHits)) hit.score *= 1 + phraseBonus * likenessOf(words, hit, nameOf(hit.entry.of)) ** 2;
    return hits.sort(byScore);
  };

  return {
    findEndpoints: (query, included, atHand) =>
      find(query, ({ endpoint }) => endpoint !== undefined && included(endpoint), atHand).map(
        ({ entry }) => entry.endpoint as CatalogueEndpoint,
      ),
    findIntegrations: (query, included, atHand) => {
      const hits = find(query, (entry) => included(entry.of, entry.endpoint), atHand);
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
        say: '',
        of: integration,
        endpoint: undefined,
      },
      ...[...integration.endpoints.values()].map((endpoint) => ({
        name: endpoint.name,
        group: endpoint.resource,
        integration: `${integration.recipe.name} ${integration.slug}`,
        description: endpoint.description,
        say: endpoint.say?.join(' ') ?? '',
        of: integration,
        endpoint,
      })),
    ])
    .map((entry, id) => ({ id, ...entry }));
}

function byScore(one: Hit, other: Hit): number {
  return other.score - one.score;
}

/** Only words that the catalogue does not know may be others: begun, or mistyped. */
function optionsFor(words: readonly Word[], known: ReadonlySet<string>): SearchOptions {
  const boosts = new Map(words.flatMap(({ alike, weight }) => alike.map((other) => [other, weight * alikeWeight] as const)));
  for (const { term, weight } of words) boosts.set(term, weight);
  return {
    processTerm: (term) => term,
    boostTerm: (term) => boosts.get(term) ?? 1,
    boost: { name: 1.5, group: 0.5, integration: 1.5, say: 2 },
    prefix: (term) => term.length > 2 && !known.has(term),
    fuzzy: (term) => term.length > 3 && !known.has(term) && 0.25,
    maxFuzzy: 2,
    // A likeness in a name must not outweigh the word itself in a description: "branch" is not "batch".
    weights: { fuzzy: 0.1, prefix: 0.375 },
  };
}

function weighWords(query: string, known: ReadonlySet<string>): Word[] {
  return termsIn(query).map((term) => ({
    term,
    alike: wordsLike(term),
    weight: isWeak(term) ? weakWeight : known.has(term) ? 1 : unknownWeight,
  }));
}

/** How much of the words there is in `terms`, by their weight: 1 when all are. */
function shareOf(words: readonly Word[], terms: readonly string[], weightOf: (word: Word) => number): number {
  let all = 0;
  let found = 0;
  for (const word of words) {
    const weight = weightOf(word);
    all += weight;
    if (terms.includes(word.term)) found += weight;
    else if (word.alike.some((other) => terms.includes(other))) found += weight * alikeWeight;
  }
  return all === 0 ? 0 : found / all;
}

/** With the name of an endpoint or the phrase that is most like the query: 1 when it has the same words, whether the service is named or not. */
function likenessOf(words: readonly Word[], { entry: { endpoint }, matched }: Hit, service: readonly string[]): number {
  if (endpoint === undefined) return 0;
  const weightOf = (term: string) => (isWeak(term) ? weakWeight : 1);
  const sum = (terms: readonly string[]) => terms.reduce((total, term) => total + weightOf(term), 0);
  const asked = words.map(({ term }) => term).filter((term) => !service.includes(term));
  const alike = new Set(words.flatMap((word) => word.alike));
  const likenesses = [endpoint.name, ...(endpoint.say ?? [])].map((phrase) => {
    const said = termsIn(phrase).filter((term) => !service.includes(term));
    const shared = said.filter((term) => matched.includes(term));
    const same = shared.filter((term) => asked.includes(term) || !alike.has(term));
    const like = shared.length - same.length;
    return Math.min(1, (2 * (sum(same) + like * alikeWeight)) / (sum(asked) + sum(said)));
  });
  return Math.max(...likenesses);
}
