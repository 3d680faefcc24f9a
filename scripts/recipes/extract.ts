/** The facts of a recipe, anew from its description. */
import { buildSchema } from 'graphql';
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';
import { readEndpointList } from './endpoint-list.ts';
import { extractFacts, type Facts } from './facts.ts';
import { type Recipe, readSource } from './folders.ts';
import { shrinkSchema } from './graphql/shrink-schema.ts';

/** Undefined where the description is not on this machine. What an earlier extraction found is left behind. */
export function extractFrom(
  { title: _title, version: _version, date: _date, paths: _paths, schema: _schema, sentences: _sentences, ...head }: Facts,
  { integration, endpoints }: Recipe,
): Facts | undefined {
  const found = readSource(head);
  if (!found) return undefined;
  if (head.source?.file.endsWith('.graphql')) {
    const schema = buildSchema(found.text, { assumeValidSDL: true });
    const verify = integration.verify?.graphql ? [{ graphql: integration.verify.graphql, parameters: {} }] : [];
    const all = [...endpoints.map(([, endpoint]) => endpoint), ...verify].filter(({ graphql }) => graphql !== undefined);
    return { ...head, ...(found.date === undefined ? {} : { date: found.date }), schema: shrinkSchema(schema, all) };
  }
  const openApi = readEndpointList(found.text) ?? readDescription(found.text);
  const date = found.date === undefined ? {} : { date: found.date };
  return { ...head, ...date, ...extractFacts(head, openApi, integration.base_url, endpoints) };
}
