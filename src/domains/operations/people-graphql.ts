import { z } from 'zod';
import { type LimitName, limitMax, limitNames, limits, mapLimits } from '../../core/config/plans.ts';
import { badRequest } from '../../core/errors.ts';
import { builder, listComplexity, pageRequest, toConnection } from '../../core/schema/builder.ts';
import { enumValues } from '../../core/schema/enums.ts';
import type { AuditRow } from '../audit/trail-store.ts';
import { PlanRef } from '../limits/graphql.ts';
import { planLimits } from '../limits/plans.ts';
import { emailText, PlanNameEnum, UserRef } from '../users/graphql.ts';
import type { Invitation } from '../users/invitation-store.ts';
import type { SignInLink } from '../users/sign-in/sign-in-links.ts';
import { BulkOutcomeRef, BulkReportRef, TouchedRef } from './graphql.ts';
import {
  type ClosedUser,
  closeUser,
  createSignInLink,
  invitePerson,
  type LimitChanges,
  listAllInvitations,
  listPeople,
  listTrail,
  loadPeople,
  requirePerson,
  setLimits,
  setPlan,
  withdrawPersonInvitation,
} from './people.ts';

const idText = { schema: z.string().regex(/^[a-z0-9_]{1,100}$/, 'an id: lower-case letters, digits and underscores') };
const plainText = {
  schema: z
    .string()
    .max(200)
    .refine((text) => !text.includes('\0'), 'no NUL character'),
};

const PlanLimitRef = builder.enumType('PlanLimit', {
  description: 'A limit of a plan.',
  values: enumValues(mapLimits((name) => limits[name].description)),
});

builder.objectFields(UserRef, (t) => ({
  plan: t.field({
    type: PlanRef,
    description: 'The plan with its limits as they are for this user.',
    resolve: (user, _args, { gateway }) => {
      const limits = planLimits(gateway.config, user.plan, user.limits);
      return { ...limits, name: user.plan, holder: { userId: user.id, holderId: undefined, limits } };
    },
  }),
  changedLimits: t.field({
    type: [PlanLimitRef],
    description: 'Which of these limits an operator changed for this user alone.',
    resolve: (user) => limitNames.filter((name) => user.limits?.[name] !== undefined),
  }),
}));

builder.queryField('users', (t) =>
  t.connection(
    {
      type: UserRef,
      description: 'Everybody with an account, the latest first, closed accounts too. Needs the scope `operator`.',
      complexity: listComplexity,
      args: {
        search: t.arg.string({ description: 'Only those whose e-mail address or name holds this, or with this id.', validate: plainText }),
      },
      resolve: async (_root, args, context) =>
        toConnection(
          await listPeople(context.gateway, await context.principal(), args.search?.trim() || undefined, pageRequest(args)),
          args.after,
        ),
    },
    { name: 'UserConnection', description: 'A page of users.' },
    { name: 'UserEdge', description: 'A user in a page.' },
  ),
);

const userIdArg = { required: true, description: 'Id of the user, `user_…`.', validate: idText } as const;

builder.queryField('user', (t) =>
  t.field({
    type: UserRef,
    description: 'One user. Needs the scope `operator`.',
    args: { id: t.arg.id(userIdArg) },
    resolve: async (_root, args, context) => requirePerson(context.gateway, await context.principal(), args.id),
  }),
);

builder.mutationField('setPlan', (t) =>
  t.field({
    type: UserRef,
    description:
      'Puts a user on a plan, from their next call on. Limits that were changed for this user alone stay. Needs the scope `operator`.',
    args: { userId: t.arg.id(userIdArg), plan: t.arg({ type: PlanNameEnum, required: true, description: 'The plan.' }) },
    resolve: async (_root, args, context) => setPlan(context.gateway, await context.principal(), args.userId, args.plan, context.requestId),
  }),
);

const LimitInput = builder.inputType('LimitInput', {
  description: 'A limit: either a number or none at all.',
  isOneOf: true,
  fields: (t) => ({
    max: t.int({
      description: 'How many there may be, 0 or more.',
      validate: { schema: z.int().min(0).max(limitMax) },
    }),
    none: t.boolean({ description: '`true`: no limit.' }),
  }),
});

function toChange(argument: typeof LimitInput.$inferInput | null | undefined): LimitChanges[LimitName] {
  if (argument === null || argument === undefined) return argument;
  if (typeof argument.max === 'number') return argument.max;
  if (!argument.none) throw badRequest('`none` takes `true` alone. For a number give `max`, and null for the plan’s own limit.');
  return 'none';
}

builder.mutationField('setLimits', (t) =>
  t.field({
    type: UserRef,
    description:
      'Changes limits for one user alone, over the plan’s, from their next call on. A limit that is left out stays as it is; null gives the plan’s own back. Connections and keys beyond a lower limit stay. Needs the scope `operator`.',
    args: {
      userId: t.arg.id(userIdArg),
      ...mapLimits((name) => t.arg({ type: LimitInput, description: limits[name].description })),
    },
    resolve: async (_root, { userId, ...asked }, context) =>
      setLimits(
        context.gateway,
        await context.principal(),
        userId,
        mapLimits((name) => toChange(asked[name])),
        context.requestId,
      ),
  }),
);

const ClosedUserRef = builder.objectRef<ClosedUser>('ClosedUser').implement({
  description: 'What closing an account did.',
  fields: (t) => ({
    user: t.expose('user', { type: UserRef, description: 'The user, who is closed now.' }),
    connections: t.expose('connections', {
      type: BulkReportRef,
      description: 'What became of the connections. Close again until none remain.',
    }),
  }),
});

builder.mutationField('closeUser', (t) =>
  t.field({
    type: ClosedUserRef,
    description:
      'Closes an account: keys and sessions end at once, nobody can sign in to it, and its connections are deleted and ended at their services, at most a hundred a call. Calls and audit rows stay. The owner cannot be closed. Needs the scope `operator`.',
    args: { userId: t.arg.id(userIdArg) },
    resolve: async (_root, args, context) => closeUser(context.gateway, await context.principal(), args.userId, context.requestId),
  }),
);

const SignInLinkRef = builder.objectRef<SignInLink>('SignInLink').implement({
  description: 'A link that signs somebody in once. Hand it to them alone.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'The link. It is not stored and cannot be shown again.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when it can be used.' }),
  }),
});

builder.mutationField('createSignInLink', (t) =>
  t.field({
    type: SignInLinkRef,
    description:
      'Makes a link that signs a user in, once, within seven days; within the hour after it they can set a new password. Links made for them before end. Needs an operator’s session: no key makes one.',
    args: { userId: t.arg.id(userIdArg) },
    resolve: async (_root, args, context) => createSignInLink(context.gateway, await context.principal(), args.userId, context.requestId),
  }),
);

const InvitationStateEnum = builder.enumType('InvitationState', {
  description: 'What has become of an invitation.',
  values: enumValues<Invitation['state']>({
    open: 'Its link can be used.',
    accepted: 'The account was made.',
    withdrawn: 'It was withdrawn, or a newer one to the same address took its place.',
    expired: 'Its seven days are over.',
  }),
});

const InvitationRef = builder.objectRef<Invitation>('Invitation').implement({
  description: 'An invitation to make an account.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the invitation, `inv_…`.' }),
    email: t.exposeString('email', { description: 'The address it is for, and the only one the account can have.' }),
    plan: t.field({ type: PlanNameEnum, description: 'The plan the account gets.', resolve: (invitation) => invitation.plan }),
    state: t.field({ type: InvitationStateEnum, description: 'What has become of it.', resolve: (invitation) => invitation.state }),
    userId: t.exposeID('userId', { nullable: true, description: 'The user who accepted it.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when its link can be used.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const InvitedRef = builder.objectRef<{ invitation: Invitation; url: string }>('CreatedInvitation').implement({
  description: 'A new invitation with its link.',
  fields: (t) => ({
    invitation: t.expose('invitation', { type: InvitationRef, description: 'The invitation as lists show it.' }),
    url: t.exposeString('url', {
      description: 'The link to hand to the guest. It is not stored and cannot be shown again.',
    }),
  }),
});

builder.mutationField('inviteUser', (t) =>
  t.field({
    type: InvitedRef,
    description:
      'Invites an e-mail address to make an account, within seven days. An open invitation to the same address ends. Fails with `conflict` when the address has an account, or when SKILLETT_SIGN_UP is `nobody`. Needs the scope `operator`.',
    args: {
      email: t.arg.string({ required: true, description: 'Who is invited.', validate: emailText }),
      plan: t.arg({ type: PlanNameEnum, description: 'The plan the account gets. Left out: the installation’s default.' }),
    },
    resolve: async (_root, args, context) => {
      const { gateway } = context;
      const guest = { email: args.email.trim(), plan: args.plan ?? gateway.config.defaultPlan };
      return invitePerson(gateway, await context.principal(), guest, context.requestId);
    },
  }),
);

builder.queryField('invitations', (t) =>
  t.connection(
    {
      type: InvitationRef,
      description: 'Every invitation, the latest first. Needs the scope `operator`.',
      complexity: listComplexity,
      resolve: async (_root, args, context) =>
        toConnection(await listAllInvitations(context.gateway, await context.principal(), pageRequest(args)), args.after),
    },
    { name: 'InvitationConnection', description: 'A page of invitations.' },
    { name: 'InvitationEdge', description: 'An invitation in a page.' },
  ),
);

builder.mutationField('withdrawInvitation', (t) =>
  t.field({
    type: InvitationRef,
    description: 'Ends an open invitation; one that is over stays as it is. Needs the scope `operator`.',
    args: { id: t.arg.id({ required: true, description: 'Id of the invitation, `inv_…`.', validate: idText }) },
    resolve: async (_root, args, context) =>
      withdrawPersonInvitation(context.gateway, await context.principal(), args.id, context.requestId),
  }),
);

const AuditRowRef = builder.objectRef<AuditRow>('AuditRow').implement({
  description: 'A change to a key, connection, user or setting. Rows are written with the change, and never altered.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the row; ids sort by time.' }),
    userId: t.exposeID('userId', { nullable: true, description: 'Whose things changed; null for the installation’s own.' }),
    actor: t.exposeString('actor', {
      description: 'Who did it: id of an API key or of a session, or `system`. Whose session it was says its row `user.signed_in`.',
    }),
    action: t.exposeString('action', { description: 'What was done: `api_key.revoked`.' }),
    target: t.exposeString('target', { nullable: true, description: 'Id of what was changed.' }),
    details: t.field({ type: 'JSON', description: 'What changed, without secrets.', resolve: (row) => row.details }),
    requestId: t.exposeID('requestId', { nullable: true, description: 'The request it came in, `req_…`; null for the server’s own work.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was done.' }),
  }),
});

builder.queryField('auditRows', (t) =>
  t.connection(
    {
      type: AuditRowRef,
      description: 'Who changed what in the whole installation, the latest first. Needs the scope `operator`.',
      complexity: listComplexity,
      args: {
        userId: t.arg.id({ description: 'Only what changed of this user’s.', validate: idText }),
        actor: t.arg.id({ description: 'Only what this key or session did.', validate: plainText }),
        action: t.arg.string({
          description: 'Only this action (`api_key.revoked`), or all of a kind (`api_key`).',
          validate: plainText,
        }),
        target: t.arg.id({ description: 'Only changes of what has this id.', validate: plainText }),
        since: t.arg({ type: 'DateTime', description: 'Only what was done then or later.' }),
        until: t.arg({ type: 'DateTime', description: 'Only what was done before that moment.' }),
      },
      resolve: async (_root, args, context) => {
        const { userId, actor, action, target, since, until } = args;
        const filter = {
          userId: userId ?? undefined,
          actor: actor ?? undefined,
          action: action ?? undefined,
          target: target ?? undefined,
          since: since ?? undefined,
          until: until ?? undefined,
        };
        return toConnection(await listTrail(context.gateway, await context.principal(), filter, pageRequest(args)), args.after);
      },
    },
    { name: 'AuditRowConnection', description: 'A page of the audit trail.' },
    { name: 'AuditRowEdge', description: 'A change in a page.' },
  ),
);

builder.objectField(BulkOutcomeRef, 'user', (t) =>
  t.field({
    type: UserRef,
    nullable: true,
    description: 'Whose it is, in full; null when the user is gone.',
    resolve: async ({ userId }, _args, context) => (await loadPeople(context).load(userId)) ?? null,
  }),
);

builder.objectField(TouchedRef, 'user', (t) =>
  t.field({
    type: UserRef,
    nullable: true,
    description: 'Whose calls they were, in full; null when the user is gone.',
    resolve: async ({ userId }, _args, context) => (await loadPeople(context).load(userId)) ?? null,
  }),
);

builder.objectField(InvitationRef, 'user', (t) =>
  t.field({
    type: UserRef,
    nullable: true,
    description: 'The user who accepted it, in full.',
    resolve: async ({ userId }, _args, context) => (userId === null ? null : ((await loadPeople(context).load(userId)) ?? null)),
  }),
);

builder.objectField(AuditRowRef, 'user', (t) =>
  t.field({
    type: UserRef,
    nullable: true,
    description: 'Whose things changed, in full; null for the installation’s own.',
    resolve: async ({ userId }, _args, context) => (userId === null ? null : ((await loadPeople(context).load(userId)) ?? null)),
  }),
);
