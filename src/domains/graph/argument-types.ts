/** Arguments of typed fields, from what an endpoint takes: its parameters in JSON Schema's words become types of GraphQL and back. */
import {
  astFromValue,
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLScalarType,
  GraphQLString,
} from 'graphql';
import type { JsonSchema } from '../recipes/catalogue.ts';
import { isLegalName, isLegalValue, LegalNames, toTypeName } from './names.ts';
import { Int64 } from './scalars.ts';

/** A value's type, and how what GraphQL makes of it becomes what the service takes. */
interface Argument {
  type: GraphQLInputType;
  toValue(given: unknown): unknown;
  /** Null means something to the service; otherwise it leaves the value out. */
  takesNull: boolean;
  description: string | undefined;
  default: unknown;
}

/** One parameter with its name in the schema. */
export interface NamedArgument extends Argument {
  name: string;
  required: boolean;
}

/** Deeper values are JSON. */
const levelsMax = 5;

/** Up to here a value can be `Int`, so that clients may declare it so. */
const intMax = 2 ** 31 - 1;

const same = (given: unknown): unknown => given;

export class ArgumentTypes {
  readonly #json: GraphQLScalarType;
  readonly #nameType: (name: string) => string;

  /** `nameType` makes a name that no other type has. */
  constructor(json: GraphQLScalarType, nameType: (name: string) => string) {
    this.#json = json;
    this.#nameType = nameType;
  }

  /** By the service's names. `reserved` names are the gateway's own arguments. */
  argumentsOf(endpoint: string, schema: JsonSchema, reserved: readonly string[]): Map<string, NamedArgument> {
    return this.#named(schema, new LegalNames(reserved), toTypeName(endpoint), 1);
  }

  #named(schema: JsonSchema, names: LegalNames, typeName: string, level: number): Map<string, NamedArgument> {
    const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
    const legal = names.giveAll(Object.keys(properties));
    const required = new Set((schema.required as string[] | undefined) ?? []);
    return new Map(
      Object.entries(properties).map(([original, inner]) => {
        const name = legal.get(original) as string;
        const argument = this.#argumentOf(inner, `${typeName}_${toTypeName(name)}`, level);
        const sentences = [argument.description, isLegalName(original) ? undefined : `\`${original}\` at the service.`];
        return [
          original,
          {
            ...argument,
            name,
            required: required.has(original) && argument.default === undefined && !argument.takesNull,
            description: sentences.filter((sentence) => sentence !== undefined).join(' ') || undefined,
          },
        ];
      }),
    );
  }

  #argumentOf(schema: JsonSchema, typeName: string, level: number): Argument {
    const kinds = [schema.type].flat();
    const [kind, ...others] = kinds.filter((one) => one !== 'null');
    const { type, toValue, listed } =
      others.length > 0 ? { ...this.#anything(), listed: false } : this.#typeOf(schema, kind, typeName, level);
    const sentences = [schema.description as string | undefined];
    const values = schema.enum as unknown[] | undefined;
    if (values && !listed) sentences.push(`One of ${values.map((value) => `\`${value}\``).join(', ')}.`);
    // As a default of GraphQL's it would be sent, and inside objects nobody could tell that it was not given.
    const isShown = schema.default !== undefined && this.#canShowDefault(schema.default, type, level);
    if (schema.default !== undefined && !isShown) sentences.push(`Left out: \`${JSON.stringify(schema.default)}\`.`);
    return {
      type,
      toValue,
      takesNull: kinds.includes('null'),
      description: sentences.filter((sentence) => sentence !== undefined).join(' ') || undefined,
      default: isShown ? schema.default : undefined,
    };
  }

  #canShowDefault(value: unknown, type: GraphQLInputType, level: number): boolean {
    if (level > 1 || type instanceof GraphQLList || type instanceof GraphQLInputObjectType || type === this.#json) return false;
    try {
      return astFromValue(value, type) !== null;
    } catch {
      return false;
    }
  }

  #anything(): Pick<Argument, 'type' | 'toValue'> {
    return { type: this.#json, toValue: same };
  }

  /** `listed`: the type itself says which values there are. */
  #typeOf(schema: JsonSchema, kind: unknown, typeName: string, level: number): Pick<Argument, 'type' | 'toValue'> & { listed: boolean } {
    const values = schema.enum as unknown[] | undefined;
    if (kind === 'string' && values && values.every(isLegalValue) && new Set(values).size === values.length)
      return { type: this.#enumOf(typeName, values), toValue: same, listed: true };
    const type = this.#scalarOf(schema, kind);
    if (type) return { type, toValue: same, listed: false };
    if (kind === 'array' && schema.items && level < levelsMax) {
      const item = this.#argumentOf(schema.items as JsonSchema, typeName, level + 1);
      const toValue = (given: unknown) => (given as unknown[]).map((one) => (one === null ? null : item.toValue(one)));
      return { type: new GraphQLList(item.type), toValue, listed: false };
    }
    const isOpen = schema.additionalProperties !== undefined && schema.additionalProperties !== false;
    if (kind === 'object' && !isOpen && level < levelsMax && Object.keys((schema.properties as object | undefined) ?? {}).length > 0)
      return { ...this.#objectOf(schema, typeName, level), listed: false };
    return { ...this.#anything(), listed: false };
  }

  #scalarOf({ minimum, maximum }: JsonSchema, kind: unknown): GraphQLScalarType | undefined {
    if (kind === 'string') return GraphQLString;
    if (kind === 'boolean') return GraphQLBoolean;
    if (kind === 'number') return GraphQLFloat;
    if (kind !== 'integer') return undefined;
    const isSmall = typeof maximum === 'number' && maximum <= intMax && (minimum === undefined || (minimum as number) >= -intMax);
    return isSmall ? GraphQLInt : Int64;
  }

  #enumOf(typeName: string, values: readonly string[]): GraphQLEnumType {
    return new GraphQLEnumType({ name: this.#nameType(typeName), values: Object.fromEntries(values.map((value) => [value, { value }])) });
  }

  #objectOf(schema: JsonSchema, typeName: string, level: number): Pick<Argument, 'type' | 'toValue'> {
    const fields = this.#named(schema, new LegalNames(), typeName, level + 1);
    const type = new GraphQLInputObjectType({
      name: this.#nameType(`${typeName}Input`),
      fields: Object.fromEntries([...fields.values()].map((field) => [field.name, inputOf(field)])),
    });
    return { type, toValue: (given) => toValues(fields, given as Record<string, unknown>) };
  }
}

/** As graphql-js takes it, for an argument or a field of an input object. */
export function inputOf({ type, required, description, default: defaultValue }: NamedArgument) {
  return {
    type: required ? new GraphQLNonNull(type) : type,
    ...(description === undefined ? {} : { description }),
    ...(defaultValue === undefined || required ? {} : { defaultValue }),
  };
}

/** By the service's names. A null that means nothing to the service leaves the value out, as clients mean it. */
export function toValues(fields: ReadonlyMap<string, NamedArgument>, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const [original, { name, toValue, takesNull }] of fields) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || (value === null && !takesNull)) continue;
    values.push([original, value === null ? null : toValue(value)]);
  }
  return Object.fromEntries(values);
}
