/** What a request would be, without sending it. */
import { expect } from 'vitest';
import { SkillettError } from '../../src/core/errors.ts';
import { type PreparedRequest, prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../src/domains/recipes/catalogue.ts';
import { makeEndpoint, makeIntegration } from './integration.ts';

export const baseUrl = 'https://api.example.org/v1';
export const notes = makeIntegration(baseUrl, {});

/** Of an integration, by their specs: compiling the check of parameters takes longer than all the rest. */
const endpoints = new WeakMap<CatalogueIntegration, WeakMap<object, CatalogueEndpoint>>();

function endpointOf(integration: CatalogueIntegration, spec: Record<string, unknown>): CatalogueEndpoint {
  const own = endpoints.get(integration) ?? new WeakMap<object, CatalogueEndpoint>();
  endpoints.set(integration, own);
  const endpoint = own.get(spec) ?? makeEndpoint(spec);
  own.set(spec, endpoint);
  return endpoint;
}

export async function prepare(spec: Record<string, unknown>, params?: unknown, integration = notes): Promise<PreparedRequest> {
  return prepareRequest(integration, endpointOf(integration, spec), params);
}

export async function refusalOf(spec: Record<string, unknown>, params: unknown): Promise<SkillettError> {
  const error = await prepare(spec, params).then(
    ({ url }) => expect.fail(`was not refused, but became ${url}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SkillettError);
  expect((error as SkillettError).code).toBe('bad_request');
  return error as SkillettError;
}
