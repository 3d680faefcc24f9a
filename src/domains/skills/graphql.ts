/** Discovery: integrations with their endpoints and files, and the search over both. */
import { z } from 'zod';
import type { Context } from '../../core/context.ts';
import { builder, listComplexity, pageRequest, toConnection } from '../../core/schema/builder.ts';
import { CallCountRef, CallRef } from '../audit/graphql.ts';
import { listConnectMethods } from '../connections/connect-methods.ts';
import { loadAccounts } from '../connections/connections.ts';
import { AuthTypeRef, ConnectionConnectionRef, ConnectionRef, ConnectMethodRef } from '../connections/graphql.ts';
import { listConnectionsOfIntegration } from '../connections/list-connections.ts';
import { OAuthClientRef } from '../connections/oauth2/graphql.ts';
import { type CatalogueIntegration, requireEndpoint, requireIntegration, seenBy } from '../recipes/catalogue.ts';
import { EndpointRef, HttpMethodRef, slugText } from './endpoints/graphql.ts';
import { logoUrlOf } from './logos.ts';
import type { AtHand } from './search.ts';
import { listSkillFiles, renderCoreSkill, type SkillFile } from './skill-files.ts';
import { countCallable, listEndpoints, listIntegrations, searchEndpoints } from './skills.ts';

/** A filter that is set but empty filters nothing, as a form's empty field means. */
const filterText = { schema: z.string().max(200, 'at most 200 characters') };

/** Names of the connected accounts, the default first. */
async function listAccounts(context: Context, integration: CatalogueIntegration): Promise<string[]> {
  const accounts = await loadAccounts(context).load(integration.slug);
  const connected = accounts.filter((account) => account.status === 'connected');
  return connected.sort((a, b) => Number(b.isDefault) - Number(a.isDefault)).map((account) => account.account);
}

async function isConnected(context: Context, integration: CatalogueIntegration): Promise<boolean> {
  return integration.open || (await listAccounts(context, integration)).length > 0;
}

/** Slugs of the integrations with an account that works. */
async function listAtHand(context: Context): Promise<AtHand> {
  const slugs = (await seenBy(context)).catalogue.integrations.map(({ slug }) => slug);
  const accounts = await Promise.all(slugs.map((slug) => loadAccounts(context).load(slug)));
  return new Set(slugs.filter((_, at) => accounts[at]?.some(({ status }) => status === 'connected')));
}

const EndpointConnection = builder.connectionObject(
  { type: EndpointRef, name: 'EndpointConnection', description: 'A page of endpoints.' },
  { name: 'EndpointEdge', description: 'An endpoint in a page.' },
);

const SkillFileRef = builder.objectRef<SkillFile>('SkillFile').implement({
  description: 'A Markdown file for agents that keep skills in a folder.',
  fields: (t) => ({
    filePath: t.exposeString('filePath', {
      description: "Where it belongs below the skill's folder, such as `endpoints/issues/create_issue.md`.",
    }),
    content: t.exposeString('content', { description: 'The whole file.' }),
  }),
});

export const IntegrationRef = builder.objectRef<CatalogueIntegration>('Integration').implement({
  description: 'A service whose endpoints can be called through this gateway.',
  fields: (t) => ({
    id: t.exposeID('slug', { description: 'Its slug, for clients that cache by `id`.' }),
    slug: t.exposeString('slug', { description: 'Its name in addresses, scopes and arguments, such as `github`.' }),
    name: t.string({ description: 'Its name for people.', resolve: ({ recipe }) => recipe.name }),
    description: t.string({ description: 'What it is and what can be done with it.', resolve: ({ recipe }) => recipe.description }),
    category: t.string({ description: 'Kind of service, such as `development`.', resolve: ({ recipe }) => recipe.category }),
    version: t.string({ description: 'Version of its recipe (semver).', resolve: ({ recipe }) => recipe.version }),
    logoUrl: t.string({
      nullable: true,
      description:
        'Address of its logo, an SVG that takes no key; null where it has none. Show it on a light ground: many logos are black.',
      resolve: (integration, _args, { gateway }) => logoUrlOf(gateway, integration),
    }),
    imported: t.boolean({
      description: 'Whether a user imported it from a description of its API: what is said of it is then quoted from there.',
      resolve: ({ imported }) => imported === true,
    }),
    authTypes: t.field({
      type: [AuthTypeRef],
      description: 'Ways to connect, the preferred one first.',
      resolve: ({ recipe }) => recipe.auth.map((auth) => auth.type),
    }),
    connectMethods: t.field({
      type: [ConnectMethodRef],
      complexity: { field: 2, multiplier: 2 },
      description: 'The ways to connect with what each asks for, the preferred one first.',
      // However many calls or connections of a page have this integration.
      resolve: (integration, _args, context) =>
        context.once(`connect methods of ${integration.slug}`, () => listConnectMethods(context.gateway, integration)),
    }),
    connected: t.boolean({
      description: 'Whether calls can be made: an account is connected, or none is needed.',
      resolve: (integration, _args, context) => isConnected(context, integration),
    }),
    accounts: t.stringList({
      description: 'The connected accounts, the default first: values for the argument `account`.',
      resolve: (integration, _args, context) => listAccounts(context, integration),
    }),
    endpointCount: t.int({
      description: 'How many of its endpoints the caller may use.',
      resolve: async (integration, _args, context) => countCallable(integration, await context.principal()),
    }),
    documentationUrl: t.string({
      description: "The service's own documentation.",
      resolve: ({ recipe: { documentation_url: place } }, _args, { gateway }) =>
        place.startsWith('/') ? gateway.config.publicUrl + place : place,
    }),
    connections: t.connection(
      {
        type: ConnectionRef,
        description: 'The accounts the user has connected, oldest first; none where it is outside the scopes of whoever asks.',
        complexity: listComplexity,
        resolve: async ({ slug }, args, context) =>
          toConnection(await listConnectionsOfIntegration(context, slug, pageRequest(args)), args.after),
      },
      ConnectionConnectionRef,
    ),
    endpoints: t.connection(
      {
        type: EndpointRef,
        description:
          'Its endpoints, in the order of its resources, or best first with `search`. Those outside the scopes of the caller are shown too, unless `callable` says otherwise.',
        args: {
          search: t.arg.string({ description: 'Words to look for; typing errors are forgiven.', validate: filterText }),
          category: t.arg.string({ description: 'Only this category, such as `pull-requests`.', validate: filterText }),
          method: t.arg({ type: HttpMethodRef, description: 'Only those with this HTTP method.' }),
          readOnly: t.arg.boolean({ description: 'Only those that change nothing (true), or only the others (false).' }),
          callable: t.arg.boolean({ description: 'Only those within the scopes of the caller (true), or only the others (false).' }),
        },
        complexity: listComplexity,
        resolve: async (integration, args, context) => {
          const filters = {
            search: args.search?.trim() || undefined,
            category: args.category || undefined,
            method: args.method ?? undefined,
            readOnly: args.readOnly ?? undefined,
            callable: args.callable ?? undefined,
          };
          const principal = await context.principal();
          return toConnection(listEndpoints(await seenBy(context), principal, integration, filters, pageRequest(args)), args.after);
        },
      },
      EndpointConnection,
    ),
    skillFiles: t.field({
      type: [SkillFileRef],
      complexity: { field: 50, multiplier: 1 },
      description: 'Everything about it as files: `SKILL.md`, a document for each endpoint, and guides.',
      args: {
        filePath: t.arg.string({ description: 'Only the file with this path; none where there is no such file.', validate: filterText }),
      },
      resolve: (integration, { filePath }, context) => {
        const files = context.once(`skill files of ${integration.slug}`, () =>
          listSkillFiles(integration, context.gateway.config.publicUrl),
        );
        return filePath ? files.filter((file) => file.filePath === filePath) : files;
      },
    }),
  }),
});

const IntegrationConnection = builder.connectionObject(
  { type: IntegrationRef, name: 'IntegrationConnection', description: 'A page of integrations.' },
  { name: 'IntegrationEdge', description: 'An integration in a page.' },
);

builder.objectField(EndpointRef, 'service', (t) =>
  t.field({
    type: IntegrationRef,
    description: 'Its integration in full.',
    resolve: async ({ integration }, _args, context) => requireIntegration((await seenBy(context)).catalogue, integration),
  }),
);

/** What a slug that is kept for long stands for. */
async function findService(slug: string | undefined, context: Context): Promise<CatalogueIntegration | null> {
  if (slug === undefined) return null;
  return context.gateway.catalogue.find(slug) ?? (await seenBy(context)).catalogue.find(slug) ?? null;
}

builder.objectField(ConnectionRef, 'service', (t) =>
  t.field({
    type: IntegrationRef,
    nullable: true,
    description: 'Its integration in full; null when this installation no longer has the recipe.',
    resolve: ({ integration }, _args, context) => findService(integration, context),
  }),
);

builder.objectField(CallRef, 'service', (t) =>
  t.field({
    type: IntegrationRef,
    nullable: true,
    description: 'The integration in full; null when this installation no longer has the recipe.',
    resolve: ({ integration }, _args, context) => findService(integration, context),
  }),
);

builder.objectField(CallCountRef, 'service', (t) =>
  t.field({
    type: IntegrationRef,
    nullable: true,
    description: 'The integration in full; null when this installation no longer has the recipe.',
    resolve: ({ integration }, _args, context) => findService(integration, context),
  }),
);

builder.objectField(OAuthClientRef, 'service', (t) =>
  t.field({ type: IntegrationRef, description: 'The integration in full.', resolve: (provider) => provider.integration }),
);

builder.queryField('integrations', (t) =>
  t.connection(
    {
      type: IntegrationRef,
      description: 'The integrations that the caller may use, by slug, or best first with `search`. The first level of discovery.',
      args: {
        search: t.arg.string({
          description: 'Words to look for in integrations and in their endpoints, such as `send mail`; typing errors are forgiven.',
          validate: filterText,
        }),
        category: t.arg.string({ description: 'Only this category, such as `development`.', validate: filterText }),
        connected: t.arg.boolean({ description: 'Only those that can be called now (true), or only the others (false).' }),
      },
      complexity: listComplexity,
      resolve: async (_root, args, context) => {
        const principal = await context.principal();
        const filters = {
          search: args.search?.trim() || undefined,
          category: args.category || undefined,
          connected: args.connected ?? undefined,
        };
        const connected = (integration: CatalogueIntegration) => isConnected(context, integration);
        const atHand = () => listAtHand(context);
        return toConnection(
          await listIntegrations(await seenBy(context), principal, filters, connected, atHand, pageRequest(args)),
          args.after,
        );
      },
    },
    IntegrationConnection,
  ),
);

builder.queryField('integration', (t) =>
  t.field({
    type: IntegrationRef,
    description:
      'One integration, with its endpoints: the second level of discovery. Fails with `not_found` when there is none of this slug.',
    args: { slug: t.arg.string({ required: true, description: 'Its slug, such as `github`.', validate: slugText }) },
    resolve: async (_root, { slug }, context) => {
      return requireIntegration((await seenBy(context)).catalogue, slug);
    },
  }),
);

builder.queryField('endpoint', (t) =>
  t.field({
    type: EndpointRef,
    description: 'One endpoint in full: the third level of discovery. Fails with `not_found` when there is none of this name.',
    args: {
      integration: t.arg.string({ required: true, description: 'Slug of the integration.', validate: slugText }),
      name: t.arg.string({ required: true, description: 'Name of the endpoint, such as `create_issue`.', validate: slugText }),
    },
    resolve: async (_root, { integration, name }, context) => {
      return requireEndpoint((await seenBy(context)).catalogue, integration, name);
    },
  }),
);

builder.queryField('searchEndpoints', (t) =>
  t.connection(
    {
      type: EndpointRef,
      description:
        'Endpoints of all integrations that the caller may use, best first: the short way to what one wants to do. Of about equals those come first whose service is connected.',
      args: {
        query: t.arg.string({
          required: true,
          description: 'What is to be done, such as `create issue`; typing errors are forgiven.',
          validate: { schema: z.string().trim().min(1, 'say what you look for').max(200, 'at most 200 characters') },
        }),
      },
      complexity: listComplexity,
      resolve: async (_root, args, context) => {
        const [seen, principal, atHand] = [await seenBy(context), await context.principal(), await listAtHand(context)];
        return toConnection(searchEndpoints(seen, principal, args.query, atHand, pageRequest(args)), args.after);
      },
    },
    EndpointConnection,
  ),
);

builder.queryField('coreSkill', (t) =>
  t.field({
    type: SkillFileRef,
    description: 'The skill that tells an agent about Skillett itself, before any integration is pulled.',
    resolve: async (_root, _args, context) => {
      await context.principal();
      return renderCoreSkill(context.gateway.config.publicUrl);
    },
  }),
);
