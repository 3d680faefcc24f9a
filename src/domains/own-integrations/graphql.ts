import type { InputShapeFromFields } from '@pothos/core';
import { z } from 'zod';
import { builder } from '../../core/schema/builder.ts';
import { guardField } from '../limits/guard.ts';
import { requireIntegration } from '../recipes/catalogue.ts';
import { IntegrationRef } from '../skills/graphql.ts';
import {
  type Imported,
  type ImportRequest,
  importIntegration,
  removeIntegration,
  shareIntegration,
  updateIntegration,
} from './own-integrations.ts';

const warningsMax = 1_000;

const ImportedRef = builder.objectRef<Imported>('ImportedIntegration').implement({
  description: 'What came of a description that was imported. It can be used at once, on every process and by every door.',
  fields: (t) => ({
    integration: t.field({
      type: IntegrationRef,
      description: 'The integration, as the user sees it.',
      // Not the view that this request began with: it is newer.
      resolve: async ({ slug }, _args, context) => {
        const { userId } = await context.principal();
        return requireIntegration((await context.gateway.seenBy(userId)).catalogue, slug);
      },
    }),
    warnings: t.stringList({
      description: `What of the description is not in it, each with its place and the reason; the first ${warningsMax}.`,
      resolve: ({ warnings }) => warnings.slice(0, warningsMax),
    }),
    operationCount: t.int({ description: 'Operations that were chosen.', resolve: ({ counts }) => counts.chosen }),
    endpointCount: t.int({ description: 'How many of these are endpoints now.', resolve: ({ counts }) => counts.mapped }),
    wholeCount: t.int({
      description: 'How many endpoints hold all that the description says of them.',
      resolve: ({ counts }) => counts.whole,
    }),
    endedConnections: t.exposeInt('ended', {
      description: 'Connections that must be made again, since requests go to another origin now, or with another kind of credential.',
    }),
  }),
});

const short = { schema: z.string().trim().min(1).max(200) };
const many = { schema: z.array(z.string().max(300)).min(1).max(3_000) };

const importArgs = builder.args((t) => ({
  document: t.string({
    description:
      'The description as text: OpenAPI 3.0 or 3.1, Swagger 2.0, or a Google discovery document, as JSON or YAML. Either this or `url`.',
  }),
  url: t.string({
    description: 'Where the description is. Read once, from a public address.',
    validate: { schema: z.string().max(2_000) },
  }),
  slug: t.string({
    required: true,
    description: 'Its slug among all that the user sees: lower-case letters, digits and underscores.',
    validate: short,
  }),
  name: t.string({ description: 'Its name for people. Left out: the title of the description.', validate: short }),
  baseUrl: t.string({
    description: 'Where its requests go. Left out: the first server of the description.',
    validate: { schema: z.string().max(2_000) },
  }),
  tags: t.stringList({ description: 'Only operations with one of these tags, or among `operations`.', validate: many }),
  operations: t.stringList({ description: 'Only these operations, by id or as `GET /notes/{id}`, or with one of `tags`.', validate: many }),
}));

function requestOf(args: InputShapeFromFields<typeof importArgs>): ImportRequest {
  return {
    document: args.document ?? undefined,
    url: args.url ?? undefined,
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
      return importIntegration(context.gateway, principal, requestOf(args), context.requestId);
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
      return updateIntegration(context.gateway, principal, requestOf(args), context.requestId);
    },
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
