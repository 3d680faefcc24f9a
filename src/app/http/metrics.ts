/** `/metrics` in the text format of Prometheus. For keys with the scope `operator`: a scraper sends one as its bearer token. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { metricsRegistry } from '../../core/metrics.ts';
import { requireOperator } from '../../core/principal.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import { createContext } from './context.ts';
import { toSkillettError } from './failures.ts';
import { sendError } from './send-error.ts';

export async function answerMetrics(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  signal: LeavingSignal,
): Promise<void> {
  try {
    requireOperator(await createContext(gateway, request, 'rest', requestId, signal).principal());
    if (request.method !== 'GET') throw new SkillettError('method_not_allowed', '/metrics takes GET.', { headers: { allow: 'GET' } });
    response.writeHead(200, { 'content-type': metricsRegistry.contentType, 'cache-control': 'no-store' });
    response.end(await metricsRegistry.metrics());
  } catch (thrown) {
    sendError(gateway, response, toSkillettError(gateway, thrown, requestId));
  }
}
