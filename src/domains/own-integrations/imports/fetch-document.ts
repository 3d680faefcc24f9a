/** A description from its address, under the rules of everything that goes out: no private host, be it exempt for integrations, no other scheme, no credential. */
import type { Gateway } from '../../../core/context.ts';
import { badRequest } from '../../../core/errors.ts';
import { readBody } from '../../../core/outbound/outbound.ts';

const bytesMax = 40 * 1024 * 1024;
const timeoutMs = 30_000;

/** Throws bad_request, and OutboundError where it does not arrive. */
export async function fetchDocument(gateway: Gateway, userId: string, address: string): Promise<string> {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw badRequest('`url` must be an address of the web without a user name or password, such as https://api.example.org/openapi.json.');
  const answer = await gateway.outbound.send({
    method: 'GET',
    url,
    headers: { accept: 'application/json, application/yaml;q=0.9, */*;q=0.1', 'user-agent': 'skillett' },
    timeoutMs,
    integration: 'import',
    turnOf: userId,
    followRedirects: 'read',
    chosenByCaller: true,
  });
  if (answer.status >= 300) {
    answer.discard();
    throw badRequest(`\`url\` answered with status ${answer.status}, which is no document.`);
  }
  return (await readBody(answer, bytesMax)).toString('utf8');
}
