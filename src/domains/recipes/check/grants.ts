/** Ways to connect with which the gateway asks for tokens itself. */
import type { Auth, OAuth2 } from '../format/auth.ts';
import type { Integration } from '../format/format.ts';
import type { ClientCredentials } from '../format/grants.ts';
import { isVariable, namesIn } from '../variables.ts';
import { checkAddress, checkExpression, checkGaps, type FaultPath, type Report } from './texts.ts';

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

/** What the grant itself puts into a token request. */
const ownParameters = ['grant_type', 'client_id', 'client_secret', 'assertion', 'client_assertion', 'client_assertion_type'];
const grantsOfPeople = ['authorization_code', 'refresh_token', 'password'];

export function checkGrant(auth: ClientCredentials, path: FaultPath, recipe: Integration, report: Report): void {
  checkAddress(auth.token_url, [...path, 'token_url'], recipe, report);
  checkKnownBefore(auth.token_url, [...path, 'token_url'], recipe, report);
  if (grantsOfPeople.includes(auth.grant_type)) report([...path, 'grant_type'], 'needs a person or a token, and this asks with neither');
  if (auth.token_endpoint_auth_method === 'none')
    report([...path, 'token_endpoint_auth_method'], 'must send the secret: without it anybody could ask');
  for (const [name, value] of Object.entries(auth.parameters ?? {})) {
    const at = [...path, 'parameters', name];
    if (ownParameters.includes(name)) report(at, 'is what the grant itself says');
    checkNames(value, at, recipe, report);
    checkKnownBefore(value, at, recipe, report);
  }
  checkTokenAnswer(auth.token_answer, [...path, 'token_answer'], report);
  checkAccount(auth, path, recipe, report);
}

function checkAccount(auth: ClientCredentials, path: FaultPath, recipe: Integration, report: Report): void {
  const { account } = auth;
  if (account === undefined) return;
  const at = [...path, 'account'];
  if (auth.token_answer?.account !== undefined) report(at, 'is named by `token_answer.account` already: leave one of them out');
  if (namesIn(account).length === 0) report(at, 'would be the same for everybody: it needs a variable in braces, or {client_id}');
  checkNames(account, at, recipe, report, ['client_id']);
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
