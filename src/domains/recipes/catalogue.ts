/** The catalogue: every integration that can be called, from its recipe, ready to use. */
import type { Endpoint, Integration, Resource } from './format.ts';

/** A JSON Schema 2020-12 object schema. */
export type JsonSchema = Record<string, unknown>;

export interface CatalogueEndpoint {
  /** Slug of its integration. */
  integration: string;
  name: string;
  /** Its resource's name in kebab case; what lists call its category. */
  resource: string;
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
}

export interface CatalogueIntegration {
  slug: string;
  recipe: Integration;
  /** Where its API is for this installation: the recipe's address or the operator's. */
  baseUrl: string;
  /** True when the operator set `baseUrl`: it then holds for every endpoint and is exempt from the outbound refusals. */
  baseUrlOverridden: boolean;
  /** Shipped with the server, so its JSON answers are spliced without parsing; an imported one's are validated first. */
  bundled: boolean;
  resources: readonly Resource[];
  endpoints: ReadonlyMap<string, CatalogueEndpoint>;
  /** Guide file → Markdown. */
  guides: ReadonlyMap<string, string>;
  /** True when it can be called without connecting. */
  open: boolean;
}

export interface Catalogue {
  /** By slug, in alphabetical order. */
  integrations: readonly CatalogueIntegration[];
  find(slug: string): CatalogueIntegration | undefined;
  findEndpoint(slug: string, endpoint: string): CatalogueEndpoint | undefined;
}

declare module '../../core/context.ts' {
  interface Gateway {
    catalogue: Catalogue;
  }
}
