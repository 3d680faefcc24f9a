import { z } from 'zod';
import { notFound } from '../../core/errors.ts';
import { builder, listComplexity, pageRequest, toConnection } from '../../core/schema/builder.ts';
import { enumValues, readWord } from '../../core/schema/enums.ts';
import { nameText } from '../../core/text/name-text.ts';
import { CallRef } from '../audit/graphql.ts';
import { guardField } from '../limits/guard.ts';
import { seenBy } from '../recipes/catalogue.ts';
import { type DefaultChange, disconnect, renameConnection, setDefaultConnection } from './change-connection.ts';
import type { ConnectMethod, CredentialField } from './connect-methods.ts';
import type { Revoked } from './credential/revocation.ts';
import { type ConnectionView, findConnectionView, listConnections, loadConnections } from './list-connections.ts';
import { type StartedConnection, startConnection } from './start-connection.ts';
import { type ConnectionVariable, listVariables } from './variables/account-variables.ts';

const ConnectionStatusRef = builder.enumType('ConnectionStatus', {
  description: 'How a connection, or the consent that is to make one, stands.',
  values: enumValues<ConnectionView['status']>({
    pending: 'A person has not consented yet. Ask again every few seconds.',
    connected: 'Calls can use it.',
    error: 'It does not work; `reason` says why. Connect again.',
  }),
});

const reasons = {
  denied: 'The person declined.',
  expired: 'Nobody consented in time.',
  failed: 'The service refused, or stopped accepting the credential later.',
};

const ConnectionReasonRef = builder.enumType('ConnectionReason', {
  description: 'Why a connection does not work, or a consent has made none.',
  values: enumValues(reasons),
});

const authTypes: Record<ConnectMethod['type'], string> = {
  oauth2: 'A person consents in a browser, at the service (OAuth 2.0).',
  bearer: 'A token that a person makes at the service.',
  api_key: 'An API key of the service.',
  basic: 'User name and password.',
  client_credentials: 'An OAuth client that a person makes at the service; the gateway asks for its access tokens.',
  jwt_bearer: 'A private key that a person makes at the service; the gateway signs with it and asks for access tokens.',
  signature_v4: 'A key pair with which the gateway signs every request (AWS Signature Version 4).',
  none: 'Nothing is needed.',
};

export const AuthTypeRef = builder.enumType('AuthType', {
  description: 'How an integration is connected.',
  values: enumValues(authTypes),
});

export const RevokedRef = builder.enumType('Revoked', {
  description: 'Whether the service ended a credential that was deleted here.',
  values: enumValues<Revoked>({
    true: 'The service ended it.',
    false: 'The service could not be reached or did not confirm, so end it on its own page.',
    unsupported: 'There is no way to ask the service, or nothing to end.',
  }),
});

const ConnectionVariableRef = builder.objectRef<ConnectionVariable>('ConnectionVariable').implement({
  description: 'A value that belongs to an account and stands in its requests. It is no secret, and no call can set it.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name in the recipe, and in `credentials` where the person gives it.' }),
    value: t.exposeString('value', { description: 'Its value.' }),
    description: t.exposeString('description', { description: 'What it is.' }),
  }),
});

export const ConnectionRef = builder.objectRef<ConnectionView>('Connection').implement({
  description: 'One account of one integration, or the consent that is to connect one. Its credential is never shown.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id, `conn_…`. The id that `startConnection` gave keeps answering when the consent is over.' }),
    integration: t.exposeString('integration', { description: 'Slug of the integration.' }),
    account: t.string({
      nullable: true,
      description: 'Name of the account, to give as `account` with a call; null while a consent has named none.',
      resolve: (view) => view.connection?.account ?? view.label,
    }),
    isDefault: t.boolean({
      description: 'Whether calls that name no account use this one.',
      resolve: (view) => view.connection?.isDefault ?? false,
    }),
    status: t.field({ type: ConnectionStatusRef, description: 'How it stands.', resolve: (view) => view.status }),
    reason: t.field({
      type: ConnectionReasonRef,
      nullable: true,
      description: 'Why, with `ERROR`; null otherwise, and for a reason of another release that this one does not know.',
      resolve: (view) => readWord(reasons, view.reason),
    }),
    reconnectReason: t.string({
      nullable: true,
      description:
        'Why the account must be connected again: an error code of the service such as `invalid_grant`, or `refresh_interrupted`, `expired`; or in a sentence what was changed in an imported integration. Null while it works.',
      resolve: (view) => view.connection?.statusReason ?? null,
    }),
    authType: t.field({
      type: AuthTypeRef,
      nullable: true,
      description: 'How it was connected; null while a consent is pending, and for a way that this release does not know.',
      resolve: (view) => readWord(authTypes, view.connection?.authType),
    }),
    providerScopes: t.stringList({
      nullable: true,
      description: 'What the service granted; null when it did not say or knows no scopes.',
      resolve: (view) => view.connection?.providerScopes ?? null,
    }),
    accessExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the access token runs out; it is renewed before. Null when it does not or nobody knows.',
      resolve: (view) => view.connection?.accessExpiresAt ?? null,
    }),
    frozenAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when an operator has stopped it; null when none has.',
      resolve: (view) => view.connection?.frozenAt ?? null,
    }),
    variables: t.field({
      type: [ConnectionVariableRef],
      complexity: { multiplier: 3 },
      description: 'What belongs to this account beside its credential, such as its site; empty for most integrations.',
      resolve: ({ integration, connection }, _args, { gateway }) =>
        listVariables(gateway.catalogue.find(integration), connection?.variables),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was connected, or the consent was started.' }),
  }),
});

/** A page of connections, for whatever has some. */
export const ConnectionConnectionRef = builder.connectionObject(
  { type: ConnectionRef, name: 'ConnectionConnection', description: 'A page of connections.' },
  { name: 'ConnectionEdge', description: 'A connection in a page.' },
);

export const slugText = { schema: z.string().max(100, 'at most 100 characters') };

builder.queryField('connections', (t) =>
  t.connection(
    {
      type: ConnectionRef,
      description: 'The accounts the user has connected, oldest first, of the integrations within the scopes of whoever asks.',
      args: { integration: t.arg.string({ description: 'Only those of this integration, by slug.', validate: slugText }) },
      complexity: listComplexity,
      resolve: async (_root, args, context) => {
        const { integration } = args;
        const page = await listConnections(await seenBy(context), await context.principal(), pageRequest(args), integration ?? undefined);
        return toConnection(page, args.after);
      },
    },
    ConnectionConnectionRef,
  ),
);

builder.objectField(CallRef, 'connection', (t) =>
  t.field({
    type: ConnectionRef,
    nullable: true,
    description: 'The connection it used, as it stands now; null when it used none, when it is gone, or where whoever asks may not see it.',
    resolve: async ({ connectionId }, _args, context) =>
      connectionId === null ? null : ((await loadConnections(context).load(connectionId)) ?? null),
  }),
);

const CredentialFieldRef = builder.objectRef<CredentialField>('CredentialField').implement({
  description: 'One value that `credentials` of `startConnection` holds.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name in `credentials`.' }),
    label: t.exposeString('label', { description: 'What a form calls it.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is; null when the label says it.' }),
    secret: t.exposeBoolean('secret', { description: 'Whether it must be kept from view.' }),
    multiline: t.exposeBoolean('multiline', { description: 'Whether it has several lines, such as a private key or a JSON file.' }),
    required: t.exposeBoolean('required', {
      description:
        'Whether a new account needs it. Where an account is connected again, what stands in its `variables` may be left out and stays.',
    }),
  }),
});

export const ConnectMethodRef = builder.objectRef<ConnectMethod>('ConnectMethod').implement({
  description: 'A way to connect an integration.',
  fields: (t) => ({
    type: t.field({ type: AuthTypeRef, description: 'Which way it is.', resolve: ({ type }) => type }),
    ready: t.exposeBoolean('ready', {
      description: 'Whether it can be used now; a consent cannot while this installation has no OAuth client for it.',
    }),
    how: t.exposeString('how', {
      nullable: true,
      description: 'How to get the credential, or how an operator registers the OAuth client; null when nothing is needed.',
    }),
    url: t.exposeString('url', { nullable: true, description: 'Page of the service for that.' }),
    redirectUri: t.exposeString('redirectUri', {
      nullable: true,
      description: 'With `OAUTH2`: the redirect address to register at the service.',
    }),
    overriddenBy: t.exposeStringList('overriddenBy', {
      description: 'With `OAUTH2`: settings of the server, by their variables, that go before an OAuth client set by an operator.',
    }),
    fields: t.field({
      type: [CredentialFieldRef],
      complexity: { multiplier: 3 },
      description:
        'What `credentials` holds. With `OAUTH2` what the service must know before a consent, such as the site: given as `credentials`, or asked for on the page; mostly empty.',
      resolve: ({ fields }) => fields,
    }),
  }),
});

const idArg = { required: true, description: 'Id of the connection, `conn_…`.' } as const;

builder.queryField('connection', (t) =>
  t.field({
    type: ConnectionRef,
    description: 'One connection, or the consent with this id. Fails with `not_found` for an id of somebody else.',
    args: { id: t.arg.id(idArg) },
    resolve: async (_root, args, context) => {
      const view = await findConnectionView(context.gateway, await context.principal(), args.id);
      if (!view) throw notFound('Connection');
      return view;
    },
  }),
);

const StartedConnectionRef = builder.objectRef<StartedConnection>('StartedConnection').implement({
  description: 'What became of `startConnection`.',
  fields: (t) => ({
    connectionId: t.exposeID('id', { description: 'Ask `connection(id)` with it how the consent stands.' }),
    connection: t.field({
      type: ConnectionRef,
      nullable: true,
      description: 'The connection, or the consent that is to make it, in full; null when it has been removed in the meantime.',
      resolve: async ({ id }, _args, context) => (await findConnectionView(context.gateway, await context.principal(), id)) ?? null,
    }),
    status: t.field({
      type: ConnectionStatusRef,
      description: '`CONNECTED` with credentials, else `PENDING`.',
      resolve: (started) => started.status,
    }),
    oauthUrl: t.string({
      nullable: true,
      description:
        'The page that the person opens within ten minutes, signed in as the user who asked. It leads to the service, or takes a credential there; where a key for less than the whole integration asked, it shows which key and what for, and the person decides. Null when nothing is left to do.',
      resolve: (started) => started.oauthUrl ?? null,
    }),
  }),
});

/** Where an account is named, the id of its connection is taken too. */
const accountText = {
  schema: nameText('give the account a name, or leave it out to take the one of the service').regex(
    /^(?!conn_[0-9a-f]{32}$)/,
    'no name that could be the id of another connection',
  ),
};
/** RFC 6749, section 3.3. */
export const scopeTexts = {
  schema: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,300}$/, 'a scope as the service writes it'))
    .min(1, 'name at least one scope, or leave `scopes` out')
    .max(100),
};

builder.mutationField('startConnection', (t) =>
  t.field({
    type: StartedConnectionRef,
    description:
      'Connects an account. Without `credentials` a person does it at `oauthUrl`, which every key may ask for; with them the credential is proven at the service and stored at once, which needs a key for the whole integration (else `forbidden`). An account that is connected already gets the new credential. Fails with `credential_rejected`, `plan_limit_reached`, and `bad_request` that says what is missing.',
    args: {
      integration: t.arg.string({ required: true, description: 'Slug of the integration.', validate: slugText }),
      account: t.arg.string({
        description:
          'What to call the account. Left out: as the service does. A key for less than the whole integration renames no account that is connected already.',
        validate: accountText,
      }),
      scopes: t.arg.stringList({
        description: 'Scopes to ask the service for. Left out: those that the endpoints need which whoever asks may call.',
        validate: scopeTexts,
      }),
      credentials: t.arg({
        type: 'JSON',
        description:
          '`{"token"}`, `{"api_key"}` or `{"username","password"}`, with the further fields that the integration names; those alone go with a consent.',
      }),
    },
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      await guardField(context, { field: 'startConnection', max: 60, windowSeconds: 60, by: 'user' });
      await guardField(context, { field: 'startConnection', max: 300, windowSeconds: 60, by: 'address' });
      return startConnection(
        await seenBy(context),
        principal,
        {
          integration: args.integration,
          account: args.account?.trim(),
          scopes: args.scopes ?? undefined,
          credentials: args.credentials ?? undefined,
        },
        context.requestId,
      );
    },
  }),
);

const DefaultChangeRef = builder.objectRef<DefaultChange>('DefaultConnectionChange').implement({
  description: 'What `setDefaultConnection` changed.',
  fields: (t) => ({
    connection: t.expose('connection', { type: ConnectionRef, description: 'The account that is the default now.' }),
    previous: t.field({
      type: ConnectionRef,
      nullable: true,
      description: 'The account that is the default no more; null when there was no other.',
      resolve: ({ previous }) => previous ?? null,
    }),
  }),
});

builder.mutationField('setDefaultConnection', (t) =>
  t.field({
    type: DefaultChangeRef,
    description: 'Makes an account the one that calls of its integration use when they name none.',
    args: { id: t.arg.id(idArg) },
    resolve: async (_root, args, context) => setDefaultConnection(context.gateway, await context.principal(), args.id, context.requestId),
  }),
);

builder.mutationField('renameConnection', (t) =>
  t.field({
    type: ConnectionRef,
    description: 'Gives an account another name. Fails with `conflict` when another account of the integration has it.',
    args: {
      id: t.arg.id(idArg),
      account: t.arg.string({ required: true, description: 'The new name, 1 to 100 characters.', validate: accountText }),
    },
    resolve: async (_root, args, context) =>
      renameConnection(context.gateway, await context.principal(), args.id, args.account.trim(), context.requestId),
  }),
);

const DisconnectedRef = builder.objectRef<{ revoked: Revoked; connection: ConnectionView }>('Disconnected').implement({
  description: 'What became of `disconnect`.',
  fields: (t) => ({
    revoked: t.field({ type: RevokedRef, description: 'Whether the service ended the credential too.', resolve: ({ revoked }) => revoked }),
    connection: t.expose('connection', {
      type: ConnectionRef,
      description: 'What was deleted, as it was before; its `id` names nothing any more.',
    }),
  }),
});

builder.mutationField('disconnect', (t) =>
  t.field({
    type: DisconnectedRef,
    description:
      'Deletes a connection with its credential at once, and ends the credential at the service where that is possible. Cancels a pending consent.',
    args: { id: t.arg.id(idArg) },
    resolve: async (_root, { id }, context) => {
      const principal = await context.principal();
      const connection = await findConnectionView(context.gateway, principal, id);
      if (!connection) throw notFound('Connection');
      return { ...(await disconnect(context.gateway, principal, id, context.requestId)), connection };
    },
  }),
);
