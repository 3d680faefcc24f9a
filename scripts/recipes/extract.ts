/** The facts of a recipe, anew from its description. */
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';
import { readEndpointList } from './endpoint-list.ts';
import { extractFacts, type Facts, type FactsHead } from './facts.ts';
import { type Recipe, readSource } from './folders.ts';

/** Undefined where the description is not on this machine. */
export function extractFrom(head: FactsHead, { integration, endpoints }: Recipe): Facts | undefined {
  const found = readSource(head);
  if (!found) return undefined;
  const openApi = readEndpointList(found.text) ?? readDescription(found.text);
  const { source, trust, constants, base_path, newer, absent } = head;
  const kept = Object.fromEntries(
    Object.entries({ source, trust, constants, base_path, newer, absent }).filter(([, value]) => value !== undefined),
  ) as unknown as FactsHead;
  return {
    ...kept,
    ...(found.date === undefined ? {} : { date: found.date }),
    ...extractFacts(head, openApi, integration.base_url, endpoints),
  };
}
