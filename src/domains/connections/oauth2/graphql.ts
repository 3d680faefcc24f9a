/** The OAuth clients that this installation is registered as at services. */
import { z } from 'zod';
import { builder } from '../../../core/schema/builder.ts';
import { scopeTexts, slugText } from '../graphql.ts';
import { listOverrides, setOAuthClient } from './oauth-clients.ts';
import { type Provider, redirectUri } from './oauth2.ts';

export const OAuthClientRef = builder.objectRef<Provider>('OAuthClient').implement({
  description: 'The OAuth client this installation is registered as at a service. Its secret is never shown.',
  fields: (t) => ({
    id: t.id({ description: 'Slug of the integration, for clients that cache by `id`.', resolve: (provider) => provider.integration.slug }),
    integration: t.string({ description: 'Slug of the integration.', resolve: (provider) => provider.integration.slug }),
    redirectUri: t.string({
      description: 'The redirect address to register at the service.',
      resolve: (_provider, _args, context) => redirectUri(context.gateway),
    }),
    registerUrl: t.string({ description: 'Where to register.', resolve: (provider) => provider.auth.register.url }),
    overriddenBy: t.stringList({
      description:
        'Settings of the server, by their variables, that go before what is stored, which is not used while they are there; empty when there are none.',
      resolve: (provider, _args, context) => listOverrides(context.gateway, provider.integration.slug),
    }),
  }),
});

const clientText = { schema: z.string().regex(/^[\x21-\x7e]{1,2000}$/, 'printable ASCII without spaces, as the service shows it') };

builder.mutationField('setOAuthClient', (t) =>
  t.field({
    type: OAuthClientRef,
    description:
      'Sets the OAuth client of an integration; kept sealed. The environment (`SKILLETT_<SLUG>_CLIENT_ID` with `…_CLIENT_SECRET`, and `…_EXTRA_SCOPES`) goes before it; `overriddenBy` says what it sets. `removeOAuthClient` takes it away. Needs the scope `operator`.',
    args: {
      integration: t.arg.string({ required: true, description: 'Slug of the integration.', validate: slugText }),
      clientId: t.arg.string({ required: true, description: 'Client id as the service shows it.', validate: clientText }),
      clientSecret: t.arg.string({ description: 'Client secret.', validate: clientText }),
      extraScopes: t.arg.stringList({
        description: 'Scopes to ask for with every consent, beside those of endpoints.',
        validate: scopeTexts,
      }),
    },
    resolve: async (_root, args, context) =>
      setOAuthClient(
        context.gateway,
        await context.principal(),
        args.integration,
        { clientId: args.clientId, clientSecret: args.clientSecret ?? undefined, extraScopes: args.extraScopes ?? undefined },
        context.requestId,
      ),
  }),
);

builder.mutationField('removeOAuthClient', (t) =>
  t.field({
    type: OAuthClientRef,
    description:
      'Forgets the OAuth client of an integration that was set here; one that is not there is removed already. Accounts that are connected can no longer be renewed with it. Needs the scope `operator`.',
    args: { integration: t.arg.string({ required: true, description: 'Slug of the integration.', validate: slugText }) },
    resolve: async (_root, { integration }, context) =>
      setOAuthClient(context.gateway, await context.principal(), integration, null, context.requestId),
  }),
);
