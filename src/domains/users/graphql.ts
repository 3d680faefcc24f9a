import { z } from 'zod';
import type { Config } from '../../core/config/config.ts';
import type { PlanName } from '../../core/config/plans.ts';
import type { Principal } from '../../core/principal.ts';
import { builder } from '../../core/schema/builder.ts';
import { enumValues } from '../../core/schema/enums.ts';
import { nameText } from '../../core/text/name-text.ts';
import { guardField } from '../limits/guard.ts';
import { listSignInProviders, passwordLength } from './sign-in/auth.ts';
import { listSignInMethods } from './sign-in/method-store.ts';
import { changePassword, setPassword } from './sign-in/passwords.ts';
import { findOwner, findUser, type User } from './store.ts';
import { updateProfile } from './users.ts';

export const PlanNameEnum = builder.enumType('PlanName', {
  description: 'A plan: which limits apply. The numbers are settings of the installation.',
  values: enumValues<PlanName>({
    free: 'For trying things: the narrowest limits.',
    pro: 'For daily work.',
    unlimited: 'Only a limit per minute; the owner has it.',
  }),
});

export const UserRef = builder.objectRef<User>('User').implement({
  description: 'A person with an account on this installation.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the user, `user_…`.' }),
    email: t.exposeString('email', { description: 'E-mail address, which is also the sign-in name.' }),
    displayName: t.exposeString('displayName', { description: 'Name as the dashboard shows it.' }),
    isOwner: t.exposeBoolean('isOwner', { description: 'Whether this is the first user, who runs the installation.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
    signedInAt: t.expose('signedInAt', { type: 'DateTime', nullable: true, description: 'The latest sign-in; null before the first.' }),
    closedAt: t.expose('closedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an operator closed the account; null while it is open.',
    }),
  }),
});

const ViewerKind = builder.enumType('ViewerKind', {
  description: 'What a request shows to say who is asking.',
  values: enumValues<Principal['kind']>({ api_key: 'An API key.', session: 'A dashboard session.' }),
});

/** Who is asking, with what it may do. Other domains add their fields. */
export const ViewerRef = builder.objectRef<Principal>('Viewer').implement({
  description: 'Who is asking: a user, through an API key or a dashboard session.',
  fields: (t) => ({
    kind: t.field({ type: ViewerKind, description: 'What the request came with.', resolve: (principal) => principal.kind }),
    scopes: t.exposeStringList('scopes', {
      description:
        'What may be done: `*`, integrations (`github`), their reads (`github:read`), single endpoints (`github.create_issue`), any request (`github:proxy`), `operator`.',
    }),
    user: t.field({
      type: UserRef,
      description: 'The person behind the key or session.',
      resolve: async (principal, _args, context) => (await findUser(context.gateway.db, principal.userId)) as User,
    }),
    signInMethods: t.stringList({
      description: 'How the user can sign in to the dashboard: `password`, `google`, `github`. Empty for who came by a link only.',
      resolve: (principal, _args, { gateway }) => listSignInMethods(gateway.db, principal.userId),
    }),
    hasPassword: t.boolean({
      description: 'Whether the user has a password; without one, `setPassword` gives it.',
      resolve: async (principal, _args, { gateway }) => (await listSignInMethods(gateway.db, principal.userId)).includes('password'),
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

const SignUpEnum = builder.enumType('SignUp', {
  description: 'Who may make an account.',
  values: enumValues<Config['signUp']>({
    nobody: 'Nobody; not with an invitation either.',
    invited: 'Whoever an operator has invited.',
    anyone: 'Anyone.',
  }),
});

const SignInOptionsRef = builder.objectRef<Pick<Config, 'signUp' | 'integrations'>>('SignInOptions').implement({
  description: 'What a sign-in page offers on this installation.',
  fields: (t) => ({
    providers: t.stringList({
      description: 'Services to sign in with beside a password: `google`, `github`.',
      resolve: (_config, _args, { gateway }) => listSignInProviders(gateway.config),
    }),
    signUp: t.field({ type: SignUpEnum, description: 'Who may make an account.', resolve: ({ signUp }) => signUp }),
    ownerHasSignedIn: t.boolean({
      description: 'Whether the owner has ever signed in. Until then, the link that the first start printed is the way.',
      resolve: async (_config, _args, { gateway }) => ((await findOwner(gateway.db))?.signedInAt ?? null) !== null,
    }),
  }),
});

builder.queryField('signInOptions', (t) =>
  t.field({
    extensions: { open: true },
    type: SignInOptionsRef,
    description: 'What a sign-in page offers. Open to everybody.',
    resolve: (_root, _args, { gateway }) => gateway.config,
  }),
);

export const emailText = { schema: z.email('an e-mail address, such as ada@example.org').max(254, 'at most 254 characters') };

const displayNameText = nameText('at least one character');

builder.mutationField('updateProfile', (t) =>
  t.field({
    type: UserRef,
    description:
      'Changes one’s own name and e-mail address, which is also the sign-in name. Takes a session. Fails with `conflict` when another account has the address.',
    args: {
      displayName: t.arg.string({ description: 'Name, 1 to 100 characters. Left out: as it is.', validate: { schema: displayNameText } }),
      email: t.arg.string({ description: 'E-mail address. Left out: as it is.', validate: emailText }),
    },
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      // An answer tells whether an address has an account.
      await guardField(context, { field: 'updateProfile', max: 30, windowSeconds: 3600, by: 'user' });
      const wanted = { displayName: args.displayName?.trim(), email: args.email ?? undefined };
      return updateProfile(context.gateway, principal, wanted, context.requestId);
    },
  }),
);

const newPasswordArg = {
  required: true,
  description: `The new password, ${passwordLength.min} to ${passwordLength.max} characters.`,
  validate: {
    schema: z
      .string()
      .min(passwordLength.min, `at least ${passwordLength.min} characters`)
      .max(passwordLength.max, `at most ${passwordLength.max} characters`),
  },
} as const;

builder.mutationField('setPassword', (t) =>
  t.field({
    type: UserRef,
    description:
      'Gives oneself a password when there is none, or a new one within the hour after signing in with a link. Ends one’s other sessions and sign-in links. Takes a session.',
    args: { newPassword: t.arg.string(newPasswordArg) },
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      await guardField(context, { field: 'setPassword', max: 10, windowSeconds: 900, by: 'user' });
      await setPassword(context.gateway, principal, args.newPassword, context.requestId);
      return (await findUser(context.gateway.db, principal.userId)) as User;
    },
  }),
);

builder.mutationField('changePassword', (t) =>
  t.field({
    type: UserRef,
    description:
      'Changes one’s password and ends one’s other sessions and sign-in links. Takes a session. Fails with `bad_request` when the current one is wrong.',
    args: {
      currentPassword: t.arg.string({
        required: true,
        description: 'The password as it is.',
        validate: { schema: z.string().max(passwordLength.max, `at most ${passwordLength.max} characters`) },
      }),
      newPassword: t.arg.string(newPasswordArg),
    },
    resolve: async (_root, args, context) => {
      const principal = await context.principal();
      await guardField(context, { field: 'changePassword', max: 10, windowSeconds: 900, by: 'user' });
      await changePassword(context.gateway, principal, args, context.requestId);
      return (await findUser(context.gateway.db, principal.userId)) as User;
    },
  }),
);
