/** A description from its address, under the rules of everything that goes out: no private host, be it exempt for integrations, no other scheme, no credential. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest } from '../../../core/errors.ts';
import { type OutboundAnswer, OutboundError } from '../../../core/outbound/outbound.ts';

const bytesMax = 40 * 1024 * 1024;
const timeoutMs = 30_000;
const examples = { url: 'https://api.example.org/openapi.json', graphqlUrl: 'https://api.example.org/graphql' };

/** Throws bad_request, and OutboundError where it does not arrive. */
export async function fetchDocument(gateway: Gateway, userId: string, address: string): Promise<string> {
  return ask(gateway, userId, address, 'url', { method: 'GET', headers: {} });
}

/** The schema of a GraphQL endpoint, as its answer to an introspection query. Throws as `fetchDocument` does. */
export async function fetchSchema(gateway: Gateway, userId: string, address: string): Promise<string> {
  const { getIntrospectionQuery } = await import('graphql');
  const body = JSON.stringify({ query: getIntrospectionQuery({ inputValueDeprecation: true }) });
  const answer = await ask(gateway, userId, address, 'graphqlUrl', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
  });
  if (answer.includes('"__schema"')) return answer;
  throw badRequest(
    '`graphqlUrl` does not answer an introspection query, so its schema is not known. Give the schema as `document`, and the address as `baseUrl`.',
  );
}

async function ask(
  gateway: Gateway,
  userId: string,
  address: string,
  argument: keyof typeof examples,
  request: { method: string; headers: Record<string, string>; body?: Buffer },
): Promise<string> {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw badRequest(`\`${argument}\` must be an address of the web without a user name or password, such as ${examples[argument]}.`);
  const answer = await gateway.outbound
    .send({
      ...request,
      url,
      headers: {
        ...request.headers,
        accept: 'application/json, application/yaml;q=0.9, */*;q=0.1',
        'user-agent': 'skillett',
      },
      timeoutMs,
      integration: `the server of \`${argument}\``,
      turnOf: userId,
      followRedirects: request.method === 'GET' ? 'read' : undefined,
      chosenByCaller: true,
    })
    .catch((error: unknown) => {
      // What an operator opened for integrations is not opened for this.
      if (!(error instanceof OutboundError) || error.kind !== 'refused') throw error;
      throw badRequest(
        `\`${argument}\` leads into a private or local network, from where no description is read. Give the description as \`document\`.`,
      );
    });
  return readText(answer, argument);
}

async function readText(answer: OutboundAnswer, argument: keyof typeof examples): Promise<string> {
  const body = answer.status < 300 ? await answer.collect(bytesMax) : undefined;
  if (body) return body.toString('utf8');
  answer.discard();
  throw badRequest(
    answer.status < 300
      ? `\`${argument}\` answered with more than ${bytesMax / 1024 / 1024} MiB, the most that a description may have.`
      : `\`${argument}\` answered with status ${answer.status}, which is no description.`,
  );
}
