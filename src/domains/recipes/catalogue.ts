/** The catalogue: every integration that can be called, from its recipe, ready to use. */
import type { Context, Gateway } from '../../core/context.ts';
import { notFoundNear } from '../../core/errors.ts';
import { scopesFor } from '../../core/principal.ts';
import type { Endpoint, Integration, Resource } from './format/format.ts';
import { buildParameterSchema } from './parameter-schema.ts';
import type { AnswerShapes } from './shapes/answer-shapes.ts';

/** A JSON Schema 2020-12 object schema. */
export type JsonSchema = Record<string, unknown>;

export interface CatalogueEndpoint {
  /** Slug of its integration. */
  integration: string;
  name: string;
  /** Its resource's name in kebab case; what lists call its category. */
  resource: string;
  method: Endpoint['method'];
  description: string;
  /** How people ask for it, for the search. */
  say?: readonly string[] | undefined;
  spec: Endpoint;
  readOnly: boolean;
  destructive: boolean;
  idempotent: boolean;
  /** The caller's `params` as a JSON Schema (`type: object`, additionalProperties false). */
  schema: JsonSchema;
  /** OAuth scopes needed at the provider: all entries, any one of each entry's alternatives. */
  providerScopes: readonly (readonly string[])[];
  /** Scopes of API keys that let it run: `*`, `github`, `github.create_issue`, and `github:read` when it only reads. */
  acceptedScopes: readonly string[];
  /** Stands in for an endpoint in a call by the proxy; the catalogue holds none of these. */
  proxied?: true;
}

export interface CatalogueIntegration {
  slug: string;
  recipe: Integration;
  /** Where its API is for this installation: the recipe's address or the operator's. */
  baseUrl: string;
  /** True when the operator set `baseUrl`: it then holds for every endpoint and is exempt from the outbound refusals. */
  baseUrlOverridden: boolean;
  resources: readonly Resource[];
  endpoints: ReadonlyMap<string, CatalogueEndpoint>;
  /** Guide file → Markdown. */
  guides: ReadonlyMap<string, string>;
  /** What its endpoints answer. Read when it is asked for and not kept, so hold it no longer than you use it. */
  answers: AnswerShapes;
  /** A drawing of at most 8 KiB, as SVG. */
  logo?: Buffer;
  /** True when it can be called without connecting. */
  open: boolean;
  /** Somebody imported it: not everybody sees it, and its slug is nobody's business. */
  imported?: true;
  /** Its addresses are a user's own choice: nothing is exempt for them that the operator opened for integrations. */
  chosenByUser?: true;
}

/** What outbound requests say of whom they are for. */
export function outboundTarget({ slug, chosenByUser }: CatalogueIntegration): { integration: string; chosenByCaller: boolean } {
  return { integration: slug, chosenByCaller: chosenByUser === true };
}

export interface Catalogue {
  /** By slug, in alphabetical order. */
  integrations: readonly CatalogueIntegration[];
  find(slug: string): CatalogueIntegration | undefined;
  findEndpoint(slug: string, endpoint: string): CatalogueEndpoint | undefined;
}

/** By slug, in alphabetical order. */
export function buildCatalogue(integrations: readonly CatalogueIntegration[]): Catalogue {
  const bySlug = new Map(integrations.toSorted((a, b) => (a.slug < b.slug ? -1 : 1)).map((one) => [one.slug, one]));
  return {
    integrations: [...bySlug.values()],
    find: (slug) => bySlug.get(slug),
    findEndpoint: (slug, endpoint) => bySlug.get(slug)?.endpoints.get(endpoint),
  };
}

/** The gateway as whoever asks sees it, looked up once a request. Throws the 401s and 429 of `principal`. */
export function seenBy(context: Context): Promise<Gateway> {
  return context.once('seen', async () => context.gateway.seenBy((await context.principal()).userId));
}

/** As whoever asks sees it; undefined for none of this name. Throws the 401s and 429 of `principal` where it has to be looked up. */
export async function findSeen(context: Context, integration: string, endpoint: string): Promise<CatalogueEndpoint | undefined> {
  const { catalogue } = context.gateway.catalogue.find(integration) ? context.gateway : await seenBy(context);
  return catalogue.findEndpoint(integration, endpoint);
}

/** Throws not_found. */
export function requireIntegration(catalogue: Catalogue, slug: string): CatalogueIntegration {
  const integration = catalogue.find(slug);
  if (!integration)
    throw notFoundNear(
      'Integration',
      'integration',
      slug,
      catalogue.integrations.map((one) => one.slug),
    );
  return integration;
}

/** Throws not_found, for the integration or for the endpoint. */
export function requireEndpoint(catalogue: Catalogue, slug: string, name: string): CatalogueEndpoint {
  const { endpoints } = requireIntegration(catalogue, slug);
  const endpoint = endpoints.get(name);
  if (!endpoint) throw notFoundNear('Endpoint', 'endpoint', name, [...endpoints.keys()]);
  return endpoint;
}

export function buildEndpoint(integration: string, resource: string, name: string, spec: Endpoint): CatalogueEndpoint {
  const readOnly = isReadOnly(spec);
  return {
    integration,
    name,
    resource,
    method: spec.method,
    description: spec.description,
    say: spec.say,
    spec,
    readOnly,
    destructive: spec.destructive ?? (spec.method === 'DELETE' && spec.undone_by === undefined),
    idempotent: spec.idempotent ?? ['GET', 'PUT', 'DELETE'].includes(spec.method),
    schema: buildParameterSchema(spec),
    providerScopes: (spec.provider_scopes ?? []).map((need) => [need].flat()),
    acceptedScopes: scopesFor(integration, name, readOnly),
  };
}

export function isReadOnly(spec: Endpoint): boolean {
  return spec.read_only ?? spec.method === 'GET';
}

declare module '../../core/context.ts' {
  interface Gateway {
    /** Of the installation. */
    catalogue: Catalogue;
    /** The same gateway with what this user sees: those that were shared, and their own. */
    seenBy(userId: string): Promise<Gateway>;
  }
}
