/** GraphQL over HTTP, "GET": a query in the address, with the key in the header where it always is. */
import type { IncomingMessage } from 'node:http';
import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../core/context.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import { splitTarget } from '../http/arrival/request-target.ts';
import { unauthorized } from '../http/authenticate.ts';

/**
 * The operation of a GET as the JSON body that POST would carry. Only for a Bearer key: a browser sends its cookie along
 * with whatever address another site makes it open. Throws unauthorized and bad_request.
 */
export async function readGetOperation(request: IncomingMessage, context: Context): Promise<Buffer> {
  const parameters = new URLSearchParams(splitTarget(request.url as string)[1]);
  if (request.headers.authorization === undefined || (await context.caller()).kind !== 'api_key') throw unauthorized();
  const query = parameters.get('query');
  if (query === null) {
    await context.principal();
    throw badRequest(
      'GET /graphql takes the query in its address: /graphql?query={viewer{kind}}&variables={…}, URL-encoded. Or send POST with {"query": "…", "variables": {…}}.',
    );
  }
  const members = [`"query":${JSON.stringify(query)}`];
  const operationName = parameters.get('operationName');
  if (operationName) members.push(`"operationName":${JSON.stringify(operationName)}`);
  for (const name of ['variables', 'extensions']) {
    const text = parameters.get(name);
    if (!text) continue;
    if (!isJsonObject(text)) {
      await context.principal();
      throw badRequest(`The query parameter \`${name}\` must be a JSON object, URL-encoded, such as ${name}=%7B%22first%22%3A5%7D.`);
    }
    // As it came, so that its numbers keep their digits.
    members.push(`"${name}":${text}`);
  }
  return Buffer.from(`{${members.join(',')}}`);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return value === null || (typeof value === 'object' && !Array.isArray(value));
  } catch {
    return false;
  }
}

/** GraphQL over HTTP, "GET": an address may be opened by anything, so what it names must not change anything. */
export function useQueriesOnly(): Plugin<{ queriesOnly: boolean }> {
  return {
    onExecute({ args: { document, operationName, contextValue } }) {
      if (!contextValue.queriesOnly) return;
      const operation = getOperationAST(document, operationName);
      if (!operation || operation.operation === 'query') return;
      throw new SkillettError('method_not_allowed', `GET takes queries alone. Send the ${operation.operation} by POST.`, {
        headers: { allow: 'POST' },
      });
    },
  };
}
