/** One endpoint: what it does, what it takes and answers, how it is called. */
import { z } from 'zod';
import { builder } from '../../../core/schema/builder.ts';
import { type CatalogueEndpoint, requireIntegration, seenBy } from '../../recipes/catalogue.ts';
import { type AnswerField, listAnswerFields } from './answer-table.ts';
import { isPrintable } from './commands.ts';
import {
  buildExample,
  describeParameters,
  type ErrorAdvice,
  type Example,
  listErrors,
  listProviderScopes,
  type ParameterDescription,
} from './describe.ts';
import { renderBriefly, renderEndpoint } from './endpoint-document.ts';

export const HttpMethodRef = builder.enumType('HttpMethod', {
  description: 'HTTP method of the call to a service.',
  values: {
    GET: { description: 'Reads.' },
    POST: { description: 'Makes something, or does what the endpoint says.' },
    PUT: { description: 'Puts something in the place of what was there.' },
    PATCH: { description: 'Changes a part.' },
    DELETE: { description: 'Deletes.' },
  } satisfies Record<CatalogueEndpoint['spec']['method'], object>,
});

export const slugText = { schema: z.string().max(100, 'at most 100 characters') };

const printableParams = { schema: z.unknown().refine(isPrintable, 'an object of at most 64 KiB, nested at most 100 deep') };

const EndpointParameterRef = builder.objectRef<ParameterDescription>('EndpointParameter').implement({
  description: 'One parameter of an endpoint. What is inside objects and lists is in the `schema` of the endpoint.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name in `params`.' }),
    type: t.exposeString('type', { description: 'Its JSON type; several are joined by ` | `.' }),
    required: t.exposeBoolean('required', { description: 'Whether a call without it is refused.' }),
    description: t.exposeString('description', { description: 'What it means.' }),
    default: t.expose('default', { type: 'JSON', nullable: true, description: 'What holds when it is left out; null when nothing does.' }),
    enum: t.expose('enum', {
      type: ['JSON'],
      nullable: { list: true, items: true },
      description: 'The values it may have; null when they are not listed.',
    }),
    example: t.expose('example', { type: 'JSON', nullable: true, description: 'A value it may have; null when there is no sample.' }),
  }),
});

const EndpointExampleRef = builder.objectRef<Example>('EndpointExample').implement({
  description: 'A call in the forms in which it can be made, ready to be changed and used.',
  fields: (t) => ({
    params: t.expose('params', { type: 'JSON', description: 'The parameters, by name.' }),
    cli: t.exposeString('cli', {
      description: 'The call as a command of `skillett`, which a terminal runs as it stands (docs/command-line.md).',
    }),
    curl: t.exposeString('curl', { description: 'The call with curl; the key is taken from $SKILLETT_API_KEY.' }),
    mcp: t.exposeString('mcp', { description: 'The call over MCP: the `params` of a `tools/call`, as JSON.' }),
    graphql: t.exposeString('graphql', { description: 'The call as a GraphQL document.' }),
  }),
});

const AnswerFieldRef = builder.objectRef<AnswerField>('AnswerField').implement({
  description: 'A field of what an endpoint answers. It may be null or missing in an answer.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Where it stands in `data`, as `select` names it (JMESPath), such as `[].user.login`.' }),
    type: t.exposeString('type', {
      description:
        'One of `string`, `int`, `int64`, `float`, `boolean`, `json` (of any kind) and `object`, with `[]` behind it for a list.',
    }),
  }),
});

const EndpointErrorRef = builder.objectRef<ErrorAdvice>('EndpointError').implement({
  description: 'A failure that a call can meet, and the remedy.',
  fields: (t) => ({
    error: t.exposeString('error', { description: "How it shows: the service's status or text, or a code of Skillett." }),
    fix: t.exposeString('fix', { description: 'What to do about it.' }),
  }),
});

export const EndpointRef = builder.objectRef<CatalogueEndpoint>('Endpoint').implement({
  description: 'Something that can be done at a service with one call. Run it with `execute`, or with `read` when it only reads.',
  fields: (t) => ({
    id: t.id({
      description: 'Slug of its integration and its name: `github.create_issue`, which is the scope for it alone too.',
      resolve: ({ integration, name }) => `${integration}.${name}`,
    }),
    integration: t.exposeString('integration', { description: 'Slug of its integration.' }),
    name: t.exposeString('name', { description: 'Its name, unique in its integration, such as `create_issue`.' }),
    method: t.field({ type: HttpMethodRef, description: 'HTTP method of the call to the service.', resolve: ({ spec }) => spec.method }),
    category: t.exposeString('resource', { description: 'What it is about, such as `pull-requests`.' }),
    description: t.string({ description: 'What one call does.', resolve: ({ spec }) => spec.description }),
    readOnly: t.exposeBoolean('readOnly', { description: 'Whether it changes nothing at the service.' }),
    destructive: t.exposeBoolean('destructive', { description: 'Whether it deletes or overwrites what cannot be brought back.' }),
    idempotent: t.exposeBoolean('idempotent', { description: 'Whether a second equal call changes nothing more.' }),
    providerScopes: t.stringList({
      description: 'OAuth scopes of the service that connecting asks for on its behalf.',
      resolve: listProviderScopes,
    }),
    parameters: t.field({ type: [EndpointParameterRef], description: 'What `params` may hold.', resolve: describeParameters }),
    schema: t.expose('schema', { type: 'JSON', description: 'The whole of `params` as a JSON Schema (2020-12).' }),
    example: t.field({
      type: EndpointExampleRef,
      description: 'A typical call, or the call that the arguments describe; nothing is sent and nothing checked.',
      args: {
        params: t.arg({
          type: 'JSON',
          description: 'Its parameters by name; those of a typical call when left out.',
          validate: printableParams,
        }),
        account: t.arg.string({ description: 'The connected account that it names.', validate: slugText }),
        select: t.arg.string({
          description: 'Its JMESPath expression over `data`.',
          validate: { schema: z.string().max(2_000, 'at most 2,000 characters') },
        }),
      },
      resolve: (endpoint, { params, account, select }, { gateway }) =>
        buildExample(endpoint, gateway.config.publicUrl, {
          params: (params as Record<string, unknown> | null | undefined) ?? endpoint.spec.example,
          account: account ?? undefined,
          select: select ?? undefined,
        }),
    }),
    answer: t.string({ description: 'What `data` holds on success.', resolve: ({ spec }) => spec.answer }),
    answerFields: t.field({
      type: [AnswerFieldRef],
      complexity: 5,
      description:
        'The fields of `data` that are known, two levels deep, each before those inside it; answers may hold others. Empty where none is known.',
      resolve: async (endpoint, _args, context) =>
        listAnswerFields(requireIntegration((await seenBy(context)).catalogue, endpoint.integration), endpoint),
    }),
    errors: t.field({
      type: [EndpointErrorRef],
      description: 'Failures to expect, with their remedies.',
      resolve: async (endpoint, _args, context) =>
        listErrors(requireIntegration((await seenBy(context)).catalogue, endpoint.integration), endpoint),
    }),
    document: t.string({
      complexity: 5,
      description: 'All of this as a Markdown document, the same as among the skill files.',
      args: {
        brief: t.arg.boolean({
          defaultValue: false,
          description: 'Without the front matter, the errors and the commands: what a model needs that calls over MCP.',
        }),
      },
      resolve: async (endpoint, { brief }, context) => {
        const { catalogue, config } = await seenBy(context);
        const integration = requireIntegration(catalogue, endpoint.integration);
        return brief ? renderBriefly(integration, endpoint) : renderEndpoint(integration, endpoint, config.publicUrl);
      },
    }),
  }),
});
