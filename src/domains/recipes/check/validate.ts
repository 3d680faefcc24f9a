/** What zod cannot see in a recipe: whether its parts fit each other. Reports everything it finds. */

import type { Auth } from '../format/auth.ts';
import type { Integration, Resource } from '../format/format.ts';
import { pathCredentialOf } from '../path-credential.ts';
import { isVariable, namesIn } from '../variables.ts';
import { checkCredentialPath, checkForms } from './credential.ts';
import { validateEndpoint } from './endpoint.ts';
import { checkGrant, checkSignature, checkTokenAnswer, checkTokenRequest, isGrantAuth, namesAccount } from './grants.ts';
import { checkVerifyDocument } from './graphql.ts';
import {
  checkAddress,
  checkBaseUrl,
  checkExpression,
  checkGaps,
  checkHeaders,
  checkPattern,
  checkSuccess,
  type FaultPath,
  type Report,
} from './texts.ts';
import { checkGiven, validateVariables } from './variables.ts';

/** `recipe.json` against itself, and against the names of its endpoints (undefined: not all are known) and guide files. */
export function validateIntegration(
  recipe: Integration,
  endpointNames: ReadonlySet<string> | undefined,
  guideFiles: readonly string[],
  report: Report,
): void {
  checkHeaders(recipe.headers, report);
  checkBaseUrl(recipe.base_url, recipe, report);
  validateVariables(recipe, report);
  for (const [at, auth] of recipe.auth.entries()) checkAuth(auth, ['auth', at], recipe, report);
  checkExpression(recipe.rate_limit?.when, ['rate_limit', 'when'], report);
  checkSuccess(recipe, undefined, ['success'], report);
  checkForms(recipe, report);
  checkVerify(recipe, report);
  checkGuides(recipe, guideFiles, report);
  for (const [at, workflow] of (recipe.workflows ?? []).entries())
    for (const [stepAt, step] of workflow.steps.entries())
      if (endpointNames?.has(step.endpoint) === false)
        report(['workflows', at, 'steps', stepAt, 'endpoint'], `there is no endpoint ${step.endpoint}`);
}

function checkAuth(auth: Auth, path: FaultPath, recipe: Integration, report: Report): void {
  if (recipe.auth.find((other) => other.type === auth.type) !== auth)
    report([...path, 'type'], `${auth.type} is listed twice; a connection could not say which of them it uses`);
  if (!namesAccount(auth) && recipe.verify?.account === undefined) {
    const what = recipe.verify === undefined ? '`verify`' : '`account` in `verify`';
    report(path, `the file needs ${what}: a call that proves a credential of type ${auth.type} and names its account`);
  }
  if (auth.type === 'none') return;
  if (auth.type === 'oauth2') {
    for (const name of ['authorize_url', 'token_url'] as const) {
      checkAddress(auth[name], [...path, name], recipe, report);
      checkGiven(auth[name], [...path, name], recipe, report);
    }
    if (auth.issuer !== undefined) checkGiven(auth.issuer, [...path, 'issuer'], recipe, report);
    if (auth.refresh?.url !== undefined) checkAddress(auth.refresh.url, [...path, 'refresh', 'url'], recipe, report);
    if (auth.revocation) checkAddress(auth.revocation.url, [...path, 'revocation', 'url'], recipe, report, ['client_id']);
    checkTokenRequest(auth.token_request, [...path, 'token_request'], report);
    checkTokenAnswer(auth.token_answer, [...path, 'token_answer'], report);
    return;
  }
  if (isGrantAuth(auth)) return checkGrant(auth, path, recipe, report);
  if (auth.type === 'signature_v4') return checkSignature(auth, path, recipe, report);
  for (const [name, field] of Object.entries(auth.fields ?? {})) {
    checkPattern(field.pattern, [...path, 'fields', name], report);
    if ((field.header === undefined) === (field.query === undefined))
      report([...path, 'fields', name], 'goes either into a `header` or into the `query`: name one of them');
  }
}

function checkVerify(recipe: Integration, report: Report): void {
  const { verify, success } = recipe;
  if (verify === undefined) return;
  if (verify.base_url !== undefined) checkBaseUrl(verify.base_url, recipe, (path, message) => report(['verify', ...path], message));
  checkGaps(verify.path, ['verify', 'path'], recipe, report);
  checkCredentialPath(verify.path, ['verify', 'path'], recipe, report);
  for (const name of namesIn(verify.path))
    if (!isVariable(recipe, name) && name !== pathCredentialOf(recipe))
      report(['verify', 'path'], `cannot hold {${name}}: the file has no variable of that name`);
  checkSuccess(verify, success, ['verify', 'success'], report);
  checkVerifyDocument(verify, ['verify'], report);
  for (const [name, expression] of Object.entries(verify.account ?? {})) checkExpression(expression, ['verify', 'account', name], report);
}

function checkGuides(recipe: Integration, guideFiles: readonly string[], report: Report): void {
  const listed = (recipe.guides ?? []).map((guide) => guide.file);
  for (const [at, file] of listed.entries()) {
    if (!guideFiles.includes(file)) report(['guides', at, 'file'], `there is no file ${file}`);
    if (listed.indexOf(file) !== at) report(['guides', at, 'file'], `${file} is listed twice`);
  }
  for (const file of guideFiles) if (!listed.includes(file)) report(['guides'], `${file} lies in the folder but is not listed`);
}

/** Names of endpoints that stand in other endpoints, whatever file each is in. */
export function validateReferences(resource: Resource, endpointNames: ReadonlySet<string>, report: Report): void {
  for (const [name, { undone_by: undoing }] of Object.entries(resource.endpoints))
    if (undoing !== undefined && (undoing === name || !endpointNames.has(undoing)))
      report(['endpoints', name, 'undone_by'], `there is no other endpoint ${undoing}`);
}

/** A resource's file: its name, and each of its endpoints. Without `recipe` what only depends on that is left out. */
export function validateResource(resource: Resource, fileName: string, recipe: Integration | undefined, report: Report): void {
  if (fileName !== `${resource.resource}.json`)
    report(['resource'], `is ${resource.resource}, so the file must be called ${resource.resource}.json`);
  for (const [name, endpoint] of Object.entries(resource.endpoints))
    validateEndpoint(endpoint, recipe, (path, message) => report(['endpoints', name, ...path], message));
}
