/** `answers.json` of a recipe, anew from its provider's description. */

import type { Answers } from '../../src/domains/recipes/format/answer/shapes.ts';
import { AnswerMapper } from '../../src/domains/recipes/import/answers/map-answers.ts';
import { readEndpointList } from './endpoint-list.ts';
import { readDescriptions } from './extract.ts';
import { type Facts, findOperation } from './facts.ts';
import { listSources, type Recipe, readSources } from './folders.ts';

/** `missing`: the description is not on this machine. Undefined where it says nothing of answers, or there is none. */
export function mapAnswersOf(recipe: Recipe, facts: Facts): Answers | 'missing' | undefined {
  if (listSources(facts).length === 0 || listSources(facts).some(({ file }) => file.endsWith('.graphql'))) return undefined;
  const found = readSources(facts);
  if (!found) return 'missing';
  // A list of names says nothing of answers.
  const telling = found.filter(({ text }) => !readEndpointList(text));
  const descriptions = readDescriptions(facts, telling);
  const [first] = descriptions;
  if (!first) return undefined;
  const mapper = new AnswerMapper(first);
  for (const [name, endpoint] of recipe.endpoints) {
    if (endpoint.returns !== undefined || endpoint.graphql !== undefined || Object.hasOwn(facts.absent ?? {}, name)) continue;
    const operation = findOperation(facts, descriptions, recipe.integration.base_url, endpoint);
    if (operation) mapper.add(name, operation.operation, acceptOf(endpoint.headers), operation.openApi);
  }
  return mapper.finish();
}

/** Whether answers.json is another than the description makes it, where that is on this machine. */
export function findStaleAnswers(recipe: Recipe, facts: Facts): string | undefined {
  const anew = mapAnswersOf(recipe, facts);
  if (anew === 'missing' || recipe.answers === (anew && printAnswers(anew))) return undefined;
  return `answers.json is not what the description says; make it anew: npm run recipes -- answers ${recipe.integration.slug}`;
}

function acceptOf(headers: Record<string, string> = {}): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'accept')?.[1];
}

/** A shape a line, so that a change shows where it is. */
export function printAnswers({ shapes, returns }: Answers): string {
  const lines = (all: object) =>
    Object.entries(all)
      .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n');
  return `{\n  "shapes": {\n${lines(shapes)}\n  },\n  "returns": {\n${lines(returns)}\n  }\n}\n`;
}
