/** What an agent reads about an endpoint: its parameters, an example, and what to do about each likely error. */
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import { type PlannedCall, printCliCommand, printCurlCommand, printGraphqlDocument, printMcpCall } from './commands.ts';

export interface ParameterDescription {
  name: string;
  /** JSON type; several are joined by ` | `. */
  type: string;
  required: boolean;
  description: string;
  default: unknown;
  enum: readonly unknown[] | undefined;
  example: unknown;
}

export function describeParameters({ spec }: CatalogueEndpoint): ParameterDescription[] {
  return Object.entries(spec.parameters).map(([name, parameter]) => ({
    name,
    type: [parameter.type].flat().join(' | '),
    required: parameter.required ?? false,
    description: parameter.description,
    default: parameter.default,
    enum: parameter.enum,
    example: spec.example[name] ?? parameter.examples?.[0],
  }));
}

export interface Example {
  params: Record<string, unknown>;
  cli: string;
  curl: string;
  mcp: string;
  graphql: string;
}

/** `call` is the recipe's own example unless another one is given. */
export function buildExample(
  endpoint: CatalogueEndpoint,
  publicUrl: string,
  call: PlannedCall = { params: endpoint.spec.example },
): Example {
  return {
    params: call.params,
    cli: printCliCommand(endpoint, call),
    curl: printCurlCommand(endpoint, call, publicUrl),
    mcp: printMcpCall(endpoint, call),
    graphql: printGraphqlDocument(endpoint, call),
  };
}

/** OAuth scopes that connecting asks for on the endpoint's behalf: of each choice the first. */
export function listProviderScopes(endpoint: CatalogueEndpoint): string[] {
  return endpoint.providerScopes.map((choice) => choice[0] as string);
}

export interface ErrorAdvice {
  error: string;
  fix: string;
}

/** The service's own failures, then Skillett's that this endpoint can meet. */
export function listErrors(integration: CatalogueIntegration, endpoint: CatalogueEndpoint): ErrorAdvice[] {
  const ofService = [...(endpoint.spec.errors ?? []), ...(integration.recipe.errors ?? [])];
  return [...ofService.map(({ error, fix }) => ({ error, fix })), ...listGatewayErrors(integration, endpoint)];
}

function listGatewayErrors({ slug, recipe, open }: CatalogueIntegration, endpoint: CatalogueEndpoint): ErrorAdvice[] {
  const connectable = recipe.auth.some((auth) => auth.type !== 'none');
  const all: (ErrorAdvice | false)[] = [
    {
      error: '`bad_request`',
      fix: 'A parameter is missing, unknown or of the wrong type. `details` names each one and how to mend it; nothing was sent.',
    },
    {
      error: '`scope_not_allowed`',
      fix: `This API key may not call it. Ask the person for a key with the scope \`${slug}\` or \`${slug}.${endpoint.name}\`.`,
    },
    !open && {
      error: '`integration_not_connected`',
      fix: `Nobody has connected ${recipe.name} yet. Give the person the link in \`action_url\` and call again afterwards.`,
    },
    connectable && {
      error: '`account_required`',
      fix: 'Several accounts are connected. Repeat the call with `account` set to one of those the message names; ask the person which.',
    },
    connectable && { error: '`token_expired`', fix: 'Give the person the link in `action_url` to connect the account again.' },
    endpoint.providerScopes.length > 0 && {
      error: '`consent_required`',
      fix: `The account has not granted what this needs at ${recipe.name}. Give the person the link in \`action_url\`.`,
    },
    {
      error: '`rate_limited`, `daily_limit_reached`',
      fix: 'Wait for the seconds in the header `Retry-After`, then call again.',
    },
    endpoint.readOnly
      ? { error: '`upstream_timeout`', fix: `${recipe.name} took too long. Ask for less at once, or try again later.` }
      : {
          error: '`outcome_unknown`, `upstream_timeout`',
          fix: `It may have happened: the call was sent, but its answer did not arrive. Check at ${recipe.name} before you repeat it.`,
        },
  ];
  return all.filter((advice) => advice !== false);
}
