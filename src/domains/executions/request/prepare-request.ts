/** From an endpoint and the caller's parameters to the request that its service gets, still without the credential. */
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import { pathCredentialOf } from '../../recipes/path-credential.ts';
import { fillAddress, fillHeaders, fillJson, fillText, isFilled, noVariables, type Variables } from '../../recipes/variables.ts';
import type { Upload } from './body/fetch-upload.ts';
import { type BodyPlan, planBody, type RequestBody, writeBody } from './body/write-body.ts';
import { checkParameters, faultOf, type ParameterFault, type Parameters, parameterFaults } from './check-parameters.ts';
import {
  type Fail,
  type PlacedParameter,
  parametersIn,
  valueFor,
  type Written,
  writeHeader,
  writePairs,
  writeSegment,
  writeSegments,
} from './request-parts.ts';

export interface PreparedRequest {
  method: string;
  /** Below the integration's own origin. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer | string | undefined;
  /** What is fetched and sent as the body, in place of `body`. */
  upload?: Upload | undefined;
}

/** Everything about an endpoint's requests that does not depend on a call. */
interface RequestPlan {
  baseUrl: string;
  /** Texts and names of the path in turn, beginning with a text. */
  path: string[];
  pathPlaces: PlacedParameter[];
  /** A name of the path that stays in its braces, for the credential. */
  left: string | undefined;
  /** Constant pairs, encoded. */
  query: string;
  queryPlaces: PlacedParameter[];
  headers: Record<string, string>;
  headerPlaces: PlacedParameter[];
  body: BodyPlan | undefined;
  /** Parameters that a variable stands in for, with its name. */
  defaults: [parameter: string, variable: string][];
}

const plans = new WeakMap<CatalogueEndpoint, RequestPlan>();

/** Throws bad_request with every fault of the parameters. */
export function prepareRequest(
  integration: CatalogueIntegration,
  endpoint: CatalogueEndpoint,
  given: unknown,
  variables: Variables = noVariables,
): PreparedRequest | Promise<PreparedRequest> {
  let params = checkParameters(endpoint, given ?? {});
  let plan = plans.get(endpoint);
  if (!plan) {
    plan = planRequest(integration, endpoint, noVariables);
    plans.set(endpoint, plan);
  }
  if (integration.recipe.variables !== undefined) {
    params = { ...defaultsOf(plan, variables), ...params };
    plan = planRequest(integration, endpoint, variables);
  }
  const faults: ParameterFault[] = [];
  const fail: Fail = (name, message) => void faults.push(faultOf(name, message));
  const path = writePath(plan, params, fail);
  const query = writeQuery(plan, params, fail);
  const headers = writeHeaders(plan, params, fail);
  const body = plan.body && writeBody(plan.body, endpoint.spec.method, params, fail);
  const finish = (written: RequestBody | undefined): PreparedRequest => {
    if (faults.length > 0) throw parameterFaults(endpoint, faults);
    return {
      method: endpoint.spec.method,
      url: query === '' ? plan.baseUrl + path : `${plan.baseUrl}${path}?${query}`,
      headers: written ? { 'content-type': written.contentType, ...headers } : headers,
      body: written?.bytes,
      ...(written?.upload ? { upload: written.upload } : {}),
    };
  };
  return body instanceof Promise ? body.then(finish) : finish(body);
}

/** A recipe without variables has one plan an endpoint, any other one a call: names in braces are not its alone. */
function planRequest(integration: CatalogueIntegration, endpoint: CatalogueEndpoint, variables: Variables): RequestPlan {
  const { spec } = endpoint;
  const { recipe } = integration;
  const body = planBody(endpoint);
  const baseUrl = integration.baseUrlOverridden ? integration.baseUrl : (spec.base_url ?? integration.baseUrl);
  const fillConstants = (constants: BodyPlan['constants']): BodyPlan['constants'] =>
    constants.flatMap(([name, value]) => (isFilled(recipe, value, variables) ? [[name, fillJson(value, variables)]] : []));
  return {
    baseUrl: fillAddress(baseUrl, variables),
    path: fillAddress(spec.path, variables).split(/\{([^}]*)\}/),
    pathPlaces: parametersIn(endpoint, 'path'),
    left: pathCredentialOf(recipe),
    query: Object.entries(spec.query ?? {})
      .filter(([, value]) => isFilled(recipe, value, variables))
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(fillText(value, variables))}`)
      .join('&'),
    queryPlaces: parametersIn(endpoint, 'query'),
    headers: {
      'user-agent': 'skillett',
      accept: '*/*',
      ...fillHeaders(recipe, recipe.headers, variables),
      ...fillHeaders(recipe, spec.headers, variables),
    },
    headerPlaces: parametersIn(endpoint, 'header'),
    body: body && { ...body, constants: fillConstants(body.constants) },
    defaults: Object.entries(spec.parameters).flatMap(([name, { default_from: variable }]) =>
      variable === undefined ? [] : [[name, variable]],
    ),
  };
}

function defaultsOf({ defaults }: RequestPlan, variables: Variables): Parameters {
  return Object.fromEntries(
    defaults.flatMap(([name, variable]) => (Object.hasOwn(variables, variable) ? [[name, variables[variable]]] : [])),
  );
}

function writePath(plan: RequestPlan, params: Parameters, fail: Fail): string {
  const filled = new Map<string, string>();
  if (plan.left !== undefined) filled.set(plan.left, `{${plan.left}}`);
  const fill = (name: string, into: string, written: Written): void => {
    if (written.fault === undefined) filled.set(into, written.text);
    else fail(name, written.fault);
  };
  for (const place of plan.pathPlaces) {
    const text = String(valueFor(place, params));
    const { splitInto: names } = place;
    if (!names) {
      fill(place.name, place.as, place.parameter.segments ? writeSegments(text) : writeSegment(text));
      continue;
    }
    const values = text.split('/');
    if (values.length !== names.length) fail(place.name, `must look like \`${names.join('/')}\``);
    else for (const [at, into] of names.entries()) fill(place.name, into, writeSegment(values[at] as string));
  }
  let path = plan.path[0] as string;
  for (let at = 1; at < plan.path.length; at += 2) path += (filled.get(plan.path[at] as string) ?? '') + plan.path[at + 1];
  return path;
}

function writeQuery(plan: RequestPlan, params: Parameters, fail: Fail): string {
  let query = plan.query;
  for (const place of plan.queryPlaces) {
    const value = valueFor(place, params);
    if (value === undefined) continue;
    const written = writePairs(place.as, value, place.parameter);
    if (written.fault !== undefined) fail(place.name, written.fault);
    else if (written.text !== '') query += query === '' ? written.text : `&${written.text}`;
  }
  return query;
}

/** The plan's own object where no parameter travels in a header: nobody changes it. */
function writeHeaders(plan: RequestPlan, params: Parameters, fail: Fail): Record<string, string> {
  if (plan.headerPlaces.length === 0) return plan.headers;
  const headers = { ...plan.headers };
  for (const place of plan.headerPlaces) {
    const value = valueFor(place, params);
    if (value === undefined || value === null) continue;
    const written = writeHeader(value, place.parameter.header_encoding);
    if (written.fault !== undefined) fail(place.name, written.fault);
    else headers[place.as.toLowerCase()] = written.text;
  }
  return headers;
}
