/** Ways to connect with which the gateway asks for tokens itself. */
import type { Auth, OAuth2 } from '../format/auth.ts';
import { type ClientCredentials, type Exchange, type JwtBearer, ownClaims } from '../format/credentials/grants.ts';
import type { SignatureV4 } from '../format/credentials/signatures.ts';
import type { Integration } from '../format/format.ts';
import { isVariable, namesIn } from '../variables.ts';
import { checkAddress, checkExpression, checkGaps, checkHeaders, type FaultPath, type Report } from './texts.ts';

/** Whether who the account is does not have to be asked of the service. */
export function namesAccount(auth: Auth): boolean {
  if (auth.type === 'none') return true;
  return ('account' in auth && auth.account !== undefined) || ('token_answer' in auth && auth.token_answer?.account !== undefined);
}

export function checkTokenAnswer(answer: Partial<NonNullable<OAuth2['token_answer']>> | undefined, path: FaultPath, report: Report): void {
  const { account, ...places } = answer ?? {};
  for (const [name, expression] of Object.entries(places)) checkExpression(expression, [...path, name], report);
  for (const [name, expression] of Object.entries(account ?? {})) checkExpression(expression, [...path, 'account', name], report);
}

/** They go out as they are: a brace would be sent. */
export function checkTokenRequest(request: OAuth2['token_request'], path: FaultPath, report: Report): void {
  for (const [name, value] of Object.entries(request?.headers ?? {}))
    if (namesIn(value).length > 0) report([...path, 'headers', name], 'holds a brace that nothing fills');
}

/** What the grant itself puts into a token request. */
const ownParameters = ['grant_type', 'client_id', 'client_secret', 'assertion', 'client_assertion', 'client_assertion_type'];
const grantsOfPeople = ['authorization_code', 'refresh_token', 'password'];

export function isGrantAuth(auth: Auth): auth is ClientCredentials | JwtBearer {
  return auth.type === 'client_credentials' || auth.type === 'jwt_bearer';
}

export function checkGrant(auth: ClientCredentials | JwtBearer, path: FaultPath, recipe: Integration, report: Report): void {
  if (auth.token_url !== undefined) checkKnownAddress(auth.token_url, [...path, 'token_url'], recipe, report);
  if (auth.type === 'client_credentials') checkClient(auth, path, report);
  else checkAssertion(auth, path, recipe, report);
  for (const [name, value] of Object.entries(auth.parameters ?? {})) {
    const at = [...path, 'parameters', name];
    if (ownParameters.includes(name)) report(at, 'is what the grant itself says');
    checkConstant(value, at, recipe, report);
  }
  checkTokenRequest(auth.token_request, [...path, 'token_request'], report);
  checkTokenAnswer(auth.token_answer, [...path, 'token_answer'], report);
  if (auth.exchange) checkExchange(auth.exchange, [...path, 'exchange'], recipe, report);
  checkAccount(auth, path, recipe, report);
}

function checkClient(auth: ClientCredentials, path: FaultPath, report: Report): void {
  if (grantsOfPeople.includes(auth.grant_type)) report([...path, 'grant_type'], 'needs a person or a token, and this asks with neither');
  if (auth.token_endpoint_auth_method === 'none')
    report([...path, 'token_endpoint_auth_method'], 'must send the secret: without it anybody could ask');
}

/** RFC 7515, section 4.1: what says which key checks the signature, and what must be understood, is nobody's but the gateway's. */
const ownHeader = ['alg', 'typ', 'jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64'];

function checkAssertion(auth: JwtBearer, path: FaultPath, recipe: Integration, report: Report): void {
  if (auth.token_url === undefined) {
    if (auth.exchange === undefined) report([...path, 'token_url'], 'is missing, and so is `exchange`: nobody would take the JWT');
    for (const name of ['parameters', 'token_request', 'token_answer'] as const)
      if (auth[name] !== undefined) report([...path, name], 'has no meaning without `token_url`');
  }
  for (const [name, value] of Object.entries(auth.header ?? {})) {
    if (ownHeader.includes(name)) report([...path, 'header', name], 'is for the gateway to say, or for nobody');
    checkConstant(value, [...path, 'header', name], recipe, report);
  }
  for (const [name, value] of Object.entries(auth.claims)) {
    if (ownClaims.includes(name)) report([...path, 'claims', name], 'is set by the gateway, for every JWT anew');
    checkConstant(value, [...path, 'claims', name], recipe, report);
  }
  checkExpression(auth.key_file?.private_key, [...path, 'key_file', 'private_key'], report);
  if (auth.key_file !== undefined) return;
  for (const [name, { from }] of Object.entries(recipe.variables ?? {}))
    if (from !== 'input' && 'credential' in from)
      report(
        ['variables', name, 'from'],
        'is part of a credential, and a private key says nothing but itself: ask the person, or for a `key_file`',
      );
}

/** What signs a request stands in no address, and a call that proves the key is always made. */
export function checkSignature(auth: SignatureV4, path: FaultPath, recipe: Integration, report: Report): void {
  for (const name of ['service', 'region'] as const) {
    const at = [...path, name];
    checkNames(auth[name], at, recipe, report);
    checkGaps(auth[name], at, recipe, report);
    for (const variable of namesIn(auth[name]))
      if (isVariable(recipe, variable) && recipe.variables?.[variable]?.pattern === undefined)
        report(at, `needs a \`pattern\` of {${variable}}, which goes into the signature`);
  }
  if (recipe.verify === undefined) report(path, 'the file needs `verify`: nothing else proves a key that only signs');
  checkAccount(auth, path, recipe, report);
}

function checkExchange({ url, body, answer, headers }: Exchange, path: FaultPath, recipe: Integration, report: Report): void {
  checkKnownAddress(url, [...path, 'url'], recipe, report);
  checkHeaders(headers, (at, message) => report([...path, ...at], message));
  for (const [name, value] of Object.entries(headers ?? {})) checkConstant(value, [...path, 'headers', name], recipe, report);
  for (const [name, value] of Object.entries(body ?? {})) checkConstant(value, [...path, 'body', name], recipe, report);
  for (const [name, expression] of Object.entries(answer)) checkExpression(expression, [...path, 'answer', name], report);
  if (answer.expires_in !== undefined && answer.expires_at !== undefined)
    report([...path, 'answer', 'expires_at'], 'says what `expires_in` says: leave one of them out');
}

function checkKnownAddress(address: string, path: FaultPath, recipe: Integration, report: Report): void {
  checkAddress(address, path, recipe, report);
  checkKnownBefore(address, path, recipe, report);
}

function checkConstant(value: unknown, path: FaultPath, recipe: Integration, report: Report): void {
  const written = JSON.stringify(value);
  checkNames(written, path, recipe, report);
  checkKnownBefore(written, path, recipe, report);
}

/** What an account may be called by, beside variables. */
const idNames = { client_credentials: ['client_id'], jwt_bearer: [], signature_v4: ['access_key_id'] };

function checkAccount(auth: ClientCredentials | JwtBearer | SignatureV4, path: FaultPath, recipe: Integration, report: Report): void {
  const { account } = auth;
  if (account === undefined) return;
  const at = [...path, 'account'];
  if ('token_answer' in auth && auth.token_answer?.account !== undefined)
    report(at, 'is named by `token_answer.account` already: leave one of them out');
  if (namesIn(account).length === 0) report(at, 'would be the same for everybody: it needs a variable in braces');
  checkNames(account, at, recipe, report, idNames[auth.type]);
  checkGaps(account, at, recipe, report);
}

function checkNames(value: string, path: FaultPath, recipe: Integration, report: Report, more: readonly string[] = []): void {
  for (const name of namesIn(value))
    if (!isVariable(recipe, name) && !more.includes(name)) report(path, `cannot hold {${name}}: the file has no variable of that name`);
}

/** Before there is a token, only what the person and the credential give is known. */
function checkKnownBefore(text: string, path: FaultPath, recipe: Integration, report: Report): void {
  for (const name of namesIn(text)) {
    const from = recipe.variables?.[name]?.from ?? 'input';
    if (from !== 'input' && !('credential' in from))
      report(path, `needs {${name}} before there is a token: its \`from\` must be "input" or a part of the credential`);
  }
}
