/**
 * A whole recipe from a description that somebody imports: every operation that was chosen, checked as the files of a recipe are.
 * What cannot be said is left out and listed. Sentences are the description's, and marked as that.
 */

import { validateEndpoint } from '../../check/endpoint.ts';
import type { FaultPath } from '../../check/texts.ts';
import { validateIntegration } from '../../check/validate.ts';
import type { Answers } from '../../format/answer/shapes.ts';
import { type Endpoint, endpoint, type Integration, integration, type Resource } from '../../format/format.ts';
import type { Parameter } from '../../format/parameter.ts';
import { AnswerMapper } from '../answers/map-answers.ts';
import { type Draft, draftEndpoint } from '../draft-endpoint.ts';
import { nameEndpoint, nameResource, tellApart } from '../names.ts';
import { methods, type OpenApi, type Operation, placeOfOperation } from '../openapi.ts';
import { DescriptionFault } from '../read-description.ts';
import { draftAuth } from './draft-auth.ts';
import { sampleParameters } from './sample-value.ts';
import { plainLine, plainName, quoteSentence } from './sentences.ts';

export interface RecipeWish {
  slug: string;
  name?: string | undefined;
  /** In place of the address that the description names. */
  baseUrl?: string | undefined;
  /** Only operations with one of these tags. */
  tags?: readonly string[] | undefined;
  /** Only these, by id or as `GET /notes/{id}`. */
  operations?: readonly string[] | undefined;
}

export interface MadeRecipe {
  recipe: Integration;
  resources: Resource[];
  /** What the description says of answers; missing where that is nothing. */
  answers?: Answers | undefined;
  /** What of the description is not in the recipe, each with its place. */
  warnings: string[];
  /** Of how many operations that were chosen, how many are in it, and of how many of these everything is. */
  counts: { chosen: number; mapped: number; whole: number };
}

const warningLengthMax = 300;
/** More would make a catalogue that nobody finds anything in, and cost every process that uses it. */
const operationsMax = 2_500;

/** Throws DescriptionFault where nothing can be made of it. */
export function makeRecipe(openApi: OpenApi, wish: RecipeWish, onProgress: (done: number) => void = () => {}): MadeRecipe {
  const warnings: string[] = [];
  const auth = draftAuth(openApi, warnings);
  const title = (typeof openApi.info?.title === 'string' && openApi.info.title) || wish.slug;
  const address = addressOf(openApi, wish);
  const recipe = integration.safeParse({
    slug: wish.slug,
    name: plainName(wish.name ?? title) || wish.slug,
    version: '1.0.0',
    description: quoteSentence('Imported', openApi.info?.description ?? title),
    category: 'imported',
    documentation_url: documentationOf(openApi) ?? address,
    base_url: openApi.isGraphql ? new URL(address).origin : address,
    auth,
  });
  if (!recipe.success) {
    const [issue] = recipe.error.issues;
    throw new DescriptionFault(`The description makes no recipe: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const faults: string[] = [];
  // Accounts of an import are named by whoever connects them, since no call is known that would.
  validateIntegration({ ...recipe.data, verify: undefined }, undefined, [], (path, message) => {
    if (!message.includes('`verify`')) faults.push(`${path.join('.')}: ${message}`);
  });
  if (faults.length > 0) throw new DescriptionFault(`The description makes no recipe: ${faults[0]}.`);
  const place = openApi.isGraphql ? new URL(address).pathname : undefined;
  const chosen = chooseOperations(openApi, wish).map((one) => ({ ...one, endpointPath: place }));
  const { resources, answers, counts } = makeResources(openApi, recipe.data, chosen, warnings, onProgress);
  return { recipe: recipe.data, resources, answers, warnings: warnings.map((warning) => plainLine(warning, warningLengthMax)), counts };
}

function documentationOf({ externalDocs }: OpenApi): string | undefined {
  const url = URL.parse(typeof externalDocs?.url === 'string' ? externalDocs.url : '');
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

/** Throws DescriptionFault where neither says a whole address. */
function addressOf(openApi: OpenApi, { baseUrl }: RecipeWish): string {
  const { servers } = openApi;
  const [server] = Array.isArray(servers) ? servers : [];
  const named = typeof server?.url === 'string' ? server.url : '';
  const written =
    baseUrl ?? named.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => String(server?.variables?.[name]?.default ?? whole));
  const url = URL.parse(written);
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    /[{}]/.test(decodeURIComponent(written)) ||
    url.username ||
    url.password ||
    url.search ||
    url.hash
  )
    throw new DescriptionFault(
      openApi.isGraphql
        ? 'A GraphQL schema does not say where it is answered. Give the address as `baseUrl`, such as https://api.example.org/graphql.'
        : `/servers/0/url: ${JSON.stringify(named.slice(0, 200))} is no address that requests can go to. Give it as \`baseUrl\`, such as https://api.example.org/v1.`,
    );
  return url.href.replace(/\/+$/, '');
}

interface Chosen {
  /** Such as `GET /notes/{id}`. */
  place: string;
  path: string;
  method: (typeof methods)[number];
  name: string;
  operation: Operation;
  /** Where it is sent, in place of what its own path says. */
  endpointPath?: string | undefined;
}

/** Names do not depend on what is chosen, so that choosing more later renames nothing. Throws DescriptionFault. */
function chooseOperations(openApi: OpenApi, { tags, operations }: RecipeWish): Chosen[] {
  const all = Object.entries(openApi.paths).flatMap(([path, item]) =>
    methods.flatMap((method): Chosen[] => {
      const operation = item[method];
      if (!operation) return [];
      const upper = method.toUpperCase() as Endpoint['method'];
      const operationId = typeof operation.operationId === 'string' ? operation.operationId : undefined;
      const nameFrom = operation.nameFrom ?? operationId;
      return [
        {
          place: placeOfOperation(path, method, operation),
          path,
          method,
          operation,
          name: nameEndpoint({ method: upper, path, operationId: nameFrom }),
        },
      ];
    }),
  );
  for (const [name, same] of Map.groupBy(all, (one) => one.name))
    if (same.length > 1) for (const one of same) one.name = tellApart(name, one.place);
  const names = new Set(all.flatMap(({ place, operation }) => [place, operation.operationId]));
  const missing = (operations ?? []).find((wanted) => !names.has(wanted));
  if (missing !== undefined) throw new DescriptionFault(`There is no operation ${JSON.stringify(missing)}.`);
  const known = new Set(all.flatMap(({ operation }) => tagsOf(operation)));
  const unknown = (tags ?? []).find((tag) => !known.has(tag));
  if (unknown !== undefined) throw new DescriptionFault(`No operation has the tag ${JSON.stringify(unknown)}.`);
  const wanted = new Set(operations);
  const wantedTags = new Set(tags);
  const chosen = all.filter(
    (one) =>
      (tags === undefined && operations === undefined) ||
      tagsOf(one.operation).some((tag) => wantedTags.has(tag)) ||
      wanted.has(one.place) ||
      wanted.has(one.operation.operationId ?? one.place),
  );
  if (chosen.length === 0) throw new DescriptionFault('/paths: holds no operation.');
  if (chosen.length > operationsMax)
    throw new DescriptionFault(
      `These are ${chosen.length} operations, and at most ${operationsMax} can be imported. Choose by \`tags\` or \`operations\`.`,
    );
  return chosen;
}

function tagsOf({ tags }: Operation): string[] {
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}

function makeResources(
  openApi: OpenApi,
  recipe: Integration,
  chosen: readonly Chosen[],
  warnings: string[],
  onProgress: (done: number) => void,
): Pick<MadeRecipe, 'resources' | 'answers' | 'counts'> {
  const answers = new AnswerMapper(openApi);
  const resources = new Map<string, Resource>();
  let mapped = 0;
  let whole = 0;
  for (const [at, one] of chosen.entries()) {
    onProgress(at / chosen.length);
    const made = makeEndpoint(openApi, recipe, one);
    if ('fault' in made) {
      warnings.push(`${one.place}: is left out: ${made.fault}`);
      continue;
    }
    mapped += 1;
    if (made.losses.length === 0) whole += 1;
    else warnings.push(...made.losses.map((loss) => `${one.place}: ${loss}`));
    const tag = tagsOf(one.operation)[0];
    const name = nameResource(tag);
    const resource = resources.get(name) ?? { resource: name, description: describeTag(openApi, tag), endpoints: {} };
    resource.endpoints[one.name] = made.endpoint;
    answers.add(one.name, one.operation);
    resources.set(name, resource);
  }
  if (mapped === 0) throw new DescriptionFault(`None of the operations can be imported. ${warnings[0] ?? ''}`);
  return { resources: [...resources.values()], answers: answers.finish(), counts: { chosen: chosen.length, mapped, whole } };
}

function describeTag({ tags }: OpenApi, name: string | undefined): string {
  const tag = Array.isArray(tags) ? tags.find((one) => one?.name === name) : undefined;
  return quoteSentence('Imported', typeof tag?.description === 'string' ? tag.description : (name ?? 'What has no tag.'));
}

function makeEndpoint(
  openApi: OpenApi,
  recipe: Integration,
  { path, method, operation, endpointPath }: Chosen,
): Pick<Draft, 'endpoint' | 'losses'> | { fault: string } {
  const draft = draftEndpoint(openApi, path, method, (sentence) => quoteSentence('Imported', sentence)) as Draft;
  const made: Endpoint = {
    ...draft.endpoint,
    answer: 'What the service answers; of its fields those are known that its description names.',
  };
  delete made.provider_scopes;
  if (endpointPath !== undefined) made.path = endpointPath;
  if (made.graphql) made.answer = 'What its document selects.';
  if (operation.deprecated === true) made.description = `Deprecated. ${made.description}`;
  const losses = [...draft.losses, ...fitPlaces(made), ...fillPath(made)];
  if (JSON.stringify(made).length > endpointLengthMax) return { fault: `is described in more than ${endpointLengthMax / 1024} KiB` };
  made.example = sampleParameters(made.parameters);
  for (let turn = 0; ; turn += 1) {
    const faults = faultsOf(made, recipe);
    if (faults.length === 0) return { endpoint: made, losses };
    const [{ path: at, message }] = faults as [Fault];
    const repaired = turn < repairsMax && faults.every((fault) => repair(made, fault.path));
    if (!repaired) return { fault: `${at.join('.')}: ${message}` };
    losses.push(...faults.map((fault) => `${fault.path.join('.')}: ${fault.message}; it is left out`));
    made.example = sampleParameters(made.parameters);
  }
}

const repairsMax = 4;
/** What a server compiles when the endpoint is first called, and an agent reads. */
const endpointLengthMax = 128 * 1024;

interface Fault {
  path: FaultPath;
  message: string;
}

function faultsOf(made: Endpoint, recipe: Integration): Fault[] {
  const parsed = endpoint.safeParse(made);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ({ path: path as FaultPath, message }));
  const faults: Fault[] = [];
  validateEndpoint(parsed.data, recipe, (path, message) => {
    // A sample shows how a call looks; that a description's bounds contradict each other is no fault of the call.
    if (path[0] !== 'example') faults.push({ path, message });
  });
  return faults;
}

/** What stands in a path or a header is a text whatever is said of it, and a request that has no body loses what would stand there. */
function fitPlaces(made: Endpoint): string[] {
  const losses: string[] = [];
  for (const [name, one] of Object.entries(made.parameters)) {
    const isLost = (one.in === 'body' && made.method === 'GET') || (one.in === 'path' && !made.path.includes(`{${one.as ?? name}}`));
    if (isLost) {
      delete made.parameters[name];
      losses.push(`${one.in} ${name}: has no place in ${made.method} ${made.path}, and is left out`);
    } else if ((one.in === 'path' || one.in === 'header') && [one.type].flat().some((type) => inTexts.includes(type) === false))
      made.parameters[name] = { in: one.in, type: 'string', description: one.description, ...pick(one) };
    else if (one.in === 'body' && made.body?.encoding === 'multipart' && holdsObjects(one)) {
      delete one.array_style;
      one.object_style = 'json';
    }
  }
  if (made.method === 'GET') delete made.body;
  return losses;
}

const inTexts: readonly string[] = ['string', 'integer', 'number', 'boolean'];

function pick({ required, as }: Parameter): Pick<Parameter, 'required' | 'as'> {
  return { ...(required ? { required } : {}), ...(as === undefined ? {} : { as }) };
}

function holdsObjects({ file, type, items }: Parameter): boolean {
  const types = [type, items?.type ?? []].flat(2);
  return !file && (types.includes('object') || (items !== undefined && [items.type].flat().includes('array')));
}

/** Some descriptions name what stands in a path nowhere else. */
function fillPath(made: Endpoint): string[] {
  const names = [...made.path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] as string);
  const filled = Object.entries(made.parameters).flatMap(([name, one]) => (one.in === 'path' ? [one.as ?? name] : []));
  const missing = [...new Set(names)].filter((name) => !filled.includes(name));
  for (const name of missing) {
    const own = Object.hasOwn(made.parameters, name) ? `${name}_in_path` : name;
    made.parameters[own] = {
      in: 'path',
      type: 'string',
      required: true,
      description: quoteSentence('Imported', undefined),
      ...(own === name ? {} : { as: name }),
    };
  }
  return missing.map((name) => `path ${name}: is not described`);
}

/** Leaves out what is wrong where the rest can do without it. */
function repair(made: Endpoint, path: FaultPath): boolean {
  const dispensable = [
    'default',
    'enum',
    'examples',
    'format',
    'required',
    'required_properties',
    'minimum',
    'maximum',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
  ];
  const at = path.findIndex((name, depth) => depth > 1 && dispensable.includes(String(name)));
  const holder = path.slice(0, at).reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], made);
  if (at !== -1 && typeof holder === 'object' && holder !== null) return delete (holder as Record<string, unknown>)[path[at] as string];
  // An optional parameter that cannot travel where it should.
  const name = path[1];
  if (path[0] !== 'parameters' || typeof name !== 'string' || made.parameters[name]?.required) return false;
  return delete made.parameters[name];
}
