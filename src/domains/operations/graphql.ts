import { z } from 'zod';
import { builder } from '../../core/schema/builder.ts';
import { enumValues } from '../../core/schema/enums.ts';
import type { Touched } from '../audit/touched-store.ts';
import { ConnectionRef, RevokedRef } from '../connections/graphql.ts';
import { IntegrationRef } from '../skills/graphql.ts';
import {
  type BulkOutcome,
  type BulkReport,
  type BulkTarget,
  type DataKeyState,
  freezeConnections,
  listReachOfKey,
  loadAnyConnections,
  readDataKeyState,
  revokeConnections,
  rotateDataKeys,
} from './operations.ts';

const BulkChangeRef = builder.enumType('BulkChange', {
  description: 'What a change in bulk did to one connection, or to one pending consent.',
  values: enumValues<BulkOutcome['outcome']>({
    frozen: 'It was stopped.',
    thawed: 'It can be used again.',
    disconnected: 'It was deleted with its credential.',
    cancelled: 'A pending consent was ended.',
    unchanged: 'It was so already, or somebody else was faster.',
  }),
});

export const BulkOutcomeRef = builder.objectRef<BulkOutcome>('BulkOutcome').implement({
  description: 'What became of one connection, or of one pending consent.',
  fields: (t) => ({
    connection: t.field({
      type: ConnectionRef,
      description: 'The connection, or the consent that was to make one, as it was before.',
      resolve: ({ connection }) => connection,
    }),
    userId: t.exposeID('userId', { description: 'Whose it is.' }),
    outcome: t.field({ type: BulkChangeRef, description: 'What was done.', resolve: ({ outcome }) => outcome }),
    revoked: t.field({
      type: RevokedRef,
      nullable: true,
      description:
        'With `DISCONNECTED`: whether the service ended the credential too. With `CANCELLED`: the same of a grant that waited for its starter to sign in; `UNSUPPORTED` when none did.',
      resolve: ({ revoked }) => revoked,
    }),
  }),
});

export const BulkReportRef = builder.objectRef<BulkReport>('BulkReport').implement({
  description: 'What a change in bulk did, connection by connection.',
  fields: (t) => ({
    outcomes: t.field({
      type: [BulkOutcomeRef],
      description: 'One entry a connection, and one a pending consent.',
      complexity: { multiplier: 100 },
      resolve: (report) => report.outcomes,
    }),
    remaining: t.exposeInt('remaining', {
      description: 'Connections, and pending consents, this call did not get to: repeat it until this is 0.',
    }),
  }),
});

const nameText = { schema: z.string().regex(/^[a-z0-9_]{1,100}$/, 'a slug or id: lower-case letters, digits and underscores') };

const BulkTargetRef = builder.inputType('BulkTarget', {
  description: 'Which connections; what is given must all hold, and something must be given.',
  fields: (t) => ({
    integration: t.string({ description: 'Those of this integration (slug).', validate: nameText }),
    userId: t.id({ description: 'Those of this user.', validate: nameText }),
    keyId: t.id({ description: 'Those that this API key started or has used.', validate: nameText }),
  }),
});

const targetArg = { type: BulkTargetRef, required: true, description: 'Which connections.' } as const;

function toTarget(input: { [name in keyof BulkTarget]: string | null | undefined }): BulkTarget {
  return { integration: input.integration ?? undefined, userId: input.userId ?? undefined, keyId: input.keyId ?? undefined };
}

builder.mutationField('freezeConnections', (t) =>
  t.field({
    type: BulkReportRef,
    description:
      'Stops connections at once: calls with them fail with `connection_frozen` until they are thawed, also when their account is connected again. Disconnecting stays possible and ends the freeze with the credential: what is connected after that, and what is connected for the first time, is not frozen. To keep somebody from connecting, close the user. Needs the scope `operator`.',
    args: { target: t.arg(targetArg) },
    resolve: async (_root, args, context) =>
      freezeConnections(context.gateway, await context.principal(), toTarget(args.target), true, context.requestId),
  }),
);

builder.mutationField('thawConnections', (t) =>
  t.field({
    type: BulkReportRef,
    description: 'Lets frozen connections be used again. Needs the scope `operator`.',
    args: { target: t.arg(targetArg) },
    resolve: async (_root, args, context) =>
      freezeConnections(context.gateway, await context.principal(), toTarget(args.target), false, context.requestId),
  }),
);

builder.mutationField('revokeConnections', (t) =>
  t.field({
    type: BulkReportRef,
    description:
      'Deletes connections with their credentials and ends these at their services; ends consents that are pending for the same target too (with a key: those it started), with the grants that wait in them. At most a hundred of each a call. Needs the scope `operator`.',
    args: { target: t.arg(targetArg) },
    resolve: async (_root, args, context) =>
      revokeConnections(context.gateway, await context.principal(), toTarget(args.target), context.requestId),
  }),
);

export const TouchedRef = builder.objectRef<Touched>('Touched').implement({
  description: 'Calls of one key to one endpoint with one connection.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: 'Whose calls they were.' }),
    connectionId: t.exposeID('connectionId', { nullable: true, description: 'The connection; null where none is needed.' }),
    connection: t.field({
      type: ConnectionRef,
      nullable: true,
      description: 'The connection as it stands now; null where none is needed, and when it is gone.',
      resolve: async ({ connectionId }, _args, context) =>
        connectionId === null ? null : ((await loadAnyConnections(context).load(connectionId)) ?? null),
    }),
    account: t.exposeString('account', { nullable: true, description: 'Name of the account at the time.' }),
    integration: t.exposeString('integration', { description: 'Slug of the integration.' }),
    service: t.field({
      type: IntegrationRef,
      nullable: true,
      description: 'The integration in full; null when this installation no longer has the recipe.',
      resolve: ({ integration }, _args, { gateway }) => gateway.catalogue.find(integration) ?? null,
    }),
    endpoint: t.exposeString('endpoint', { description: 'Name of the endpoint.' }),
    calls: t.exposeInt('calls', { description: 'How many calls were sent or may have been.' }),
    firstAt: t.expose('firstAt', { type: 'DateTime', description: 'The first of them in the time asked for.' }),
    lastAt: t.expose('lastAt', { type: 'DateTime', description: 'The last of them.' }),
  }),
});

builder.queryField('reachOfKey', (t) =>
  t.field({
    type: [TouchedRef],
    description:
      'What an API key has touched since a moment, the latest first, at most a thousand entries; calls that were refused are left out. Needs the scope `operator`.',
    complexity: { multiplier: 100 },
    args: {
      keyId: t.arg.id({ required: true, description: 'Id of the key, `key_…`.', validate: nameText }),
      since: t.arg({ type: 'DateTime', required: true, description: 'From when on.' }),
    },
    resolve: async (_root, args, context) => listReachOfKey(context.gateway, await context.principal(), args.keyId, args.since),
  }),
);

const DataKeyStateRef = builder.objectRef<DataKeyState>('DataKeyState').implement({
  description: 'How far everything sealed is under the current data key.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Version of the data key that seals now.' }),
    remaining: t.exposeInt('remaining', {
      description: 'Values still under an older key. They stay readable and are sealed anew in the background.',
    }),
  }),
});

builder.queryField('dataKeyState', (t) =>
  t.field({
    type: DataKeyStateRef,
    description: 'Progress of a rotation of data keys. Needs the scope `operator`.',
    resolve: async (_root, _args, context) => readDataKeyState(context.gateway, await context.principal()),
  }),
);

builder.mutationField('rotateDataKeys', (t) =>
  t.field({
    type: DataKeyStateRef,
    description:
      'Makes a new data key; everything sealed is brought under it in the background while the server runs. Needs the scope `operator`.',
    resolve: async (_root, _args, context) => rotateDataKeys(context.gateway, await context.principal(), context.requestId),
  }),
);
