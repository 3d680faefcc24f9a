/** `GET /graphql/schema`: our schema with the integrations that are asked for, as SDL, for what makes types of it. */
import type { IncomingMessage } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { splitTarget } from '../../http/arrival/request-target.ts';
import { createContext } from '../../http/context.ts';
import { toSkillettError } from '../../http/failures.ts';
import { sendError } from '../../http/send-error.ts';
import type { GraphqlHandler } from '../yoga.ts';
import { GraphDoors, readSlugs } from './graph-doors.ts';

export function createSchemaHandler(gateway: Gateway, schema: GraphQLSchema): GraphqlHandler {
  const doors = GraphDoors.of(gateway, schema);
  return async (request, response, requestId, signal) => {
    try {
      requireGet(request);
      const context = createContext(gateway, request, 'graphql', requestId, signal);
      await context.principal();
      if (!gateway.config.introspection)
        throw new SkillettError('forbidden', 'This installation shows its schema to nobody (SKILLETT_INTROSPECTION).');
      const asked = readSlugs(new URLSearchParams(splitTarget(request.url as string)[1]).get('integrations'));
      const { print } = await doors.compose(context, asked);
      response.writeHead(200, {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(print());
    } catch (thrown) {
      sendError(gateway, response, toSkillettError(gateway, thrown, requestId));
    }
  };
}

function requireGet({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD')
    throw new SkillettError('method_not_allowed', `/graphql/schema takes GET, not ${method}.`, { headers: { allow: 'GET, HEAD' } });
}
