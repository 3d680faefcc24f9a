/** What a request would be, without sending it. */
import { expect } from 'vitest';
import { SkillettError } from '../../src/core/errors.ts';
import { type PreparedRequest, prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import { makeEndpoint, makeIntegration } from './integration.ts';

export const baseUrl = 'https://api.example.org/v1';
export const notes = makeIntegration(baseUrl, {});

export async function prepare(spec: Record<string, unknown>, params?: unknown, integration = notes): Promise<PreparedRequest> {
  return prepareRequest(integration, makeEndpoint(spec), params);
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
