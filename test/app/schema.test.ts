/** The forms that the whole schema keeps, whoever adds to it. */
import { type GraphQLNamedType, isEnumType, isInputObjectType, isIntrospectionType, isObjectType, specifiedScalarTypes } from 'graphql';
import { expect, it } from 'vitest';
import { schema } from '../../src/app/schema.ts';
import { errorStatus } from '../../src/core/errors.ts';

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

it('ErrorCode has the words of the table of errors, in upper case', () => {
  const codes = schema.getType('ErrorCode');
  const names = isEnumType(codes) ? codes.getValues().map(({ name }) => name) : [];
  expect(names.sort()).toEqual(
    Object.keys(errorStatus)
      .map((code) => code.toUpperCase())
      .sort(),
  );
});
