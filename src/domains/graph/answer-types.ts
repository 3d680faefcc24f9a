/** Types of what the endpoints of one integration answer, made of its shapes. */
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  GraphQLFloat,
  GraphQLInt,
  GraphQLList,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLScalarType,
  GraphQLString,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import { type AnswerShapes, readType, type Shape, shapeOfType } from '../recipes/shapes/answer-shapes.ts';
import { fitValue } from './answer-value.ts';
import { isLegalName, LegalNames } from './names.ts';
import { warnAt } from './report.ts';
import { Int64 } from './scalars.ts';

/** What an answer holds at a field, beside what GraphQL knows of it. */
declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    /** Name of the field in the service's answer. */
    answerName?: string;
  }
}

export class AnswerTypes {
  readonly #answers: AnswerShapes;
  readonly #json: GraphQLScalarType;
  readonly #service: string;
  readonly #nameType: (name: string) => string;
  readonly #objects = new Map<string, GraphQLObjectType>();

  /** `nameType` makes a name that no other type has; `service` is what sentences call it. */
  constructor(answers: AnswerShapes, json: GraphQLScalarType, service: string, nameType: (name: string) => string) {
    this.#answers = answers;
    this.#json = json;
    this.#service = service;
    this.#nameType = nameType;
  }

  /** `type` as in answers.json. What no shape says is JSON. */
  typeOf(type: string): GraphQLOutputType {
    const { name, isList } = readType(type);
    const one = this.#scalarOf(name) ?? this.#objectOf(name);
    return isList && one !== this.#json ? new GraphQLList(one) : one;
  }

  #scalarOf(name: string): GraphQLScalarType | undefined {
    const scalars: Record<string, GraphQLScalarType> = {
      string: GraphQLString,
      int: GraphQLInt,
      int64: Int64,
      float: GraphQLFloat,
      boolean: GraphQLBoolean,
    };
    return Object.hasOwn(scalars, name) ? scalars[name] : undefined;
  }

  #objectOf(name: string): GraphQLObjectType | GraphQLScalarType {
    const shape = shapeOfType(this.#answers, name);
    if (!shape) return this.#json;
    let type = this.#objects.get(name);
    if (!type) {
      type = new GraphQLObjectType({
        name: this.#nameType(name),
        description: `\`${name}\` of ${this.#service}. Every field may be null, and an answer may hold more than stands here.`,
        fields: () => this.#fieldsOf(shape),
      });
      this.#objects.set(name, type);
    }
    return type;
  }

  #fieldsOf(shape: Shape): Record<string, GraphQLFieldConfig<Record<string, unknown>, Context>> {
    const legal = new LegalNames().giveAll(Object.keys(shape));
    return Object.fromEntries(
      Object.entries(shape).map(([answerName, said]) => {
        const type = this.typeOf(said);
        return [legal.get(answerName) as string, fieldOf(answerName, type, type === this.#json ? 'json' : said)];
      }),
    );
  }
}

function fieldOf(answerName: string, type: GraphQLOutputType, said: string): GraphQLFieldConfig<Record<string, unknown>, Context> {
  return {
    type,
    ...(isLegalName(answerName) ? {} : { description: `\`${answerName}\` in the answer of the service.`, extensions: { answerName } }),
    resolve: (source, _args, context, info) => {
      const value = Object.hasOwn(source, answerName) ? source[answerName] : undefined;
      return fitValue(value, said, (found, expected, at) => warnAt(context, info, found, expected, at));
    },
  };
}
