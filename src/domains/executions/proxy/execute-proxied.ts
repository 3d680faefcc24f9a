/** A request that no endpoint needs to cover: the path of an execution, with a stand-in for the endpoint. */
import type { Gateway } from '../../../core/context.ts';
import { requireIntegration } from '../../recipes/catalogue.ts';
import { executeAt, seenAt } from '../execute.ts';
import type { Execution, ExecutionRequest } from '../execution.ts';
import { proxiedEndpoint, readMethod } from './proxied-endpoint.ts';
import type { ProxiedCall } from './proxied-request.ts';

/** Throws SkillettError; an upstream failure is an Execution with `ok: false`. */
export async function executeProxied(
  gateway: Gateway,
  request: Omit<ExecutionRequest, 'endpoint' | 'params' | 'next'>,
  call: ProxiedCall,
): Promise<Execution> {
  const seen = await seenAt(gateway, request, gateway.catalogue.find(request.integration));
  const integration = requireIntegration(seen.catalogue, request.integration);
  const endpoint = proxiedEndpoint(integration, readMethod(call.method), call.path);
  // What is left out and null are the same to the service, and so for an idempotency key.
  const params = Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined && value !== null));
  return executeAt(seen, { ...request, endpoint: endpoint.name, params, next: undefined }, integration, endpoint);
}
