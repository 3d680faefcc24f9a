/** Everyday questions, each with the endpoints that are a right answer. Nobody tunes on the half that is apart; `npm run bench:search` prints both. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { SkillSearch } from '../../../src/domains/skills/search.ts';

export type Half = 'tuned' | 'apart';

export interface Answered {
  question: string;
  right: readonly string[];
  /** The first five, as `slug.endpoint`. */
  found: readonly string[];
}

export function askAll(search: SkillSearch, half: Half): Answered[] {
  const file = path.join(import.meta.dirname, `${half}.json`);
  const questions = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>);
  return questions.map(([question, right]) => ({
    question,
    right,
    found: search
      .findEndpoints(question, () => true)
      .slice(0, 5)
      .map(({ integration, name }) => `${integration}.${name}`),
  }));
}

/** The share of questions that have a right endpoint among the first `count`. */
export function recall(answered: readonly Answered[], count: number): number {
  const hits = answered.filter(({ right, found }) => found.slice(0, count).some((endpoint) => right.includes(endpoint)));
  return hits.length / answered.length;
}
