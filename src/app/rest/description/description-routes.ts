/** The rows that describe all rows, themselves too: for programs as OpenAPI, for agents as text, and where a device login is found. */
import { z } from 'zod';
import { badRequest } from '../../../core/errors.ts';
import { RawJson } from '../../../core/json/raw-json.ts';
import { deviceGrantType } from '../../../domains/device-codes/token-answer.ts';
import { requireIntegration, seenBy } from '../../../domains/recipes/catalogue.ts';
import type { Operation } from '../../operations/operation.ts';
import { textQuery } from '../query.ts';
import { type AnyRoute, route } from '../route.ts';
import { type ApiDocument, describeRoutes, type RouteGroup } from './api-document.ts';
import { printAgentText } from './llms-text.ts';
import { addTypedOperations } from './typed-operations.ts';

/** A client reads what it calls, not everything there is. */
const integrationsMax = 20;

/** The groups, with those that describe them all. */
export function describeThemselves(groups: readonly RouteGroup[]): RouteGroup[] {
  const all: RouteGroup[] = groups.map((group) =>
    group.name === 'device login' ? { ...group, rows: [...group.rows, deviceMetadataRow] } : group,
  );
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
  const execution = groups.flatMap(({ rows }) => rows).find(({ operation }) => operation.name === 'execute');
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
      return addTypedOperations(document, named, execution?.headers);
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

const metadata = z.strictObject({
  issuer: z.string(),
  device_authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  response_types_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  service_documentation: z.string(),
});

/**
 * RFC 8414 and RFC 8628, section 4. The issuer is not the root: MCP clients with a configured key drop it once they find an
 * authorization server there.
 */
const deviceMetadataRow = route({
  method: 'GET',
  path: '/.well-known/oauth-authorization-server/auth',
  summary: 'Where a device login begins and ends (RFC 8414), for the issuer `<PUBLIC_URL>/auth`',
  access: 'open',
  operation: {
    name: 'read_device_login_metadata',
    input: z.strictObject({}),
    output: metadata,
    run: async ({ gateway: { config } }) => ({
      issuer: `${config.publicUrl}/auth`,
      device_authorization_endpoint: `${config.publicUrl}/auth/device/code`,
      token_endpoint: `${config.publicUrl}/auth/device/token`,
      response_types_supported: [],
      grant_types_supported: [deviceGrantType],
      token_endpoint_auth_methods_supported: ['none'],
      service_documentation: `${config.publicUrl}/llms.txt`,
    }),
  },
  input: () => ({}),
});
