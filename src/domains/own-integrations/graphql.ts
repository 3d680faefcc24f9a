import type { InputShapeFromFields } from '@pothos/core';
import { z } from 'zod';
import { builder } from '../../core/schema/builder.ts';
import { enumValues, readWord } from '../../core/schema/enums.ts';
import { ErrorCodeEnum, errorCodes } from '../../core/schema/error-code.ts';
import { guardField } from '../limits/guard.ts';
import { requireIntegration } from '../recipes/catalogue.ts';
import { IntegrationRef } from '../skills/graphql.ts';
import { type Import, importStatuses, requireImport } from './imports/imports.ts';
import {
  type Asked,
  exportIntegration,
  type ImportRequest,
  importIntegration,
  type RecipeFile,
  removeIntegration,
  requireEverything,
  shareIntegration,
  updateIntegration,
} from './own-integrations.ts';

const ImportStatusEnum = builder.enumType('ImportStatus', {
  description: 'How an import stands.',
  values: enumValues(importStatuses),
});

const ImportRef = builder.objectRef<Import>('Import');
const ImportedRef = builder.objectRef<Import>('ImportedIntegration');

ImportedRef.implement({
  description:
    'What came of a description that was imported. It can be used at once, on every process and by every door. While the description is still read (`import`), all else is null.',
  fields: (t) => ({
    import: t.field({ type: ImportRef, description: 'The reading of its description.', resolve: (one) => one }),
    integration: t.field({
      type: IntegrationRef,
      nullable: true,
      description: 'The integration, as the user sees it; null too where it was removed since.',
      // Not the view that this request began with: it is newer.
      resolve: async ({ slug, result }, _args, context) => {
        if (!result) return null;
        const { userId } = await context.principal();
        return (await context.gateway.seenBy(userId)).catalogue.find(slug) ?? null;
      },
    }),
    warnings: t.stringList({
      nullable: true,
      description: 'What of the description is not in it, each with its place and the reason; the first 1,000.',
      resolve: ({ result }) => result?.warnings ?? null,
    }),
    operationCount: t.int({
      nullable: true,
      description: 'Operations that were chosen.',
      resolve: ({ result }) => result?.counts.chosen ?? null,
    }),
    endpointCount: t.int({
      nullable: true,
      description: 'How many of these are endpoints now.',
      resolve: ({ result }) => result?.counts.mapped ?? null,
    }),
    wholeCount: t.int({
      nullable: true,
      description: 'How many endpoints hold all that the description says of them.',
      resolve: ({ result }) => result?.counts.whole ?? null,
    }),
    endedConnections: t.int({
      nullable: true,
      description: 'Connections that must be made again, since requests go to another origin now, or with another kind of credential.',
      resolve: ({ result }) => result?.ended ?? null,
    }),
  }),
});

ImportRef.implement({
  description: 'A description that is being read, or was. The user’s last 20 are kept, for a week.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its id, `imp_…`: what `Query.import` takes.' }),
    slug: t.exposeString('slug', { description: 'Slug of the integration that is made or changed.' }),
    status: t.field({ type: ImportStatusEnum, description: 'How it stands.', resolve: ({ status }) => status }),
    progress: t.exposeFloat('progress', { description: 'How much of it is read, from 0 to 1.' }),
    error: t.string({ nullable: true, description: 'Why it failed, as a sentence.', resolve: ({ fault }) => fault?.message ?? null }),
    errorCode: t.field({
      type: ErrorCodeEnum,
      nullable: true,
      description: 'The same as a code.',
      resolve: ({ fault }) => readWord(errorCodes, fault?.code),
    }),
    result: t.field({
      type: ImportedRef,
      nullable: true,
      description: 'What came of it, once it is done.',
      resolve: (one) => (one.result ? one : null),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was asked for.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it was done or failed; null while it goes on.' }),
  }),
});

builder.queryField('import', (t) =>
  t.field({
    type: ImportRef,
    description: 'One of the user’s imports. Needs the scope `*`.',
    args: { id: t.arg.id({ required: true, description: 'Its id, `imp_…`.' }) },
    resolve: async (_root, { id }, context) => {
      const principal = await context.principal();
      requireEverything(principal);
      return requireImport(context.gateway, principal, id);
    },
  }),
);

const waitSecondsMax = 60;
const short = { schema: z.string().trim().min(1).max(200) };
const many = { schema: z.array(z.string().max(300)).min(1).max(3_000) };

const importArgs = builder.args((t) => ({
  document: t.string({
    description:
      'The description as text: OpenAPI 3.0 or 3.1, Swagger 2.0, or a Google discovery document, as JSON or YAML; or a GraphQL schema, in its own language or as an answer to an introspection query. Either this, `url` or `graphqlUrl`.',
  }),
  url: t.string({
    description: 'Where the description is. Read once, from a public address.',
    validate: { schema: z.string().max(2_000) },
  }),
  graphqlUrl: t.string({
    description: 'A GraphQL endpoint. It is asked once for its schema, without a credential, and is where requests then go.',
    validate: { schema: z.string().max(2_000) },
  }),
  slug: t.string({
    required: true,
    description: 'Its slug among all that the user sees: lower-case letters, digits and underscores.',
    validate: short,
  }),
  name: t.string({ description: 'Its name for people. Left out: the title of the description.', validate: short }),
  baseUrl: t.string({
    description:
      'Where its requests go. Left out: the first server of the description. Of a GraphQL schema that is given as `document` it is needed.',
    validate: { schema: z.string().max(2_000) },
  }),
  tags: t.stringList({ description: 'Only operations with one of these tags, or among `operations`.', validate: many }),
  operations: t.stringList({
    description: 'Only these operations, by id or as `GET /notes/{id}` or `query notes`, or with one of `tags`.',
    validate: many,
  }),
  waitSeconds: t.int({
    description: `How long to wait for the end. Then the answer holds \`import\` alone, and the reading goes on; \`Query.import\` tells of it. Default ${waitSecondsMax}.`,
    validate: { schema: z.number().int().min(0).max(waitSecondsMax) },
  }),
}));

function askedOf(args: InputShapeFromFields<typeof importArgs>, requestId: string): Asked {
  return { requestId, waitMs: (args.waitSeconds ?? waitSecondsMax) * 1_000 };
}

function requestOf(args: InputShapeFromFields<typeof importArgs>): ImportRequest {
  return {
    document: args.document ?? undefined,
    url: args.url ?? undefined,
    graphqlUrl: args.graphqlUrl ?? undefined,
    slug: args.slug,
    name: args.name ?? undefined,
    baseUrl: args.baseUrl ?? undefined,
    tags: args.tags ?? undefined,
    operations: args.operations ?? undefined,
  };
}

builder.mutationField('importIntegration', (t) =>
  t.field({
    type: ImportedRef,
    complexity: 50,
    description:
      "Makes an integration of a description of an API: the user's own, which nobody else sees. Sentences of the description are shown as quotations. Needs the scope `*`; at most 20, and 20 MiB together.",
    args: importArgs,
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      await guardField(context, { field: 'importIntegration', max: 30, windowSeconds: 60, by: 'user' });
      return importIntegration(context.gateway, principal, requestOf(args), askedOf(args, context.requestId));
    },
  }),
);

builder.mutationField('updateIntegration', (t) =>
  t.field({
    type: ImportedRef,
    complexity: 50,
    description:
      "Makes one of the user's own integrations anew of a description. Where requests then go to another origin, or carry another kind of credential, its connections end until each person connects again. Needs the scope `*`.",
    args: importArgs,
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      await guardField(context, { field: 'importIntegration', max: 30, windowSeconds: 60, by: 'user' });
      return updateIntegration(context.gateway, principal, requestOf(args), askedOf(args, context.requestId));
    },
  }),
);

const RecipeFileRef = builder.objectRef<RecipeFile>('RecipeFile').implement({
  description: 'A file of an own integration.',
  fields: (t) => ({
    filePath: t.exposeString('filePath', { description: 'Its path below a folder of recipes, such as `acme/notes.json`.' }),
    content: t.exposeString('content', { description: 'JSON in the format of recipes (docs/recipes.md).' }),
  }),
});

builder.queryField('exportIntegration', (t) =>
  t.field({
    type: [RecipeFileRef],
    complexity: 50,
    description:
      "One of the user's own integrations as the files of a recipe, which an operator can put into `SKILLETT_RECIPES`. Needs the scope `*`.",
    args: { slug: t.arg.string({ required: true, description: 'Its slug.', validate: short }) },
    resolve: async (_root, { slug }, context) => exportIntegration(context.gateway, await context.principal(), slug),
  }),
);

const RemovedRef = builder.objectRef<{ slug: string; connections: number }>('RemovedIntegration').implement({
  description: 'An own integration that is gone.',
  fields: (t) => ({
    slug: t.exposeString('slug', { description: 'Its slug.' }),
    connections: t.exposeInt('connections', {
      description: 'Connections that were deleted with it. Revoke their credentials at the service.',
    }),
  }),
});

builder.mutationField('removeIntegration', (t) =>
  t.field({
    type: RemovedRef,
    description:
      "Removes one of the user's own integrations with its connections, on every process at once. Its calls stay in the log. Needs the scope `*`.",
    args: { slug: t.arg.string({ required: true, description: 'Its slug.', validate: short }) },
    resolve: async (_root, { slug }, context) => ({
      slug,
      connections: await removeIntegration(context.gateway, await context.principal(), slug, context.requestId),
    }),
  }),
);

builder.mutationField('shareIntegration', (t) =>
  t.field({
    type: IntegrationRef,
    description:
      "Shows one of the operator's own integrations to everybody of the installation, or to nobody else any more: then the connections of others to it are deleted. Its slug is never another's from then on. Needs the scope `operator`.",
    args: {
      slug: t.arg.string({ required: true, description: 'Its slug.', validate: short }),
      shared: t.arg.boolean({ required: true, description: 'Whether everybody may use it.' }),
    },
    resolve: async (_root, { slug, shared }, context) => {
      const principal = await context.principal();
      await shareIntegration(context.gateway, principal, slug, shared, context.requestId);
      return requireIntegration((await context.gateway.seenBy(principal.userId)).catalogue, slug);
    },
  }),
);
