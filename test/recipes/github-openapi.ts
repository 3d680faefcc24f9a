/** GitHub's endpoints against GitHub's own OpenAPI file. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import { listFaults as listFaultsIn, type OpenApi } from './openapi-faults.ts';

const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
export const openApi: OpenApi = JSON.parse(readFileSync(file, 'utf8'));

export function listFaults(endpoint: Endpoint, omittedEverywhere: object = {}): string[] {
  return listFaultsIn(openApi, endpoint, omittedEverywhere);
}
