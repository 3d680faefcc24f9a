/** The facts of a recipe, anew from its descriptions. */
import { buildSchema } from 'graphql';
import type { OpenApi } from '../../src/domains/recipes/import/openapi.ts';
import { readDescription } from '../../src/domains/recipes/import/read-description.ts';
import { readEndpointList } from './endpoint-list.ts';
import { extractFacts, type Facts, type FactsHead } from './facts.ts';
import { type Recipe, readSources, type SourceText } from './folders.ts';
import { shrinkSchema } from './graphql/shrink-schema.ts';
import { readKiotaClient } from './sources/kiota-client.ts';
import { readCode } from './sources/read-code.ts';
import { readStone } from './sources/stone/read-stone.ts';

/** Undefined where the descriptions are not on this machine. What an earlier extraction found is left behind. */
export function extractFrom(
  { title: _title, version: _version, date: _date, paths: _paths, schema: _schema, sentences: _sentences, ...head }: Facts,
  { integration, endpoints }: Recipe,
): Facts | undefined {
  const found = readSources(head);
  if (!found) return undefined;
  const dates = [...new Set(found.flatMap(({ date }) => date ?? []))].join(', ');
  const date = dates === '' ? {} : { date: dates };
  const [schemaText] = found.filter(({ file }) => file.endsWith('.graphql'));
  if (schemaText) {
    const schema = buildSchema(schemaText.text, { assumeValidSDL: true });
    const verify = integration.verify?.graphql ? [{ graphql: integration.verify.graphql, parameters: {} }] : [];
    const all = [...endpoints.map(([, endpoint]) => endpoint), ...verify].filter(({ graphql }) => graphql !== undefined);
    return { ...head, ...date, schema: shrinkSchema(schema, all) };
  }
  return { ...head, ...date, ...extractFacts(head, readDescriptions(head, found), integration.base_url, endpoints) };
}

/** Files of Stone are one description, since they name each other's types. */
export function readDescriptions({ argument_header: header }: FactsHead, found: readonly SourceText[]): OpenApi[] {
  const [stone, others] = [found.filter(isStone), found.filter((one) => !isStone(one))];
  const texts = stone.map(({ text }) => text);
  return [...(stone.length > 0 ? [readStone(texts, header)] : []), ...others.map(readOne)];
}

function isStone({ file }: SourceText): boolean {
  return file.endsWith('.stone');
}

function readOne({ text, form, place = '' }: SourceText): OpenApi {
  return form ? readCode(form, place) : (readEndpointList(text) ?? readKiotaClient(text) ?? readDescription(text));
}
