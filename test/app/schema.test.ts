/** The forms that the whole schema keeps, whoever adds to it. */
import {
  type GraphQLNamedType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  isObjectType,
  isScalarType,
  specifiedScalarTypes,
} from 'graphql';
import { expect, it } from 'vitest';
import { printSortedSchema, schema } from '../../src/app/graphql/schema.ts';
import { errorStatus } from '../../src/core/errors.ts';
import { reservedSlugs } from '../../src/domains/recipes/format/reserved-slugs.ts';

const types: GraphQLNamedType[] = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !specifiedScalarTypes.some(({ name }) => name === type.name),
);

/** Everything that has a description, by its coordinate. */
function listDescribed(): [coordinate: string, description: string][] {
  return types.flatMap((type) => {
    const found: [string, string][] = [[type.name, type.description ?? '']];
    if (isEnumType(type)) for (const value of type.getValues()) found.push([`${type.name}.${value.name}`, value.description ?? '']);
    if (!(isObjectType(type) || isInputObjectType(type))) return found;
    for (const field of Object.values(type.getFields())) {
      found.push([`${type.name}.${field.name}`, field.description ?? '']);
      if (!('args' in field)) continue;
      for (const arg of field.args) found.push([`${type.name}.${field.name}(${arg.name}:)`, arg.description ?? '']);
    }
    return found;
  });
}

it('every type, field, argument and enum value is described in sentences', () => {
  expect(listDescribed().length).toBeGreaterThan(500);
  expect(listDescribed().filter(([, description]) => !/^\S.*\.$/s.test(description))).toEqual([]);
});

it('every enum value is in upper case, and no two of an enum stand for the same word', () => {
  const enums = types.filter(isEnumType);
  expect(enums.length).toBeGreaterThan(15);
  for (const type of enums) {
    const values = type.getValues();
    expect(values.filter(({ name }) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(name)).map(({ name }) => `${type.name}.${name}`)).toEqual([]);
    expect(new Set(values.map(({ value }) => value)).size).toBe(values.length);
  }
});

it('lists have a bound: whatever is a page takes `first`, and reads forwards alone', () => {
  const fields = types.filter(isObjectType).flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })));
  const paged = fields.filter(({ field }) => {
    const type = getNamedType(field.type);
    return isObjectType(type) && type.getFields().pageInfo !== undefined;
  });
  expect(paged.length).toBeGreaterThan(8);
  for (const { type, field } of paged) {
    const names = field.args.map(({ name }) => name);
    expect([`${type.name}.${field.name}`, names.includes('first'), names.includes('after')]).toEqual([
      `${type.name}.${field.name}`,
      true,
      true,
    ]);
    expect(names).not.toContain('last');
    expect(names).not.toContain('before');
  }
  // Lists that are no pages are of an integration's recipe, or bounded by what their description says.
  const bare = fields
    .filter(({ type, field }) => !/(Connection)$/.test(type.name) && isListType(getNullableType(field.type)))
    .filter(({ field }) => isObjectType(getNamedType(field.type)))
    .map(({ type, field }) => `${type.name}.${field.name}`);
  expect(bare.sort()).toEqual([
    'BulkReport.outcomes',
    'ConnectMethod.fields',
    'DocumentCheck.calls',
    'DocumentCheck.faults',
    // Of one user and integration, as `Integration.accounts`.
    'Endpoint.accounts',
    'Endpoint.answerFields',
    'Endpoint.errors',
    'Endpoint.parameters',
    'Integration.connectMethods',
    'Integration.guides',
    'Integration.skillFiles',
    'Integration.workflows',
    'Query.callCounts',
    'Query.exportIntegration',
    'Query.reachOfKey',
    'Viewer.apiKeys',
    'Workflow.steps',
  ]);
});

it('beside every slug and id of something else stands the thing itself, which may be null', () => {
  const beside: Record<string, [field: string, type: string]> = {
    integration: ['service', 'Integration'],
    keyId: ['key', 'ApiKey'],
    parentId: ['parent', 'ApiKey'],
    connectionId: ['connection', 'Connection'],
    userId: ['user', 'User'],
  };
  const found: string[] = [];
  for (const type of types.filter(isObjectType)) {
    const fields = type.getFields();
    for (const [id, [name, typeName]] of Object.entries(beside)) {
      if (!fields[id] || type.name === 'Query' || type.name === 'Mutation') continue;
      // Already the thing itself.
      if (getNamedType(fields[id].type).name === typeName) continue;
      found.push(`${type.name}.${name}: ${fields[name] && getNamedType(fields[name].type).name}`);
      expect(found.at(-1)).toBe(`${type.name}.${name}: ${typeName}`);
    }
  }
  expect(found.length).toBeGreaterThan(12);
});

it('what clients cache has an `id`', () => {
  const ids = types.filter(isObjectType).filter((type) => type.getFields().id);
  expect(ids.map(({ name }) => name).sort()).toEqual([
    'ApiKey',
    'AuditRow',
    'Call',
    'Connection',
    'Endpoint',
    'Import',
    'Integration',
    'Invitation',
    'OAuthClient',
    'User',
  ]);
  for (const type of ids) expect(String(type.getFields().id?.type)).toBe('ID!');
});

it('scalars of our own say where they are specified, one-of inputs are `@oneOf`, and what is to go says what to use', () => {
  for (const type of types.filter(isScalarType)) expect(type.specifiedByURL, type.name).toMatch(/^https:/);
  const printed = printSortedSchema();
  expect(printed).toContain('input LimitInput @oneOf');
  expect(printed).toContain('outcome: CallOutcome @deprecated(reason: "Use `outcomes`.")');
  expect(schema.description).toContain('@deprecated');
  expect(printed).toContain('Every capability of this gateway.');
});

it('ErrorCode has the words of the table of errors in upper case, and the one that only rows have', () => {
  const codes = schema.getType('ErrorCode');
  const names = isEnumType(codes) ? codes.getValues().map(({ name }) => name) : [];
  expect(names.sort()).toEqual([...Object.keys(errorStatus), 'client_gone'].map((code) => code.toUpperCase()).sort());
});

it('no integration can have the name of a root field, and no write of one: names of ours that could be slugs are reserved', () => {
  const names = Object.keys(schema.getQueryType()?.getFields() ?? {}).filter((name) => /^[a-z][a-z0-9_]*$/.test(name));
  expect(names).toContain('viewer');
  expect(names.filter((name) => !reservedSlugs.has(name))).toEqual([]);
  expect(Object.keys(schema.getMutationType()?.getFields() ?? {}).filter((name) => name.includes('_'))).toEqual([]);
  expect(types.filter(({ name }) => name.includes('_') || /.Query$/.test(name))).toEqual([]);
});
