/**
 * Files of Stone as one description. A route `search:2` of the namespace `files` is `POST /files/search_v2`; its argument is the body as
 * JSON, or where its style is `upload` or `download` a header as JSON, since there the body is a file.
 */
import type { Described, OpenApi, Operation, Schema } from '../../../../src/domains/recipes/import/openapi.ts';
import { parseStone, type StoneDefinition, type StoneField, type StoneNamespace, type StoneRoute, type StoneType } from './stone-parser.ts';

/** `argumentHeader`: the header of arguments whose routes have a file as their body. Throws SyntaxError. */
export function readStone(sources: readonly string[], argumentHeader = ''): OpenApi {
  const namespaces = sources.map(parseStone);
  const schemas = new Schemas(namespaces);
  const paths: OpenApi['paths'] = {};
  for (const { name, routes } of namespaces)
    for (const route of routes) paths[`/${name}/${route.name}`] = { post: readRoute(schemas, name, route, argumentHeader) };
  return { info: { title: 'Stone', version: '' }, paths, components: { schemas: schemas.made } };
}

function readRoute(schemas: Schemas, namespace: string, route: StoneRoute, header: string): Operation {
  const [argument, result] = route.types;
  const { style = 'rpc', scope } = route.attributes;
  const isVoid = argument === undefined || argument.name === 'Void';
  const schema = isVoid ? undefined : schemas.refer(argument, namespace, 'sent');
  const json = (value: Schema) => ({ content: { 'application/json': { schema: value } } });
  const parameters: Described[] = style === 'rpc' || !schema ? [] : [{ in: 'header', name: header, required: true, ...json(schema) }];
  const file: Schema = { type: 'string', format: 'binary' };
  return {
    operationId: `${namespace}/${route.name}`,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.isDeprecated ? { deprecated: true } : {}),
    ...(typeof scope === 'string' ? { scopes: [scope] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(style === 'rpc' && schema ? { requestBody: { required: true, ...json(schema) } } : {}),
    ...(style === 'upload' ? { requestBody: { required: true, content: { 'application/octet-stream': { schema: file } } } } : {}),
    ...(style === 'download' || result === undefined || result.name === 'Void'
      ? {}
      : { responses: { 200: json(schemas.refer(result, namespace, 'answered')) } }),
  };
}

/** A tag without a value may be sent as a text, and always comes as an object. */
type Way = 'sent' | 'answered';

interface Known {
  namespace: string;
  definition: StoneDefinition;
}

class Schemas {
  readonly made: Record<string, Schema> = {};
  readonly #known = new Map<string, Known>();

  constructor(namespaces: readonly StoneNamespace[]) {
    for (const { name: namespace, definitions } of namespaces)
      for (const definition of definitions) this.#known.set(`${namespace}.${definition.name}`, { namespace, definition });
  }

  refer(type: StoneType, namespace: string, way: Way): Schema {
    const plain = readPlain(type);
    if (plain) return plain;
    const [first, second] = type.of;
    if (type.name === 'List' && first) return { type: 'array', items: this.refer(first, namespace, way), ...boundsOf(type, 'Items') };
    if (type.name === 'Map' && second) return { type: 'object', additionalProperties: this.refer(second, namespace, way) };
    const known = this.#find(type.name, namespace);
    // Of a file that was not given, nothing is known.
    if (!known) return {};
    if (known.definition.type) return this.refer(known.definition.type, known.namespace, way);
    return this.#referTo(known, way, known.definition.subtypes.length > 0);
  }

  #find(name: string, namespace: string): Known | undefined {
    return this.#known.get(name.includes('.') ? name : `${namespace}.${name}`);
  }

  /** `asAny`: of a struct with subtypes any of them, otherwise what it has itself. */
  #referTo({ namespace, definition }: Known, way: Way, asAny: boolean): Schema {
    const isAlone = [...this.#known.values()].filter((one) => one.definition.name === definition.name).length === 1;
    const name = `${isAlone ? '' : `${namespace}_`}${definition.name}${way === 'sent' ? '_sent' : ''}${asAny ? '_any' : ''}`;
    if (!Object.hasOwn(this.made, name)) {
      this.made[name] = {};
      const make = definition.kind === 'union' ? this.#makeUnion : asAny ? this.#makeAny : this.#makeStruct;
      Object.assign(this.made[name], make.call(this, definition, namespace, way));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #makeStruct(definition: StoneDefinition, namespace: string, way: Way): Schema {
    const own = this.#makeObject(definition.fields, namespace, way);
    const parent = definition.parent === undefined ? undefined : this.#find(definition.parent, namespace);
    const described = definition.description === undefined ? {} : { description: definition.description };
    return { ...described, ...(parent ? { allOf: [this.#referTo(parent, way, false), own] } : own) };
  }

  #makeObject(all: readonly StoneField[], namespace: string, way: Way): Schema {
    const fields = listPublic(all);
    const required = fields.filter(({ type, default: value }) => !type?.isOptional && value === undefined).map(({ name }) => name);
    return {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field.name, this.#makeField(field, namespace, way)])),
      ...(required.length > 0 ? { required } : {}),
    };
  }

  #makeField({ type, default: value, description }: StoneField, namespace: string, way: Way): Schema {
    const more = { ...(value === undefined ? {} : { default: value }), ...(description === undefined ? {} : { description }) };
    const schema = type ? this.refer(type, namespace, way) : {};
    return schema.$ref !== undefined && Object.keys(more).length > 0 ? { ...more, allOf: [schema] } : { ...schema, ...more };
  }

  #makeAny({ subtypes }: StoneDefinition, namespace: string, way: Way): Schema {
    return {
      oneOf: subtypes.flatMap(({ name, type }): Schema[] => {
        const known = type && this.#find(type.name, namespace);
        if (!known) return [];
        return [{ allOf: [tagOf([name]), this.#referTo(known, way, known.definition.subtypes.length > 0)] }];
      }),
    };
  }

  #makeUnion(definition: StoneDefinition, namespace: string, way: Way): Schema {
    const members = this.#listMembers(definition, namespace);
    const isBare = ({ type }: StoneField) => type === undefined || type.name === 'Void' || type.isOptional;
    const bare = members.filter(({ field }) => isBare(field)).map(({ field }) => field.name);
    const full = members.filter(({ field }) => field.type && field.type.name !== 'Void');
    const choices: Schema[] = full.map(({ field, namespace: from }) => this.#makeMember(field, from, way));
    if (way === 'sent') return { oneOf: [...(bare.length > 0 ? [{ type: 'string', enum: bare }] : []), ...choices] };
    return { oneOf: [...(bare.length > 0 ? [tagOf(bare)] : []), ...choices] };
  }

  /** Those of its parent too. */
  #listMembers(definition: StoneDefinition, namespace: string): { field: StoneField; namespace: string }[] {
    const parent = definition.parent === undefined ? undefined : this.#find(definition.parent, namespace);
    const theirs = parent ? this.#listMembers(parent.definition, parent.namespace) : [];
    return [...theirs, ...listPublic(definition.fields).map((field) => ({ field, namespace }))];
  }

  /** The fields of a struct stand beside the tag, any other value under its name. */
  #makeMember(field: StoneField, namespace: string, way: Way): Schema {
    const type = field.type as StoneType;
    const known = this.#find(type.name, namespace);
    const isStruct = known?.definition.kind === 'struct' && known.definition.subtypes.length === 0;
    const value = isStruct ? this.#referTo(known, way, false) : this.#makeObject([field], namespace, way);
    return { allOf: [tagOf([field.name]), value] };
  }
}

/** Those that callers from outside may send and get. */
function listPublic(fields: readonly StoneField[]): StoneField[] {
  return fields.filter(({ annotations = [] }) => !annotations.some((one) => one.split('.').at(-1) === 'InternalOnly'));
}

function tagOf(tags: string[]): Schema {
  return { type: 'object', properties: { '.tag': { type: 'string', enum: tags } }, required: ['.tag'] };
}

function readPlain(type: StoneType): Schema | undefined {
  const { name, bounds } = type;
  if (name === 'String') {
    const { pattern } = bounds;
    return { type: 'string', ...boundsOf(type, 'Length'), ...(typeof pattern === 'string' ? { pattern: `^(?:${pattern})$` } : {}) };
  }
  if (name === 'Boolean') return { type: 'boolean' };
  if (name === 'Bytes') return { type: 'string' };
  if (name === 'Void') return { type: 'null' };
  if (name === 'Timestamp') return { type: 'string', ...(String(bounds[0]).includes('T%H:%M:%SZ') ? { format: 'date-time' } : {}) };
  const [, sign, kind, size] = /^(U?)(Int|Float)(32|64)$/.exec(name) ?? [];
  if (kind === undefined) return undefined;
  if (kind === 'Float') return { type: 'number', ...boundsOf(type, 'value') };
  return { type: 'integer', format: `int${size}`, ...(sign === 'U' ? { minimum: 0 } : {}), ...boundsOf(type, 'value') };
}

function boundsOf({ bounds }: StoneType, what: 'Length' | 'Items' | 'value'): Schema {
  const numberOf = (name: string) => (typeof bounds[name] === 'number' ? (bounds[name] as number) : undefined);
  const [least, most] = [numberOf(`min_${what.toLowerCase()}`), numberOf(`max_${what.toLowerCase()}`)];
  const [min, max] = what === 'value' ? (['minimum', 'maximum'] as const) : ([`min${what}`, `max${what}`] as const);
  return { ...(least === undefined ? {} : { [min]: least }), ...(most === undefined ? {} : { [max]: most }) };
}
