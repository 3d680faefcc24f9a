/** A request that no endpoint needs to cover. What is wrong with it the engine says, once it knows that the caller may send one at all. */
import { z } from 'zod';
import { type RawAnswer, requestOf } from '../../domains/executions/execution.ts';
import { executeProxied } from '../../domains/executions/proxy/execute-proxied.ts';
import { type Envelope, envelopeOf, executionOutput } from './execute.ts';
import type { Operation } from './operation.ts';

export const proxyBody = z.strictObject({
  method: z.unknown(),
  path: z.unknown(),
  query: z.unknown().optional(),
  headers: z.unknown().optional(),
  body: z.unknown().optional(),
  account: z.string().nullish(),
  select: z.string().nullish(),
});

const proxyInput = proxyBody.extend({
  integration: z.string(),
  idempotency_key: z.string().nullish(),
  /** The service's body as it comes. */
  raw: z.boolean().optional(),
});

export const proxy: Operation<z.infer<typeof proxyInput>, Envelope | RawAnswer> = {
  name: 'proxy',
  input: proxyInput,
  output: executionOutput,
  admits: true,
  run: async (context, input, fault) => {
    const { integration, account, select, idempotency_key: idempotencyKey, raw, ...call } = input;
    const asked = { integration, endpoint: '', account, select, idempotencyKey, raw, readOnly: false, fault };
    const execution = await executeProxied(context.gateway, requestOf(context, asked), call);
    return execution.raw ?? envelopeOf(execution);
  },
};
