/** One integration as fields of GraphQL: its reads below a root field of its own, its writes beside each other at the root of Mutation. */
import {
  type FieldNode,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLScalarType,
  GraphQLString,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Context } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { inexactNumber, isExact } from '../../core/json/check-json.ts';
import { maySee } from '../../core/principal.ts';
import { mergeWanted, type Wanted } from '../executions/answer/fields/wanted.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../recipes/catalogue.ts';
import type { AnswerShapes } from '../recipes/shapes/answer-shapes.ts';
import { AnswerTypes } from './answer-types.ts';
import { fitValue } from './answer-value.ts';
import { ArgumentTypes, inputOf, type NamedArgument, toValues } from './argument-types.ts';
import { LegalNames, toTypeName } from './names.ts';
import { warnAt } from './report.ts';
import { readTyped, writeTyped } from './typed-calls.ts';

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    /** The endpoint that the field calls. */
    endpoint?: CatalogueEndpoint;
    /** The integration that the field stands for. */
    integration?: string;
    /** What @pothos/plugin-complexity counts. */
    complexity?: number;
  }
}

export interface IntegrationTypes {
  slug: string;
  /** Undefined where nothing only reads. */
  query: GraphQLFieldConfig<unknown, Context> | undefined;
  mutations: GraphQLFieldConfigMap<unknown, Context>;
}

/** What the root field hands down to those below it. */
interface Root {
  account: string | undefined;
}

/** As `read` and `execute` weigh. */
const callComplexity = 10;
/** Of one turn of the loop; what is imported can have a thousand endpoints. */
const turnMsMax = 5;

const accountWords = 'Which account to use, by its name or the id of its connection.';
const gatewayArguments = {
  _account: { type: GraphQLString, description: `${accountWords} Left out: that of the root field, else the only one, or the default.` },
  _idempotencyKey: {
    type: GraphQLString,
    description:
      'Makes repeating safe: for 24 hours the same key with the same arguments gives the first answer and sends nothing. 1 to 255 printable ASCII characters, such as a UUID; it belongs to this API key.',
  },
};

/** Built a few endpoints at a time, so that nobody waits for it. */
export async function buildIntegrationTypes(integration: CatalogueIntegration, json: GraphQLScalarType): Promise<IntegrationTypes> {
  const { slug, recipe, answers } = integration;
  const prefix = toTypeName(slug);
  const names = new LegalNames([`${prefix}Query`]);
  const nameType = (name: string) => names.give(`${prefix}_${name}`);
  const answerTypes = new AnswerTypes(answers, json, slug, nameType);
  const argumentTypes = new ArgumentTypes(json, nameType);
  const reads: GraphQLFieldConfigMap<Root, Context> = {};
  const mutations: GraphQLFieldConfigMap<unknown, Context> = {};
  let startedMs = performance.now();
  for (const endpoint of integration.endpoints.values()) {
    const field = fieldOf(endpoint, answers, answerTypes, argumentTypes);
    if (endpoint.readOnly) reads[endpoint.name] = field;
    else mutations[`${slug}_${endpoint.name}`] = field as GraphQLFieldConfig<unknown, Context>;
    if (performance.now() - startedMs < turnMsMax) continue;
    await new Promise((resolve) => setImmediate(resolve));
    startedMs = performance.now();
  }
  if (Object.keys(reads).length === 0) return { slug, query: undefined, mutations };
  const type = new GraphQLObjectType({
    name: `${prefix}Query`,
    description: `What can be read of ${slug}. Each field is one call.`,
    fields: reads,
  });
  return { slug, query: rootField(slug, recipe.description, type), mutations };
}

function rootField(slug: string, description: string, type: GraphQLObjectType): GraphQLFieldConfig<unknown, Context> {
  return {
    type,
    description,
    args: { account: { type: GraphQLString, description: `${accountWords} Left out: the only one, or the default.` } },
    extensions: { integration: slug, complexity: 0 },
    resolve: async (_root, { account }, context): Promise<Root> => {
      const { scopes } = await context.holder();
      if (!maySee(scopes, slug)) throw new SkillettError('scope_not_allowed', `API key does not have access to the ${slug} integration.`);
      return { account: account ?? undefined };
    },
  };
}

function fieldOf(
  endpoint: CatalogueEndpoint,
  answers: AnswerShapes,
  answerTypes: AnswerTypes,
  argumentTypes: ArgumentTypes,
): GraphQLFieldConfig<Root, Context> {
  const { integration, name, readOnly } = endpoint;
  const said = Object.hasOwn(answers.returns, name) ? (answers.returns[name] as string) : 'json';
  const type = answerTypes.typeOf(said);
  const own = readOnly ? { _account: gatewayArguments._account } : gatewayArguments;
  const parameters = argumentTypes.argumentsOf(name, endpoint.schema, Object.keys(gatewayArguments));
  const isJson = getNamedType(type).name === 'JSON';
  return {
    type,
    description: endpoint.description,
    args: { ...Object.fromEntries([...parameters.values()].map((parameter) => [parameter.name, inputOf(parameter)])), ...own },
    extensions: { endpoint, complexity: callComplexity },
    resolve: async (root, args, context, info) => {
      const wanted = isJson ? undefined : wantedOf(info);
      const call = {
        integration,
        endpoint: name,
        params: readParameters(parameters, args, info),
        account: args._account ?? root?.account ?? undefined,
        wanted,
      };
      const answer = await (readOnly
        ? readTyped(context, call)
        : writeTyped(context, { ...call, idempotencyKey: args._idempotencyKey ?? undefined }));
      if (isJson) return answer;
      return fitValue(answer, said, (found, expected, at) => warnAt(context, info, found, expected, at));
    },
  };
}

/** What the document gives: a default tells what the service takes for what is left out, and is not sent. Throws bad_request for a number that would be changed. */
function readParameters(
  parameters: ReadonlyMap<string, NamedArgument>,
  args: Record<string, unknown>,
  info: GraphQLResolveInfo,
): Record<string, unknown> {
  const [node] = info.fieldNodes as [FieldNode];
  const given: Record<string, unknown> = {};
  for (const { name, value } of node.arguments ?? []) {
    if (value.kind === Kind.VARIABLE && !Object.hasOwn(info.variableValues, value.name.value)) continue;
    const refuse = ({ value: digits }: { value: string }) => {
      if (!isExact(digits.replace('-', ''))) throw inexactNumber(name.value, digits);
    };
    visit(value, { FloatValue: refuse, IntValue: refuse });
    given[name.value] = args[name.value];
  }
  return toValues(parameters, given);
}

function wantedOf(info: GraphQLResolveInfo): Wanted {
  const type = getNamedType(info.returnType);
  if (!isObjectType(type)) return true;
  return info.fieldNodes.map(({ selectionSet }) => wantedIn(type, selectionSet, info)).reduce(mergeWanted);
}

/** By the service's names. What a directive leaves out may be among them. `seen`: fragments that were read for this place, as often as they stand there. */
function wantedIn(
  type: GraphQLObjectType,
  selectionSet: SelectionSetNode | undefined,
  info: GraphQLResolveInfo,
  seen = new Set<string>(),
): Wanted {
  let wanted: Wanted = new Map();
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind !== Kind.FIELD) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (seen.has(selection.name.value)) continue;
        seen.add(selection.name.value);
      }
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
      wanted = mergeWanted(wanted, wantedIn(type, inner?.selectionSet, info, seen));
      continue;
    }
    const field = type.getFields()[selection.name.value];
    if (!field) continue;
    const inner = getNamedType(field.type);
    const one = isObjectType(inner) ? wantedIn(inner, selection.selectionSet, info) : true;
    wanted = mergeWanted(wanted, new Map([[field.extensions.answerName ?? field.name, one]]));
  }
  return wanted;
}
