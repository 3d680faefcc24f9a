/** One endpoint: its marks and references, and whether every parameter can travel where it says. */
import { isReadOnly } from '../catalogue.ts';
import type { UploadSession } from '../format/body.ts';
import type { Endpoint, Integration } from '../format/format.ts';
import { mailParts, type Parameter } from '../format/parameter.ts';
import { namesOfSplit } from '../parameter-schema.ts';
import { pathCredentialOf } from '../path-credential.ts';
import { isVariable } from '../variables.ts';
import { checkAnswerHeaders, checkAnswerStream } from './answer/answer.ts';
import { checkLean } from './answer/lean.ts';
import { checkPagination } from './answer/pages.ts';
import { checkCredentialPath } from './credential.ts';
import { checkGraphql } from './graphql.ts';
import { encodingOf, validatePlaces } from './places.ts';
import { checkNeeds } from './request/needs.ts';
import { checkBaseUrl, checkGaps, checkHeaderName, checkHeaders, checkSuccess, type Report } from './texts.ts';
import { validateValues } from './values.ts';
import { checkUntouched } from './variables.ts';

export function validateEndpoint(endpoint: Endpoint, recipe: Integration | undefined, report: Report): void {
  if (endpoint.base_url !== undefined) checkBaseUrl(endpoint.base_url, recipe, report);
  checkHeaders(endpoint.headers, report);
  checkMarks(endpoint, report);
  checkPath(endpoint, recipe, report);
  if (recipe) {
    checkGaps(endpoint.path, ['path'], recipe, report);
    checkCredentialPath(endpoint.path, ['path'], recipe, report);
    checkUntouched(endpoint, recipe, report);
  }
  for (const [name, parameter] of Object.entries(endpoint.parameters))
    checkParameter(name, parameter, endpoint, (path, message) => report(['parameters', name, ...path], message));
  checkBody(endpoint, report);
  if (endpoint.body?.upload !== undefined && recipe?.auth.some(({ type }) => type === 'signature_v4'))
    report(['body', 'upload'], 'cannot be signed, which a way to connect needs: the body is not known before it is sent');
  checkGraphql(endpoint, report);
  validatePlaces(endpoint, recipe, report);
  checkPagination(endpoint, report);
  checkAnswerHeaders(endpoint, recipe, report);
  checkAnswerStream(endpoint, report);
  checkLean(endpoint, report);
  checkNeeds(endpoint, report);
  checkSuccess(endpoint, recipe ? recipe.success : 'unknown', ['success'], report);
  if (recipe) checkScopes(endpoint, recipe, report);
  validateValues(endpoint, report);
}

function checkMarks(endpoint: Endpoint, report: Report): void {
  const readOnly = isReadOnly(endpoint);
  if (endpoint.read_only && endpoint.method === 'DELETE') report(['read_only'], 'a DELETE is never read-only');
  if (readOnly && endpoint.destructive) report(['destructive'], 'an endpoint that only reads destroys nothing');
  if (endpoint.method === 'DELETE' && endpoint.destructive === false)
    report(['destructive'], 'a DELETE destroys, unless `undone_by` names the endpoint that undoes it: say that in its place');
  if (endpoint.destructive && endpoint.undone_by !== undefined)
    report(['undone_by'], 'what can be undone is not destructive: leave out one of the two');
  if (readOnly && endpoint.undone_by !== undefined) report(['undone_by'], 'an endpoint that only reads leaves nothing to undo');
  if (endpoint.follow_redirects && !readOnly) report(['follow_redirects'], 'only reads may follow redirects');
}

/** Every `{name}` of the path is filled by exactly one parameter or variable, and every path parameter has its place. */
function checkPath(endpoint: Endpoint, recipe: Integration | undefined, report: Report): void {
  const names = [...endpoint.path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] as string);
  if (/[{}]/.test(endpoint.path.replaceAll(/\{[^{}]*\}/g, ''))) report(['path'], 'has a brace without its partner');
  const filledBy = new Map<string, string>();
  for (const [name, parameter] of Object.entries(endpoint.parameters)) {
    if (parameter.in !== 'path') continue;
    const path = ['parameters', name];
    for (const part of parameter.split === undefined ? [parameter.as ?? name] : namesOfSplit(parameter.split)) {
      if (!names.includes(part)) report(path, `the path has no {${part}}`);
      if (recipe && part === pathCredentialOf(recipe)) report(path, `{${part}} is the credential, which no call may set`);
      if (filledBy.has(part)) report(path, `{${part}} is already filled by ${filledBy.get(part)}`);
      filledBy.set(part, name);
    }
    if (!parameter.required && !(parameter.default !== undefined && parameter.send_default) && parameter.default_from === undefined)
      report([...path, 'required'], 'must be true (or give a `default` with `send_default`), since the path cannot have a gap');
  }
  for (const name of names)
    if (!filledBy.has(name) && !(recipe && (isVariable(recipe, name) || name === pathCredentialOf(recipe))))
      report(['path'], `no parameter fills {${name}}`);
}

function checkParameter(name: string, parameter: Parameter, endpoint: Endpoint, report: Report): void {
  const types = [parameter.type].flat();
  const encoding = encodingOf(endpoint);
  if (parameter.in === 'path') checkPathParameter(parameter, types, report);
  else for (const word of ['split', 'segments'] as const) if (parameter[word] !== undefined) report([word], 'is for path parameters');
  if (parameter.in === 'header') checkHeaderName(parameter.as ?? name, parameter.as === undefined ? [] : ['as'], report);
  if (parameter.in === 'mail') checkMailParameter(parameter.as ?? name, encoding, report);
  if (parameter.in === 'body') {
    if (encoding === undefined) report(['in'], `a ${endpoint.method} has no body`);
    if (encoding === 'mail' && endpoint.body?.mail_at === undefined)
      report(['in'], 'the mail is the whole body: use `mail`, or say with `body.mail_at` where the mail goes in a JSON body');
  }
  checkShape(parameter, types, encoding, report);
  if (
    parameter.as === '' &&
    types.includes('string') &&
    !/^application\/([\w.+-]+\+)?json\b/i.test(contentTypeOf(endpoint) ?? 'application/json')
  )
    report(['as'], 'a text that is the whole body is written as JSON, which is not what the content type says');
  checkFile(parameter, encoding, report);
  if (
    parameter.merge &&
    !(parameter.in === 'body' && encoding === 'json' && parameter.type === 'object' && (parameter.as ?? '/')[0] === '/')
  )
    report(['merge'], 'is for a parameter of type object in a JSON body, whose `as` is a JSON Pointer to an object of it');
  if (parameter.header_encoding !== undefined && parameter.in !== 'header') report(['header_encoding'], 'is for a parameter in a header');
  if (parameter.content_type !== undefined && !(parameter.in === 'body' && encoding === 'multipart' && !parameter.file))
    report(['content_type'], 'is for a part of a multipart body; a file brings its own');
  checkProperties(parameter, report);
  if (parameter.send_default && parameter.default === undefined) report(['send_default'], 'there is no `default` to send');
}

function checkProperties({ required_properties = [], properties = {} }: Parameter, report: Report): void {
  for (const [at, name] of required_properties.entries()) {
    if (!Object.hasOwn(properties, name)) report(['required_properties', at], `there is no property ${name}`);
    if (required_properties.indexOf(name) !== at) report(['required_properties', at], `${name} is listed twice`);
  }
}

function checkFile({ file, ...parameter }: Parameter, encoding: string | undefined, report: Report): void {
  if (!file) return;
  const takesIt = parameter.in === 'body' && (encoding === 'multipart' || encoding === 'raw' || encoding === 'related');
  if (!takesIt || !(parameter.type === 'object' || (parameter.type === 'array' && encoding === 'multipart')))
    report(['file'], 'is for a body parameter of type object in a multipart, related or raw body, or of type array in a multipart one');
}

function contentTypeOf({ headers = {} }: Endpoint): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
}

function checkPathParameter(parameter: Parameter, types: readonly string[], report: Report): void {
  if (types.includes('null')) report(['type'], 'null cannot stand in a path');
  if (parameter.split === undefined) return;
  if (parameter.type !== 'string') report(['type'], 'with `split` must be string');
  for (const word of ['as', 'segments'] as const) if (parameter[word] !== undefined) report([word], 'cannot be used together with `split`');
}

function checkMailParameter(part: string, encoding: string | undefined, report: Report): void {
  if (encoding !== 'mail') report(['in'], 'a part of a mail needs `body.encoding: "mail"`');
  if (!(mailParts as readonly string[]).includes(part)) report(['as'], `must be a part of a mail: ${mailParts.join(', ')}`);
}

/** Objects travel in JSON and mails; in the query and in forms only where the recipe says how they are written. */
function checkShape(parameter: Parameter, types: readonly string[], encoding: string | undefined, report: Report): void {
  const { array_style, object_style, header_encoding } = parameter;
  const inPairs = parameter.in === 'query' || (parameter.in === 'body' && (encoding === 'form' || encoding === 'multipart'));
  const isWhole = parameter.file || parameter.content_type !== undefined || header_encoding === 'json';
  const flat = parameter.in === 'path' || parameter.in === 'header' || inPairs;
  if (flat && !isWhole && object_style === undefined && types.includes('object'))
    report(['type'], 'an object travels only in a JSON body, or where `object_style` says how it is written');
  if (flat && !isWhole && !inPairs && types.includes('array')) report(['type'], `a list cannot travel in the ${parameter.in}`);
  if (array_style !== undefined && !(inPairs && (types.includes('array') || object_style === 'brackets')))
    report(['array_style'], 'is for a list in the query or in a form');
  if (object_style !== undefined && !(inPairs && (types.includes('object') || types.includes('array'))))
    report(['object_style'], 'is for an object or a list in the query or in a form');
  if (object_style === 'json' && array_style !== undefined)
    report(['array_style'], 'has no meaning beside `object_style: "json"`, which writes the whole list as one text');
  if (inPairs && !isWhole) checkEntries(parameter, report);
}

function checkEntries({ items, array_style, object_style }: Parameter, report: Report): void {
  const inside = [items?.type ?? []].flat();
  if (!inside.includes('object') && !inside.includes('array')) return;
  if (object_style === 'json' || (object_style === 'brackets' && (array_style === 'brackets' || array_style === 'indexed'))) return;
  report(
    ['items', 'type'],
    'a list travels here by its entries, so each must be a text, a number or a boolean. Say how objects in it are written: `object_style: "json"`, or "brackets" with `array_style` "brackets" or "indexed"',
  );
}

function checkBody(endpoint: Endpoint, report: Report): void {
  const { body } = endpoint;
  if (body === undefined) return;
  if (endpoint.method === 'GET') report(['body'], 'a GET has no body');
  if (body.mail_at !== undefined && body.encoding !== 'mail') report(['body', 'mail_at'], 'is for `encoding: "mail"`');
  if (body.constants !== undefined && body.encoding === 'mail' && body.mail_at === undefined)
    report(['body', 'constants'], 'the mail is the whole body: say with `mail_at` where it goes in a JSON body');
  if (body.encoding === 'form' || body.encoding === 'multipart')
    for (const [name, constant] of Object.entries(body.constants ?? {}))
      if ([constant].flat().some((value) => typeof value === 'object' && value !== null))
        report(['body', 'constants', name], 'an object travels only in a JSON body');
  const { upload } = body;
  if (upload !== undefined && body.encoding !== (upload.session ? 'json' : 'raw'))
    report(['body', 'upload'], 'is for `encoding: "raw"`, or with a `session` for `encoding: "json"`');
  if (body.encoding === 'raw') checkRawBody(endpoint, report);
  else if (upload?.session) checkSession(endpoint, upload.session, report);
  else if (body.encoding === 'related') checkRelatedBody(endpoint, report);
  else if (body.content !== undefined) report(['body', 'content'], 'is for `encoding: "raw"` or `"related"`');
}

/** One parameter is its second part, and the others are the JSON before it. */
function checkRelatedBody({ body, parameters }: Endpoint, report: Report): void {
  const name = body?.content ?? '';
  const content = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (content?.in !== 'body') return report(['body', 'content'], 'must name the parameter in the body whose bytes are the second part');
  if (!content.file && !(content.type === 'string' && content.format === 'byte'))
    report(['parameters', name, 'type'], 'must be an object with `file`, or a string with `format: "byte"`, since its bytes are a part');
  if (!content.required) report(['parameters', name, 'required'], 'must be true, since the body has always two parts');
  for (const [other, { file }] of Object.entries(parameters))
    if (file && other !== name) report(['parameters', other, 'file'], `only ${name} is a part of its own: the others are its JSON`);
}

/** One parameter is the file, and the others are the JSON that begins its session. */
function checkSession({ body, parameters }: Endpoint, { headers }: UploadSession, report: Report): void {
  const name = body?.content ?? '';
  const content = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (content?.in !== 'body') report(['body', 'content'], 'must name the parameter in the body that says where the file is');
  else checkFileAddress(name, content, report);
  for (const [header, text] of Object.entries(headers))
    for (const [written] of text.matchAll(/\{[^}]*\}/g))
      if (!['{first}', '{last}', '{total}'].includes(written))
        report(['body', 'upload', 'session', 'headers', header], `nothing fills ${written}: there are {first}, {last} and {total}`);
}

function checkFileAddress(name: string, { type, format, required }: Parameter, report: Report): void {
  if (type !== 'string' || format !== 'uri' || !required)
    report(['parameters', name], 'must be a required string with `format: "uri"`: with `upload` it is the address that is fetched');
}

/** One parameter is the whole of it. */
function checkRawBody({ body, parameters }: Endpoint, report: Report): void {
  if (body?.constants !== undefined) report(['body', 'constants'], 'cannot stand beside a raw body');
  const content = body?.content === undefined ? undefined : parameters[body.content];
  if (content?.in !== 'body') return report(['body', 'content'], 'must name the parameter in the body that is the whole of it');
  if (content.type !== 'string' && !content.file)
    report(['parameters', body?.content as string, 'type'], 'must be string, or an object with `file`, since it is the body as it is');
  if (body?.upload !== undefined) checkFileAddress(body.content as string, content, report);
  for (const [name, parameter] of Object.entries(parameters))
    if (parameter.in === 'body' && name !== body?.content)
      report(['parameters', name, 'in'], `the body is ${body?.content} alone: nothing else can stand in it`);
}

function checkScopes(endpoint: Endpoint, recipe: Integration, report: Report): void {
  const scopes = recipe.auth.find((auth) => auth.type === 'oauth2')?.scopes ?? {};
  for (const [at, need] of (endpoint.provider_scopes ?? []).entries())
    for (const scope of [need].flat())
      if (!Object.hasOwn(scopes, scope)) report(['provider_scopes', at], `recipe.json does not describe the scope ${scope}`);
}
