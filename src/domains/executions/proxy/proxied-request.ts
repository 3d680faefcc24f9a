/** What a caller of the proxy gives, and the request that its service gets, still without the credential. */
import { badRequest, type Fault } from '../../../core/errors.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import { fillHeaders, type Variables } from '../../recipes/variables.ts';
import { isBase64 } from '../request/base64.ts';
import { contentOf, mediaTypeFault } from '../request/body/given-file.ts';
import type { RequestBody } from '../request/body/write-body.ts';
import { malformed } from '../request/pairs.ts';
import type { PreparedRequest } from '../request/prepare-request.ts';
import { writePairs } from '../request/request-parts.ts';
import { proxiedMethods, readMethod } from './proxied-endpoint.ts';
import { credentialNames, type FailAt, isObject, nameLengthMax, passHeaders } from './proxied-headers.ts';
import { addressBelow, pathFault } from './proxied-path.ts';

/** As it came through a door. */
export interface ProxiedCall {
  method?: unknown;
  path?: unknown;
  query?: unknown;
  headers?: unknown;
  body?: unknown;
}

const faultsMax = 20;
const namedFaultsMax = 3;

/** Throws bad_request with every fault. */
export function prepareProxied(
  integration: CatalogueIntegration,
  endpoint: CatalogueEndpoint,
  given: unknown,
  variables: Variables,
): PreparedRequest {
  const call = given as ProxiedCall;
  const faults: Fault[] = [];
  const fail = (path: string, message: string): void => void faults.push({ path, message });
  const method = readMethod(call.method);
  if (!method) fail('method', `must be one of ${proxiedMethods.join(', ')}`);
  const fault = pathFault(call.path, integration);
  if (fault !== undefined) fail('path', fault);
  const query = writeQuery(integration, call.query ?? {}, fail);
  const headers = passHeaders(integration, call.headers ?? {}, fail);
  const hasBody = call.body !== undefined && call.body !== null;
  if (hasBody && endpoint.readOnly) fail('body', `does not travel with ${method}: leave it out, or use another method`);
  const body = hasBody ? writeBody(call.body, headers['content-type'], fail) : undefined;
  if (faults.length > 0) throw proxyFaults(integration, faults);
  const url = addressBelow(integration.baseUrl, call.path as string, variables);
  if (url === undefined) throw proxyFaults(integration, [{ path: 'path', message: 'leads out of the base address of the service' }]);
  return {
    method: method as string,
    url: query === '' ? url : `${url}?${query}`,
    headers: {
      'user-agent': 'skillett',
      accept: '*/*',
      ...fillHeaders(integration.recipe, integration.recipe.headers, variables),
      ...(body ? { 'content-type': body.contentType } : {}),
      ...headers,
    },
    body: body?.bytes,
  };
}

function proxyFaults({ slug }: CatalogueIntegration, faults: readonly Fault[]): Error {
  const named = faults.slice(0, namedFaultsMax).map(({ path, message }) => `\`${path}\` ${message}`);
  const rest = faults.length - named.length;
  const more = rest > 0 ? ` (and ${rest} more, see details)` : '';
  return badRequest(`The request does not fit the proxy of ${slug}: ${named.join('; ')}${more}.`, faults.slice(0, faultsMax));
}

/** Names of the query that carry a credential are the account's alone. */
function writeQuery(integration: CatalogueIntegration, query: unknown, fail: FailAt): string {
  if (isObject(query)) {
    const { query: taken } = credentialNames(integration);
    return writeFlat(query, 'query', fail, (name) => !taken.has(name.toLowerCase()));
  }
  fail('query', 'must be an object of names and values, such as {"per_page": 100}');
  return '';
}

/** Lists are repeated; null and what is not wanted is left out. */
function writeFlat(object: Record<string, unknown>, place: string, fail: FailAt, wanted: (name: string) => boolean): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (!wanted(name)) continue;
    const written = writePairs(name, value, {});
    if (written.fault !== undefined) fail(`${place}.${name.slice(0, nameLengthMax)}`, written.fault);
    else if (written.text !== '') pairs.push(written.text);
  }
  return pairs.join('&');
}

/** A text is sent as it is; bytes are given as answers give them; all else is JSON, or a form where the caller's content type says so. */
function writeBody(body: unknown, contentType: string | undefined, fail: FailAt): RequestBody | undefined {
  if (typeof body === 'string') {
    if (!body.isWellFormed()) fail('body', malformed);
    return { contentType: 'text/plain; charset=utf-8', bytes: body };
  }
  if (isBytes(body)) return writeBytes(body, fail);
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return writeForm(body, fail);
  if (type !== undefined && type !== 'application/json' && !type.endsWith('+json')) {
    fail(
      'body',
      `is an object, which is sent as JSON or as a form, and not as ${type}: give a text, or bytes as {"content_type","base64"}`,
    );
    return undefined;
  }
  return { contentType: 'application/json', bytes: JSON.stringify(body) };
}

interface Bytes {
  content_type: string;
  base64: string;
}

function isBytes(body: unknown): body is Bytes {
  return isObject(body) && Object.keys(body).length === 2 && typeof body.content_type === 'string' && typeof body.base64 === 'string';
}

function writeBytes(body: Bytes, fail: FailAt): RequestBody | undefined {
  const given = { filename: '', ...body };
  const fault = mediaTypeFault(given);
  if (fault !== undefined) fail('body.content_type', fault);
  if (!isBase64(body.base64)) fail('body.base64', 'must be written as base64');
  return { contentType: body.content_type, bytes: contentOf(given) };
}

function writeForm(body: unknown, fail: FailAt): RequestBody {
  const contentType = 'application/x-www-form-urlencoded';
  if (isObject(body)) return { contentType, bytes: writeFlat(body, 'body', fail, () => true) };
  fail('body', 'must be an object to be sent as a form, or a text that is encoded already');
  return { contentType, bytes: '' };
}
