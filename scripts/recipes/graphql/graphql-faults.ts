/** GraphQL documents of recipes against what is known of the service's schema, and each parameter against its variable. */
import {
  type GraphQLInputType,
  type GraphQLSchema,
  type getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  isScalarType,
  parse,
  parseType,
  typeFromAST,
  validate,
} from 'graphql';
import { findTypeFault } from '../../../src/domains/recipes/check/graphql.ts';
import type { Endpoint } from '../../../src/domains/recipes/format/format.ts';
import type { Parameter, RecipeValue } from '../../../src/domains/recipes/format/parameter.ts';
import { jsonTypeOf } from './read-schema.ts';

/** Every fault as a sentence: of the document, and of each parameter against the type of its variable. */
export function listGraphqlFaults(schema: GraphQLSchema, spec: Pick<Endpoint, 'graphql' | 'parameters'>): string[] {
  const document = parse(spec.graphql?.document ?? '');
  const faults = validate(schema, document).map(({ message }) => message);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') return [...faults, 'The document does not begin with its operation.'];
  for (const { variable, type } of operation.variableDefinitions ?? []) {
    const parameter = Object.entries(spec.parameters).find(([name, { as }]) => (as ?? name) === variable.name.value)?.[1];
    const known = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (parameter && known) faults.push(...listValueFaults(known, parameter, `$${variable.name.value}`));
  }
  return faults;
}

function listValueFaults(type: GraphQLInputType, value: Parameter | RecipeValue, place: string): string[] {
  const fault = findTypeFault(parseType(String(type)), value);
  if (fault) return [`${place} ${fault.path.join('.')} ${fault.message}`];
  const inner = isNonNullType(type) ? type.ofType : type;
  if (isListType(inner)) return value.items ? listValueFaults(inner.ofType, value.items, `${place}[]`) : [];
  if (isEnumType(inner)) {
    const names = inner.getValues().map(({ name }) => name);
    const given = value.enum ?? [`any ${value.type}`];
    return given.filter((one) => !names.includes(String(one))).map((one) => `${place} may be ${one}, which is no ${inner.name}`);
  }
  if (isScalarType(inner)) {
    const json = jsonTypeOf(inner);
    const others = [value.type].flat().filter((one) => one !== 'null' && one !== json);
    return json === undefined ? [] : others.map((one) => `${place} may be of type ${one}, and a ${inner.name} is a ${json}`);
  }
  return isInputObjectType(inner) ? listMemberFaults(inner, value, place) : [];
}

function listMemberFaults(type: ReturnType<typeof getNamedType> & object, value: Parameter | RecipeValue, place: string): string[] {
  if (!isInputObjectType(type)) return [];
  const fields = type.getFields();
  const required = Array.isArray(value.required) ? value.required : [];
  const missing = Object.values(fields).filter((field) => isRequiredInputField(field) && !required.includes(field.name));
  const known = Object.entries(value.properties ?? {}).flatMap(([name, member]) => {
    const field = fields[name];
    return field ? listValueFaults(field.type, member, `${place}.${name}`) : [`${place}.${name} is no field of ${type.name}`];
  });
  return [...known, ...missing.map(({ name }) => `${place}.${name} must be required`)];
}
