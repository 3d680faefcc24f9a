import { z } from 'zod';
import type { Context } from '../../core/context.ts';
import { builder, listComplexity, pageRequest, toConnection } from '../../core/schema/builder.ts';
import { enumValues, readWord } from '../../core/schema/enums.ts';
import { nameText } from '../../core/text/name-text.ts';
import { CallCountRef, CallRef } from '../audit/graphql.ts';
import { guardField } from '../limits/guard.ts';
import { loadLastUse } from '../limits/last-use.ts';
import { ViewerRef } from '../users/graphql.ts';
import { endOfKey, issueApiKey, listAllApiKeys, listApiKeys, loadApiKeys, revokeApiKey } from './api-keys.ts';
import type { ApiKey } from './store.ts';

const kinds: Record<ApiKey['kind'], string> = {
  manual: 'Made by a person or by another key.',
  device: 'Made by a device that signed in; does not count against the plan.',
  oauth: 'Made by an MCP client that a person let in at `/mcp/oauth`, where alone it works; does not count against the plan.',
};

const ApiKeyKind = builder.enumType('ApiKeyKind', { description: 'How an API key came to be.', values: enumValues(kinds) });

export const ApiKeyRef = builder.objectRef<ApiKey>('ApiKey').implement({
  description: 'A key that an agent holds. The key itself is shown once, when it is made.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the key, `key_…`; not a secret.' }),
    name: t.exposeString('name', { description: 'What its maker called it.' }),
    keyPrefix: t.exposeString('keyPrefix', { description: '`sk_` and the first 8 digits, to recognise it by.' }),
    kind: t.field({
      type: ApiKeyKind,
      nullable: true,
      description: 'How it came to be; null for a way that this release does not know.',
      resolve: (key) => readWord(kinds, key.kind),
    }),
    scopes: t.exposeStringList('scopes', {
      description: 'What it may do: `*`, `github`, `github:read`, `github.create_issue`, `github:proxy`, `operator`.',
    }),
    parentId: t.exposeID('parentId', {
      nullable: true,
      description: 'The key it was made with, which it cannot outlive; null when a person made it.',
    }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it last authenticated a request; null when it never has.',
      resolve: async (key, _args, context) => (await loadLastUse(context).load(key.id)) ?? null,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it stops working, for good where its client renews it until then; null when it does not expire.',
      resolve: endOfKey,
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked; null while it has not been.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

async function findShownKey(context: Context, id: string | null | undefined): Promise<ApiKey | null> {
  return id ? ((await loadApiKeys(context).load(id)) ?? null) : null;
}

builder.objectField(ApiKeyRef, 'parent', (t) =>
  t.field({
    type: ApiKeyRef,
    nullable: true,
    description: 'That key in full; null also where whoever asks may not see it.',
    resolve: (key, _args, context) => findShownKey(context, key.parentId),
  }),
);

builder.objectField(CallRef, 'key', (t) =>
  t.field({
    type: ApiKeyRef,
    nullable: true,
    description: 'The API key that made it, in full; null for a dashboard session.',
    resolve: (call, _args, context) => findShownKey(context, call.keyId),
  }),
);

builder.objectField(CallCountRef, 'key', (t) =>
  t.field({
    type: ApiKeyRef,
    nullable: true,
    description: 'That key in full; null also for dashboard sessions.',
    resolve: (count, _args, context) => findShownKey(context, count.keyId),
  }),
);

builder.objectField(ViewerRef, 'key', (t) =>
  t.field({
    type: ApiKeyRef,
    nullable: true,
    description: 'The API key that asks; null with a session.',
    resolve: (principal, _args, context) => findShownKey(context, principal.keyId),
  }),
);

builder.queryField('apiKeys', (t) =>
  t.connection(
    {
      type: ApiKeyRef,
      description: 'The API keys of the user, oldest first, revoked ones too. A key without `*` sees itself and the keys made with it.',
      complexity: listComplexity,
      resolve: async (_root, args, context) =>
        toConnection(await listApiKeys(context.gateway.db, await context.principal(), pageRequest(args)), args.after),
    },
    { name: 'ApiKeyConnection', description: 'A page of API keys.' },
    { name: 'ApiKeyEdge', description: 'An API key in a page.' },
  ),
);

builder.objectField(ViewerRef, 'apiKeys', (t) =>
  t.field({
    type: [ApiKeyRef],
    description: 'Every API key at once, for clients that do not page. The same keys as `Query.apiKeys`.',
    complexity: { field: 1, multiplier: 25 },
    resolve: (principal, _args, context) => listAllApiKeys(context.gateway.db, principal),
  }),
);

const CreatedApiKey = builder.objectRef<{ apiKey: ApiKey; fullKey: string }>('CreatedApiKey').implement({
  description: 'A new key. `fullKey` is not stored and cannot be shown again.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: ApiKeyRef, description: 'The key as lists show it.' }),
    fullKey: t.exposeString('fullKey', {
      description: 'The key itself: send it as `Authorization: Bearer sk_…`. Keep it now; it is not shown again.',
    }),
  }),
});

const keyName = nameText('give the key a name that says who will hold it');

builder.mutationField('createApiKey', (t) =>
  t.field({
    type: CreatedApiKey,
    description:
      'Makes an API key within the scopes and lifetime of whoever asks. Fails with `forbidden` beyond them and with `plan_limit_reached` when the plan has no room.',
    args: {
      name: t.arg.string({ required: true, description: 'What to call it, 1 to 100 characters.', validate: { schema: keyName } }),
      scopes: t.arg.stringList({
        description: 'What it may do. Left out: everything its maker may do except `operator`.',
        validate: { schema: z.array(z.string().max(200)).max(200) },
      }),
      expiresAt: t.arg({ type: 'DateTime', description: 'When it stops working. Left out: when its maker does, or never.' }),
    },
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      await guardField(context, { field: 'createApiKey', max: 60, windowSeconds: 60, by: 'user' });
      await guardField(context, { field: 'createApiKey', max: 300, windowSeconds: 60, by: 'address' });
      return issueApiKey(
        await context.gateway.seenBy(principal.userId),
        principal,
        { name: args.name.trim(), scopes: args.scopes ?? undefined, expiresAt: args.expiresAt ?? undefined },
        context.requestId,
      );
    },
  }),
);

const RevokedApiKeyRef = builder.objectRef<{ apiKey: ApiKey; revokedCount: number }>('RevokedApiKey').implement({
  description: 'What `revokeApiKey` ended.',
  fields: (t) => ({
    apiKey: t.expose('apiKey', { type: ApiKeyRef, description: 'The key, which is revoked now.' }),
    revokedCount: t.exposeInt('revokedCount', {
      description: 'How many keys ended: this one and those made with it that had not ended before.',
    }),
  }),
});

builder.mutationField('revokeApiKey', (t) =>
  t.field({
    type: RevokedApiKeyRef,
    description:
      'Ends an API key and every key made with it. The next request with any of them is refused. Revoking again changes nothing.',
    args: { id: t.arg.id({ required: true, description: 'Id of the key, `key_…`.' }) },
    resolve: async (_root, args, context) => revokeApiKey(context.gateway, await context.principal(), args.id, context.requestId),
  }),
);
