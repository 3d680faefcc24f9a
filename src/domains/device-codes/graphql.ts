import { z } from 'zod';
import type { Context } from '../../core/context.ts';
import { badRequest, notFound, SkillettError } from '../../core/errors.ts';
import { builder } from '../../core/schema/builder.ts';
import { enumValues } from '../../core/schema/enums.ts';
import { guardField } from '../limits/guard.ts';
import {
  authorizeDevice,
  type DeviceRequest,
  deviceCodeSeconds,
  type IssuedDeviceCode,
  intervalSeconds,
  lookUpDeviceCode,
  requestDeviceCode,
} from './device-codes.ts';
import { pollDeviceToken } from './redeem.ts';
import { describePoll, deviceGrantType, type PollError, type TokenAnswer } from './token-answer.ts';

const scopeList = { schema: z.array(z.string().max(200)).max(200) };
const codeText = { schema: z.string().max(100, 'at most 100 characters') };

const verificationUri = (context: Context) => `${context.gateway.config.publicUrl}/device`;

const DeviceCodeRef = builder.objectRef<IssuedDeviceCode>('DeviceCode').implement({
  description: 'The start of a device login: the client keeps `deviceCode`, and shows `userCode` with the address to type it at.',
  fields: (t) => ({
    deviceCode: t.exposeString('deviceCode', { description: 'The secret that the client polls with: 40 hex digits.' }),
    userCode: t.exposeString('userCode', { description: 'What the person types: `XXXX-XXXX`.' }),
    verificationUri: t.string({ description: 'Where the person types it.', resolve: (_code, _args, context) => verificationUri(context) }),
    verificationUriComplete: t.string({
      description: 'The same page with the code filled in. It still asks the person to compare the code and to approve.',
      resolve: (code, _args, context) => `${verificationUri(context)}?user_code=${code.userCode}`,
    }),
    expiresIn: t.int({ description: 'Seconds until the code expires.', resolve: () => deviceCodeSeconds }),
    interval: t.int({ description: 'Seconds to wait between two polls.', resolve: () => intervalSeconds }),
  }),
});

builder.mutationField('requestDeviceCode', (t) =>
  t.field({
    extensions: { open: true },
    type: DeviceCodeRef,
    description: 'Starts a device login. Open to everyone, ten times per minute from one address.',
    args: {
      clientName: t.arg.string({
        description: 'What the client calls itself, for the approval page and the key; at most 100 characters count.',
        validate: { schema: z.string().max(1000) },
      }),
      scopes: t.arg.stringList({ description: 'What the key is to do. Left out: everything except `operator`.', validate: scopeList }),
    },
    resolve: async (_root, args, context) => {
      await guardField(context, { field: 'requestDeviceCode', max: 10, windowSeconds: 60, by: 'address' });
      return requestDeviceCode(context.gateway, {
        clientName: args.clientName ?? undefined,
        scopes: args.scopes ?? undefined,
        address: context.address,
      });
    },
  }),
);

const DeviceRequestRef = builder.objectRef<DeviceRequest>('DeviceRequest').implement({
  description: 'What a person compares before approving a device.',
  fields: (t) => ({
    userCode: t.exposeString('userCode', { description: 'The code, to compare with the one on the device.' }),
    clientName: t.exposeString('clientName', { description: 'What the client calls itself. Anyone can claim any name.' }),
    clientAddress: t.exposeString('clientAddress', { nullable: true, description: 'The network address that asked for the code.' }),
    scopes: t.exposeStringList('scopes', { description: 'What the client asks for; approving can grant less.' }),
    ageSeconds: t.exposeInt('ageSeconds', { description: 'How many seconds ago the client asked.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the client asked.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when it can be approved.' }),
  }),
});

/** Looking up and approving are both guesses at a code, so they count together; both of one code in one request are one guess. */
async function guardGuess(context: Context, userCode: string): Promise<void> {
  await context.principal();
  const guard = () => guardField(context, { field: 'userCode', max: 10, windowSeconds: 60, by: ['address', 'user'] });
  await context.once(`guess at ${userCode}`, guard);
}

builder.queryField('deviceRequest', (t) =>
  t.field({
    type: DeviceRequestRef,
    description:
      'The device login behind a user code, for the approval page. Takes a dashboard session, and only the session that looked first may look again, approve or deny. Ten guesses per minute.',
    args: {
      userCode: t.arg.string({
        required: true,
        description: 'The code as typed; case, spaces and the dash do not matter.',
        validate: codeText,
      }),
    },
    resolve: async (_root, args, context) => {
      await guardGuess(context, args.userCode);
      return lookUpDeviceCode(context.gateway, await context.principal(), args.userCode);
    },
  }),
);

const DeviceDecisionStatus = builder.enumType('DeviceDecisionStatus', {
  description: 'What a person decided about a device.',
  values: enumValues({ authorized: 'The client gets what was granted with its next poll.', denied: 'The client gets nothing.' }),
});

const DeviceDecisionRef = builder.objectRef<{ status: 'authorized' | 'denied' }>('DeviceDecision').implement({
  description: 'The outcome of `authorizeDevice`.',
  fields: (t) => ({
    status: t.field({ type: DeviceDecisionStatus, description: 'What was decided.', resolve: (decision) => decision.status }),
  }),
});

builder.mutationField('authorizeDevice', (t) =>
  t.field({
    type: DeviceDecisionRef,
    description:
      'Approves or denies a device login, once. Takes the dashboard session that looked the code up with `deviceRequest`. Fails with `bad_request` for any other code.',
    args: {
      userCode: t.arg.string({
        required: true,
        description: 'The code as typed; case, spaces and the dash do not matter.',
        validate: codeText,
      }),
      scopes: t.arg.stringList({ description: 'What to grant of the scopes asked for. Left out: all of them.', validate: scopeList }),
      deny: t.arg.boolean({ description: 'Deny instead of approving.' }),
    },
    resolve: async (_root, args, context) => {
      await guardGuess(context, args.userCode);
      const decision = { userCode: args.userCode, scopes: args.scopes ?? undefined, deny: args.deny === true };
      return { status: await authorizeDevice(context.gateway, await context.principal(), decision, context.requestId) };
    },
  }),
);

/**
 * Ten codes per minute that live for fifteen are at most 160 of one address at a time, and each is polled twelve times per minute:
 * whoever polls at the interval is never refused, however many devices share the address.
 */
function guardPoll(context: Context): Promise<void> {
  return guardField(context, { field: 'pollDeviceToken', max: 2000, windowSeconds: 60, by: 'address' });
}

const DeviceTokenStatus = builder.enumType('DeviceTokenStatus', {
  description: 'How a device login stands.',
  values: enumValues<TokenAnswer['status']>({
    pending: 'Nobody has decided yet: poll again after the interval.',
    complete: 'Approved, and redeemed by this poll.',
    denied: 'Denied, or the account or session that approved it has ended.',
    expired: 'Nobody approved it in time. Start again.',
    used: 'Redeemed by an earlier poll. Start again.',
    invalid: 'Not a code, or not one that is known; only with `grantType`.',
  }),
});

const DeviceTokenError = builder.enumType('DeviceTokenError', {
  description: 'Why a poll gave no token, in the words of RFC 8628, section 3.5, and RFC 6749, section 5.2.',
  values: enumValues<PollError>({
    authorization_pending: 'Nobody has decided yet: poll again after the interval.',
    slow_down: 'The poll came before the interval was over. Wait five seconds longer, from now on.',
    access_denied: 'It was denied, or the account or session that approved it has ended.',
    expired_token: 'Nobody approved it in time. Start again.',
    already_used: 'It was redeemed by an earlier poll; only without `grantType`.',
    invalid_grant: 'There is no such code, or it was redeemed by an earlier poll; only with `grantType`.',
    invalid_request: 'It is not written as a device code; only with `grantType`.',
    unsupported_grant_type: 'The `grantType` is none that is taken.',
  }),
});

const DeviceUserRef = builder.objectRef<{ email: string; displayName: string }>('DeviceUser').implement({
  description: 'The person who approved a device login.',
  fields: (t) => ({
    email: t.exposeString('email', { description: 'E-mail address.' }),
    displayName: t.exposeString('displayName', { description: 'Name as the dashboard shows it.' }),
  }),
});

const DeviceTokenRef = builder.objectRef<TokenAnswer>('DeviceToken').implement({
  description: 'The answer to a poll. Without `grantType` a completed login names the person; with it, it is an API key of its own.',
  fields: (t) => ({
    status: t.field({ type: DeviceTokenStatus, description: 'How the login stands.', resolve: (answer) => answer.status }),
    error: t.field({
      type: DeviceTokenError,
      nullable: true,
      description: 'Why it is not complete; null when it is.',
      resolve: (answer) => answer.error,
    }),
    message: t.exposeString('message', { nullable: true, description: 'The same in a sentence, with what to do.' }),
    user: t.expose('user', { type: DeviceUserRef, nullable: true, description: 'Who approved it, when it is complete.' }),
    apiKeysUrl: t.string({
      nullable: true,
      description: 'Where the person makes and revokes API keys, when it is complete.',
      resolve: (answer, _args, context) => (answer.status === 'complete' ? `${context.gateway.config.publicUrl}/dashboard/api-keys` : null),
    }),
    accessToken: t.exposeString('accessToken', {
      nullable: true,
      description: 'With `grantType`: the new API key. Keep it now; it is not shown again.',
    }),
    tokenType: t.string({
      nullable: true,
      description: '`Bearer`, beside an access token.',
      resolve: (answer) => (answer.accessToken === null ? null : 'Bearer'),
    }),
    scope: t.exposeString('scope', {
      nullable: true,
      description: 'What the key may do, separated by spaces, beside an access token.',
    }),
  }),
});

builder.mutationField('pollDeviceToken', (t) =>
  t.field({
    extensions: { open: true },
    type: DeviceTokenRef,
    description:
      'Asks how a device login stands, and redeems it when it is approved. Open to whoever has the device code. Polls that come sooner than the interval make it five seconds longer; one address may poll 2,000 times per minute.',
    args: {
      deviceCode: t.arg.string({ required: true, description: 'The secret that `requestDeviceCode` gave.', validate: codeText }),
      grantType: t.arg.string({
        description: `\`${deviceGrantType}\` to get an API key for the client (RFC 8628). Left out: only who approved.`,
        validate: { schema: z.string().max(200) },
      }),
    },
    resolve: async (_root, args, context) => {
      const oauth = args.grantType !== null && args.grantType !== undefined;
      if (oauth && args.grantType !== deviceGrantType) return describePoll({ state: 'wrong_grant' }, true);
      const refusal = await guardPoll(context).catch((thrown: unknown) => thrown);
      if (refusal instanceof SkillettError && refusal.code === 'rate_limited' && oauth) return describePoll({ state: 'slow_down' }, true);
      if (refusal !== undefined) throw refusal;
      const outcome = await pollDeviceToken(context.gateway, args.deviceCode, oauth, context.requestId);
      if (!oauth && outcome.state === 'malformed')
        throw badRequest('`device_code` must be the 40 hex digits that the device login began with.');
      if (!oauth && outcome.state === 'unknown') throw notFound('Device code');
      return describePoll(outcome, oauth);
    },
  }),
);
