/** What a client asks of a person's browser (RFC 6749, section 4.1.1, with PKCE, RFC 7636, and the resource, RFC 8707). */
import type { Gateway } from '../../../core/context.ts';
import { challengeForm } from '../../../domains/oauth-clients/grants.ts';
import { resourceOf } from '../../oauth/addresses.ts';

export interface AuthorizeRequest {
  clientId: string;
  redirectUri: string;
  state: string | undefined;
  codeChallenge: string;
  /** What it asked for, as it is known here; undefined: whatever the person gives. */
  scopes: readonly string[] | undefined;
  /** What is wrong with it beside client and redirect address, in OAuth's word; the client is told when the person goes back. */
  fault: { error: string; description: string } | undefined;
}

/** Longer ones are nobody's. */
const queryLengthMax = 6_000;
const scopesMax = 50;

/** What cannot be read at all is a sentence for the person. */
export function readAuthorizeRequest(gateway: Gateway, search: string): AuthorizeRequest | string {
  if (search.length > queryLengthMax) return 'The address is too long.';
  const query = new URLSearchParams(search);
  const names = [...query.keys()];
  // RFC 6749, section 3.1. A second one could be what somebody else reads.
  const twice = names.find((name, at) => name !== 'resource' && names.indexOf(name) !== at);
  if (twice !== undefined) return `${JSON.stringify(twice.slice(0, 50))} stands in the address twice.`;
  const clientId = query.get('client_id');
  const redirectUri = query.get('redirect_uri');
  if (!clientId || !redirectUri) return 'The address lacks `client_id` or `redirect_uri`, so nobody knows who asks.';
  return {
    clientId,
    redirectUri,
    state: query.get('state') ?? undefined,
    codeChallenge: query.get('code_challenge') ?? '',
    scopes: readScopes(gateway, query.get('scope') ?? ''),
    fault: findFault(gateway, query),
  };
}

function findFault(gateway: Gateway, query: URLSearchParams): AuthorizeRequest['fault'] {
  const resource = resourceOf(gateway.config);
  if (query.get('response_type') !== 'code')
    return { error: 'unsupported_response_type', description: 'The only `response_type` here is code.' };
  if (query.has('request') || query.has('request_uri'))
    return {
      error: query.has('request') ? 'request_not_supported' : 'request_uri_not_supported',
      description: 'Parameters stand in the address here.',
    };
  if ((query.get('response_mode') ?? 'query') !== 'query')
    return { error: 'invalid_request', description: 'The only `response_mode` here is query.' };
  // RFC 7636, section 4.3: without a method it is plain, which shows the verifier to whoever sees the address.
  if (query.get('code_challenge_method') !== 'S256' || !challengeForm.test(query.get('code_challenge') ?? ''))
    return { error: 'invalid_request', description: 'PKCE is needed: a `code_challenge` with `code_challenge_method=S256`.' };
  if (query.getAll('resource').some((asked) => asked !== resource))
    return { error: 'invalid_target', description: `The only \`resource\` here is ${resource}.` };
  return undefined;
}

/** What is not known here, such as `openid` or `offline_access`, is left out (RFC 6749, section 3.3); `operator` no client gets. */
function readScopes({ scopeFault }: Pick<Gateway, 'scopeFault'>, asked: string): readonly string[] | undefined {
  const words = [...new Set(asked.split(' '))].filter((word) => word !== '').slice(0, scopesMax);
  const known = words.filter((word) => word !== 'operator' && word.length <= 200 && scopeFault(word) === undefined);
  return known.length === 0 || known.includes('*') ? undefined : known;
}

/** Where the person goes back to with an answer; `iss` says from whom it is (RFC 9207). */
export function printAnswer(gateway: Gateway, { redirectUri, state }: AuthorizeRequest, answer: Record<string, string>): string {
  const query = new URLSearchParams({ ...answer, ...(state === undefined ? {} : { state }), iss: resourceOf(gateway.config) });
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`;
}
