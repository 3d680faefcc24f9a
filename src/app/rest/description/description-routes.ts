/** The rows that describe all rows, themselves too: for programs as OpenAPI, for agents as text. */
import { z } from 'zod';
import { badRequest } from '../../../core/errors.ts';
import { RawJson } from '../../../core/json/raw-json.ts';
import { requireIntegration, seenBy } from '../../../domains/recipes/catalogue.ts';
import type { Operation } from '../../operations/operation.ts';
import { textQuery } from '../query.ts';
import { type AnyRoute, route } from '../route.ts';
import { type ApiDocument, describeRoutes, type RouteGroup } from './api-document.ts';
import { printAgentText } from './llms-text.ts';
import { addTypedOperations } from './typed-operations.ts';

/** A client reads what it calls, not everything there is. */
const integrationsMax = 20;

/** The groups, with one that describes them all. `executionHeaders` are those of an execution's success. */
export function describeThemselves(groups: readonly RouteGroup[], executionHeaders: AnyRoute['headers']): RouteGroup[] {
  const all = [...groups];
  const documents = new Map<string, { document: ApiDocument; printed: RawJson }>();
  /** Made once for each address, which is one but in tests. */
  const documentAt = (publicUrl: string) => {
    const kept = documents.get(publicUrl);
    if (kept) return kept;
    const document = describeRoutes(all, publicUrl);
    const made = { document, printed: RawJson.fromValue(document) };
    documents.set(publicUrl, made);
    return made;
  };
  const describeApi: Operation<{ integrations?: string[] | undefined }, RawJson> = {
    name: 'describe_api',
    input: z.strictObject({
      integrations: z.array(z.string()).optional().describe(`Slugs with commas between them, at most ${integrationsMax}.`),
    }),
    output: z.looseObject({ openapi: z.string() }),
    run: async (context, { integrations }) => {
      const { document, printed } = documentAt(context.gateway.config.publicUrl);
      if (!integrations) return printed;
      const { catalogue } = await seenBy(context);
      const named = [...new Set(integrations)].map((slug) => requireIntegration(catalogue, slug));
      return addTypedOperations(document, named, executionHeaders);
    },
  };
  all.push({ name: 'description', description: 'What all of this is.', rows: [openApiRow(describeApi), agentTextRow(all)] });
  return all;
}

function openApiRow(operation: Operation<{ integrations?: string[] | undefined }, RawJson>): AnyRoute {
  return route({
    method: 'GET',
    path: '/openapi.json',
    summary: 'These routes as OpenAPI 3.1; with `integrations=github,slack` and a key their endpoints as operations too',
    access: 'open',
    operation,
    input: ({ query }) => ({ integrations: slugsOf(textQuery(query, 'integrations')) }),
  });
}

function slugsOf(list: string | undefined): string[] | undefined {
  if (list === undefined) return undefined;
  const slugs = list.split(',');
  if (slugs.length > integrationsMax || slugs.includes(''))
    throw badRequest(`\`integrations\` must be 1 to ${integrationsMax} slugs with commas between them, such as github,slack.`);
  return slugs;
}

function agentTextRow(groups: readonly RouteGroup[]): AnyRoute {
  return route({
    method: 'GET',
    path: '/llms.txt',
    summary: 'How to use this installation, as text for agents',
    access: 'open',
    mediaType: 'text/plain',
    operation: {
      name: 'read_agent_text',
      input: z.strictObject({}),
      output: z.string(),
      run: async ({ gateway }) => printAgentText(groups, gateway.config.publicUrl),
    },
    input: () => ({}),
  });
}
