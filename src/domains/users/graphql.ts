import { builder } from '../../core/builder.ts';
import type { PlanName } from '../../core/config.ts';
import type { Principal } from '../../core/principal.ts';
import { findUser, type User } from './store.ts';

export const PlanNameEnum = builder.enumType('PlanName', {
  description: 'A plan: which limits apply. The numbers are settings of the installation.',
  values: {
    free: { description: 'For trying things: the narrowest limits.' },
    pro: { description: 'For daily work.' },
    unlimited: { description: 'Only a limit a minute; the owner has it.' },
  } as const satisfies Record<PlanName, object>,
});

export const UserRef = builder.objectRef<User>('User').implement({
  description: 'A person with an account on this installation.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the user, `user_…`.' }),
    email: t.exposeString('email', { description: 'E-mail address, which is also the sign-in name.' }),
    displayName: t.exposeString('displayName', { description: 'Name as the dashboard shows it.' }),
    isOwner: t.exposeBoolean('isOwner', { description: 'Whether this is the first user, who runs the installation.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
  }),
});

/** Who is asking, with what it may do. Other domains add their fields. */
export const ViewerRef = builder.objectRef<Principal>('Viewer').implement({
  description: 'Who is asking: a user, through an API key or a dashboard session.',
  fields: (t) => ({
    kind: t.string({ description: '`api_key` or `session`.', resolve: (principal) => principal.kind }),
    scopes: t.exposeStringList('scopes', {
      description:
        'What may be done: `*`, integrations (`github`), their reads (`github:read`), single endpoints (`github.create_issue`), `operator`.',
    }),
    user: t.field({
      type: UserRef,
      description: 'The person behind the key or session.',
      resolve: async (principal, _args, context) => (await findUser(context.gateway.db, principal.userId)) as User,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerRef,
    description: 'Who is asking. The cheapest way to check a key.',
    resolve: (_root, _args, context) => context.principal(),
  }),
);
