/** `import`: an integration of one's own, from the description of an API. */
import { readFile } from 'node:fs/promises';
import { askGraphql } from '../ask-server.ts';
import { fileFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printJson, say } from '../terminal/print.ts';
import { readInput } from '../terminal/read-secret.ts';

interface ImportOptions extends PrintOptions {
  slug: string;
  tag: string[];
  operation: string[];
  baseUrl?: string;
}

interface ImportAnswer {
  importIntegration: { integration: { slug: string; name: string }; warnings: string[]; endpointCount: number };
}

const document = `mutation ($slug: String!, $document: String, $url: String, $tags: [String!], $operations: [String!], $baseUrl: String) {
  importIntegration(slug: $slug, document: $document, url: $url, tags: $tags, operations: $operations, baseUrl: $baseUrl) {
    integration { slug name } warnings endpointCount } }`;

export async function importDescription(target: Target, source: string, options: ImportOptions): Promise<void> {
  const isUrl = /^https?:\/\//i.test(source);
  if (isForPeople(options)) say('The server reads the description; a large one takes up to a minute.');
  const { importIntegration: made } = await askGraphql<ImportAnswer>(target, document, {
    slug: options.slug,
    ...(isUrl ? { url: source } : { document: await readDescription(source) }),
    tags: options.tag.length === 0 ? undefined : options.tag,
    operations: options.operation.length === 0 ? undefined : options.operation,
    baseUrl: options.baseUrl,
  });
  if (!isForPeople(options)) return printJson({ slug: made.integration.slug, endpoint_count: made.endpointCount, warnings: made.warnings });
  for (const warning of made.warnings) say(warning);
  say(`${JSON.stringify(made.integration.name)} is there with ${made.endpointCount} endpoints: skillett skills ${made.integration.slug}`);
}

async function readDescription(source: string): Promise<string> {
  if (source === '-') return (await readInput()).toString('utf8');
  try {
    return await readFile(source, 'utf8');
  } catch (error) {
    throw fileFailure(source, error);
  }
}
