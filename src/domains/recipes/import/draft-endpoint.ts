/**
 * An endpoint from an operation of a description: places, types, bounds, requiredness and scopes filled in, every sentence
 * empty, so that a recipe made of drafts does not load until its author has written them.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Endpoint } from '../format/format.ts';
import type { Parameter, RecipeValue } from '../format/parameter.ts';
import { draftValue, isAnything, type Room } from './draft-value.ts';
import { nameEndpoint, nameParameter, tellApart } from './names.ts';
import {
  type Described,
  listAlternatives,
  listParameters,
  listRequired,
  methods,
  type OpenApi,
  type Operation,
  type PathItem,
  placeOfOperation,
  propertyOf,
  type RequestBody,
  resolve,
  type Schema,
} from './openapi.ts';

export interface Draft {
  name: string;
  endpoint: Endpoint;
  /** What the description says and the draft does not, each with its place. */
  losses: string[];
}

/** What every request may have, and what the gateway adds by itself. */
const standardHeaders = ['accept', 'authorization', 'content-type', 'content-length', 'cookie', 'user-agent'];

/** What becomes of a sentence of the description; a draft that an author is to write has none. */
export type Describe = (sentence: string | undefined) => string;
const unsaid: Describe = () => '';

/** Undefined where the description has no such operation. */
export function draftEndpoint(
  openApi: OpenApi,
  path: string,
  method: (typeof methods)[number],
  describe: Describe = unsaid,
): Draft | undefined {
  const item = openApi.paths[path];
  const operation = item?.[method];
  if (!item || !operation) return undefined;
  const upper = method.toUpperCase() as Endpoint['method'];
  const { drafts, body } = draftParameters(openApi, item, operation, describe);
  const scopes = operation.scopes ?? [];
  return {
    name: nameEndpoint({ method: upper, path, operationId: operation.nameFrom ?? operation.operationId }),
    endpoint: {
      method: upper,
      path: operation.graphql ? '/graphql' : path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => `{${nameParameter(name)}}`),
      description: describe(operation.summary || operation.description),
      ...(scopes.length > 0 ? { provider_scopes: [scopes.length === 1 ? (scopes[0] as string) : scopes] } : {}),
      parameters: drafts.made,
      ...(body && !operation.graphql ? { body: { encoding: body, ...(body === 'raw' ? { content: drafts.fileName } : {}) } } : {}),
      ...graphqlOf(operation),
      answer: '',
      example: {},
    },
    losses: drafts.losses,
  };
}

function graphqlOf({ graphql }: Operation): Pick<Endpoint, 'graphql' | 'read_only'> {
  if (!graphql) return {};
  const { document, data, isQuery } = graphql;
  return { ...(isQuery ? { read_only: true as const } : {}), graphql: { document, data } };
}

/** More would not help whoever reads the document of an endpoint. */
const valuesMax = 400;
const depthMax = 5;

/** As deep as there is room for: some services describe objects in objects without end. */
function draftParameters(
  openApi: OpenApi,
  item: PathItem,
  operation: Operation,
  describe: Describe,
): { drafts: Parameters; body: Encoding | undefined } {
  const draftTo = (depth: number) => {
    const room = { depthMax: depth, left: valuesMax };
    const drafts = new Parameters(openApi, room, describe);
    for (const one of listParameters(openApi, item, operation)) drafts.addDescribed(one);
    const body = drafts.addBody(resolve<RequestBody>(openApi, operation.requestBody));
    return { drafts, body, left: room.left };
  };
  let kept = draftTo(1);
  for (let depth = 2; depth <= depthMax; depth += 1) {
    const deeper = draftTo(depth);
    if (deeper.left <= 0) break;
    if (deeper.left === kept.left) return deeper;
    kept = deeper;
  }
  return kept;
}

export interface DraftedOperation {
  /** Such as `GET /notes/{id}`. */
  place: string;
  operationId: string | undefined;
  draft: Draft;
}

/** Every operation, with names that no two of them share. */
export function listDrafts(openApi: OpenApi): DraftedOperation[] {
  const found = Object.entries(openApi.paths).flatMap(([path, item]) =>
    methods.flatMap((method): DraftedOperation[] => {
      const draft = draftEndpoint(openApi, path, method);
      const operation = item[method];
      return draft && operation ? [{ place: placeOfOperation(path, method, operation), operationId: operation.operationId, draft }] : [];
    }),
  );
  const shared = Map.groupBy(found, ({ draft }) => draft.name);
  for (const [name, all] of shared) if (all.length > 1) for (const { place, draft } of all) draft.name = tellApart(name, place);
  return found;
}

type Encoding = NonNullable<Endpoint['body']>['encoding'];

class Parameters {
  readonly made: Record<string, Parameter> = {};
  readonly losses: string[] = [];
  /** The parameter that is the whole body. */
  fileName = '';
  readonly #openApi: OpenApi;
  readonly #tried = new Map<string, number>();
  readonly #room: Room;
  readonly #describe: Describe;

  constructor(openApi: OpenApi, room: Room, describe: Describe) {
    this.#openApi = openApi;
    this.#room = room;
    this.#describe = describe;
  }

  addDescribed(one: Described): void {
    if (one.isCommon) return;
    if (one.in === 'cookie') this.losses.push(`cookie ${one.name}: cookies are not sent`);
    else if (one.in !== 'header' || !standardHeaders.includes(one.name.toLowerCase())) this.#addPlaced(one);
  }

  #addPlaced(one: Described): void {
    const place = one.in as Parameter['in'];
    const written = Object.entries(one.content ?? {})[0];
    // `ids[]` is a list in brackets, whatever the style says.
    const theirs = one.in === 'query' ? one.name.replace(/\[\]$/, '') : one.name;
    const draft = draftValue(this.#openApi, one.schema ?? written?.[1].schema, `${place} ${one.name}`, this.#room);
    const value = written ? draft.value : asText(draft.value);
    const types = [value.type].flat();
    const style: Partial<Parameter> = {};
    const [holdsList, holdsObject] = [types.includes('array'), types.includes('object')];
    if (place === 'query' && written && (holdsList || holdsObject)) style.object_style = 'json';
    else if (place === 'query') {
      if (holdsList) style.array_style = theirs === one.name ? arrayStyleOf(one) : 'brackets';
      if (holdsObject) style.object_style = 'brackets';
    }
    this.losses.push(...draft.losses);
    this.#put(
      theirs,
      { in: place, ...this.#open(value), ...requiredIf(one.required || place === 'path'), ...style },
      one.description ?? one.schema?.description,
    );
  }

  addBody(body: RequestBody | undefined): Encoding | undefined {
    const all = Object.entries(body?.content ?? {});
    const [type, content] = pickContent(all) ?? [];
    if (!body || type === undefined) return undefined;
    const otherwise = all.filter(([name, other]) => name !== type && !isSameBody(content, other));
    if (otherwise.length > 0) this.losses.push(`body: is taken as ${type}, and not as ${otherwise.map(([name]) => name).join(', ')}`);
    const encoding = encodingOf(type);
    if (encoding === undefined) {
      this.losses.push(`body: of type ${type} is not drafted`);
      return undefined;
    }
    if (encoding === 'raw') return this.#addFile(content?.schema, body.required === true);
    const alternatives = listAlternatives(this.#openApi, content?.schema).filter((one) => one.type !== 'null');
    const names = [...new Set(alternatives.flatMap((one) => Object.keys(one.properties ?? {})))];
    if (names.length === 0) return this.#addWhole(content?.schema, body.required === true, encoding);
    if (alternatives.length > 1) this.losses.push(`body: one of ${alternatives.length} kinds of objects, whose members are joined`);
    const required = listRequired(alternatives);
    for (const name of names) {
      const schemas = alternatives.flatMap((one) => propertyOf(one, name) ?? []);
      this.#addMember(name, schemas.length === 1 ? schemas[0]! : { anyOf: schemas }, required.includes(name), encoding);
    }
    return encoding;
  }

  #addMember(name: string, schema: Schema, isRequired: boolean, encoding: Encoding): void {
    const plain = listAlternatives(this.#openApi, schema);
    if (plain.some((one) => one.readOnly)) return;
    const draft = draftValue(this.#openApi, schema, `body ${name}`, this.#room);
    this.losses.push(...draft.losses);
    const value = encoding === 'json' ? draft.value : asText(draft.value);
    const types = [value.type].flat();
    const more: Partial<Parameter> = {};
    if (encoding === 'multipart' && plain.some((one) => one.format === 'binary')) Object.assign(more, { type: 'object', file: true });
    else if (encoding !== 'multipart' && plain.some((one) => one.format === 'binary'))
      this.losses.push(`body ${name}: is a file, which this body cannot hold`);
    if (encoding === 'form' && [...types, ...[value.items?.type].flat()].includes('object')) more.object_style = 'brackets';
    if (encoding === 'form' && types.includes('array')) more.array_style = 'indexed';
    this.#put(name, { in: 'body', ...this.#open(value), ...requiredIf(isRequired), ...more }, schema.description ?? plain[0]?.description);
  }

  #addWhole(schema: Schema | undefined, isRequired: boolean, encoding: Encoding): Encoding {
    const draft = draftValue(this.#openApi, schema, 'body', this.#room);
    this.losses.push(...draft.losses);
    const value: RecipeValue = encoding !== 'json' && isAnything(draft.value) ? { type: 'object' } : draft.value;
    this.#put('body', { in: 'body', ...this.#open(value), ...requiredIf(isRequired) }, schema?.description, '');
    return encoding;
  }

  /** Whose media type the caller says with it. */
  #addFile(schema: Schema | undefined, isRequired: boolean): Encoding {
    this.fileName = this.#put('body', { in: 'body', type: 'object', file: true, ...requiredIf(isRequired) }, schema?.description);
    return 'raw';
  }

  /** Of a parameter, `required` says whether it is needed itself. */
  #open({ required, ...value }: RecipeValue): Omit<Parameter, 'in' | 'description' | 'required'> {
    return { ...value, ...(required ? { required_properties: required } : {}) } as Omit<Parameter, 'in' | 'description' | 'required'>;
  }

  #freeName(wanted: string[]): string {
    const free = wanted.find((name) => !Object.hasOwn(this.made, name));
    if (free !== undefined) return free;
    const last = wanted.at(-1) as string;
    // From where the last search ended, since thousands of one name would each begin at the first.
    for (let at = this.#tried.get(last) ?? 2; ; at += 1) {
      const name = `${last}_${at}`;
      if (Object.hasOwn(this.made, name)) continue;
      this.#tried.set(last, at);
      return name;
    }
  }

  /** Two places may have one name, and two names be one in ours. */
  #put(theirs: string, parameter: Omit<Parameter, 'description'>, sentence: string | undefined, as = theirs): string {
    const plain = nameParameter(theirs);
    const name = this.#freeName([plain, `${plain}_in_${parameter.in}`]);
    const sent = parameter.in === 'path' ? plain : as;
    const written = parameter.in === 'body' && sent.startsWith('/') ? `/${sent.replaceAll('~', '~0').replaceAll('/', '~1')}` : sent;
    this.made[name] = { ...parameter, ...(name === sent ? {} : { as: written }), description: this.#describe(sentence) };
    return name;
  }
}

function requiredIf(isRequired: boolean | undefined): { required?: true } {
  return isRequired ? { required: true } : {};
}

/** Paths, headers, queries and forms hold texts: what may be anything is one there. */
function asText(value: RecipeValue): RecipeValue {
  if (isAnything(value)) return { ...value, type: 'string' };
  if (![value.type].flat().includes('array')) return value;
  return { ...value, items: value.items ? asText(value.items) : { type: 'string' } };
}

/** Whether nothing can be said by one that cannot be said by the other: their schemas are written alike. */
function isSameBody(one: { schema?: Schema } | undefined, other: { schema?: Schema } | undefined): boolean {
  return isDeepStrictEqual(one?.schema, other?.schema);
}

function arrayStyleOf({ style = 'form', explode = style === 'form' }: Described): NonNullable<Parameter['array_style']> {
  if (style === 'spaceDelimited') return 'space';
  if (style === 'pipeDelimited') return 'pipe';
  // OpenAPI leaves lists of this style open; services that have it read the names of parts, with empty brackets in a list.
  if (style === 'deepObject') return 'brackets';
  return explode ? 'repeat' : 'comma';
}

function encodingOf(type: string): Encoding | undefined {
  const [plain = ''] = type.split(';');
  if (plain.endsWith('json') || plain === '*/*') return 'json';
  if (plain === 'application/x-www-form-urlencoded') return 'form';
  if (plain === 'multipart/form-data') return 'multipart';
  return plain === 'application/octet-stream' || /^(image|audio|video)\//.test(plain) ? 'raw' : undefined;
}

/** JSON before forms, and whatever can be sent before what cannot. */
function pickContent<Content>(all: [type: string, content: Content][]): [type: string, content: Content] | undefined {
  const byEncoding = (encoding: Encoding) => all.find(([type]) => encodingOf(type) === encoding);
  return byEncoding('json') ?? byEncoding('form') ?? byEncoding('multipart') ?? byEncoding('raw') ?? all[0];
}
