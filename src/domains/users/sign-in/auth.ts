/**
 * Sign-in and sessions of people, by better-auth. Only this file imports it. It gets a Kysely of its own without the
 * plugins of ours, over the same connections; its tables are in our migrations under our names, and ids are ours.
 */
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth';
import { APIError, createAuthEndpoint, createAuthMiddleware } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import { z } from 'zod';
import type { Clock } from '../../../core/clock.ts';
import type { Config } from '../../../core/config/config.ts';
import type { Db } from '../../../core/database/database.ts';
import { type IdPrefix, newId } from '../../../core/ids.ts';
import type { Log } from '../../../core/log.ts';
import { admitNewcomer, type Newcomer, RegistrationRefused, recordRegistration, requireMayRegister } from '../registration.ts';
import { findUser } from '../store.ts';
import { recordSignIn } from '../users.ts';
import { findPasswordFault } from './common-passwords.ts';
import { linkPath, takeSignInLink } from './sign-in-links.ts';

/** How passwords are kept: slow on purpose, 140 ms of CPU for one. */
export interface PasswordHashing {
  hash(password: string): Promise<string>;
  verify(tried: { hash: string; password: string }): Promise<boolean>;
}

export const passwordHashing: PasswordHashing = { hash: hashPassword, verify: verifyPassword };

/** Set by our server on every request to better-auth, over whatever the client sent: the address that TRUST_PROXY yields. */
export const addressHeader = 'x-skillett-address';

export const authPath = '/api/auth';

/** Characters. */
export const passwordLength = { min: 10, max: 128 } as const;

const nameLengthMax = 100;

const sessionSeconds = 30 * 24 * 60 * 60;

const idPrefixes: Record<string, IdPrefix> = { user: 'user', session: 'sess', account: 'acct', verification: 'ver' };

export interface Auth {
  /** Answers everything below `/api/auth/`. */
  handle(request: Request): Promise<Response>;
  /** The session that a Cookie header carries, if it is good now. */
  findSession(cookie: string): Promise<{ sessionId: string; userId: string } | undefined>;
}

export interface AuthOptions {
  config: Config;
  db: Db;
  clock: Clock;
  log: Log;
  secret: string;
  passwordHashing: PasswordHashing;
}

export function createAuth(options: AuthOptions): Auth {
  const auth = betterAuth({ ...baseOptions(options), plugins: [signInLinks(options)] });
  return {
    handle: (request) => auth.handler(request),
    findSession: async (cookie) => {
      const found = await auth.api.getSession({ headers: new Headers({ cookie }), query: { disableRefresh: true } });
      return found ? { sessionId: found.session.id, userId: found.session.userId } : undefined;
    },
  };
}

/**
 * The route that the page of a one-time link posts to. better-auth's own links are proofs of a mailbox, and take passwords from users
 * whose address was never proven; ours are handed over by whoever runs the installation and prove no address.
 */
function signInLinks({ config, db, clock }: AuthOptions): BetterAuthPlugin {
  return {
    id: 'sign-in-links',
    endpoints: {
      useSignInLink: createAuthEndpoint(
        linkPath,
        { method: 'POST', body: z.object({ token: z.string().optional() }), requireHeaders: true },
        async (ctx) => {
          const userId = ctx.body.token === undefined ? undefined : await takeSignInLink({ db, clock }, ctx.body.token);
          const user = userId === undefined ? null : await ctx.context.internalAdapter.findUserById(userId);
          if (!user) throw ctx.redirect(`${config.publicUrl}/sign-in?error=link_invalid`);
          const session = await ctx.context.internalAdapter.createSession(user.id);
          await setSessionCookie(ctx, { session, user });
          throw ctx.redirect(`${config.publicUrl}/dashboard`);
        },
      ),
    },
  };
}

function baseOptions(options: AuthOptions) {
  const { config, db, log, secret } = options;
  return {
    appName: 'Skillett',
    // Requests come without the path of PUBLIC_URL.
    baseURL: config.publicOrigin,
    basePath: authPath,
    secret,
    trustedOrigins: [config.publicOrigin],
    database: { db: db.withoutPlugins(), type: 'postgres' as const },
    telemetry: { enabled: false },
    logger: { log: (level, message) => log[level]({ part: 'sign-in' }, message) },
    onAPIError: { errorURL: `${config.publicUrl}/sign-in` },
    // Ours counts in the database, for every process together (app/pages/sign-in.ts).
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
      password: options.passwordHashing,
      autoSignIn: true,
    },
    socialProviders: socialProviders(config),
    advanced: {
      cookiePrefix: 'skillett',
      // Said, because better-auth leaves these checks out where NODE_ENV is `test`.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      useSecureCookies: config.publicUrl.startsWith('https:'),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: ({ model }) => newId(idPrefixes[model] ?? 'ver') },
    },
    hooks: {
      before: createAuthMiddleware(async (ctx) => {
        if (ctx.path !== '/sign-up/email') return;
        await orRefuse(requireMayRegister(options, newcomerOf({ email: String(ctx.body?.email), emailVerified: false }, ctx.body)));
        const fault = await findPasswordFault(String(ctx.body?.password).slice(0, passwordLength.max), String(ctx.body?.email));
        if (fault !== undefined) throw new APIError('BAD_REQUEST', { code: 'PASSWORD_TOO_COMMON', message: fault });
      }),
    },
    databaseHooks: databaseHooks(options),
    ...tables,
  } satisfies BetterAuthOptions;
}

/** What we decide and write down beside better-auth's own steps. */
function databaseHooks(options: AuthOptions) {
  const { db, clock } = options;
  return {
    user: {
      create: {
        before: async (user, ctx) => {
          const plan = await orRefuse(admitNewcomer(options, newcomerOf(user, ctx?.body)));
          // A sign-up by e-mail says of itself what it likes; a picture is only taken from a provider.
          const image = ctx?.path === '/sign-up/email' ? null : user.image;
          return { data: { ...user, name: cleanName(user), image, plan } };
        },
        after: (user) => recordRegistration(options, user),
      },
    },
    session: {
      create: {
        before: async (session, ctx) => {
          const user = await findUser(db, session.userId);
          if (!user || user.closedAt)
            throw new APIError('FORBIDDEN', {
              code: 'ACCOUNT_CLOSED',
              message: 'This account is closed. Ask the person who runs this installation.',
            });
          return { data: { ...session, signedInBy: wayOf(ctx) } };
        },
        after: (session) => recordSignIn({ db, clock }, session),
      },
    },
  } satisfies BetterAuthOptions['databaseHooks'];
}

/** Shown where operators decide about people, so it cannot reorder, hide or break the text around it. */
function cleanName({ name, email }: { name: string; email: string }): string {
  const clean = name.replace(/[\p{C}\s]+/gu, ' ').trim();
  return [...clean].slice(0, nameLengthMax).join('').trim() || (email.split('@', 1)[0] as string);
}

/** `link`, the provider that the person comes back from or that vouches for them, or `password`. */
function wayOf(ctx: { path?: string; params?: unknown; body?: unknown } | null): string {
  if (ctx?.path === linkPath) return 'link';
  const { id } = (ctx?.params ?? {}) as { id?: unknown };
  const { provider } = (ctx?.path === '/sign-in/social' ? ctx.body : {}) as { provider?: unknown };
  return String(id ?? provider ?? 'password');
}

function newcomerOf(user: { email: string; emailVerified: boolean }, body: unknown): Newcomer {
  const token = (body as { invitation?: unknown } | undefined)?.invitation;
  return { email: user.email, emailVerified: user.emailVerified, token: typeof token === 'string' ? token : undefined };
}

async function orRefuse<Value>(decision: Promise<Value>): Promise<Value> {
  try {
    return await decision;
  } catch (error) {
    if (error instanceof RegistrationRefused) throw new APIError('FORBIDDEN', { code: 'SIGN_UP_REFUSED', message: error.message });
    throw error;
  }
}

/** Whose OAuth clients are set like those of integrations, by provider: SKILLETT_SIGN_IN_GOOGLE_CLIENT_ID and so on. */
export const signInClients = { google: 'sign_in_google', github: 'sign_in_github' } as const;

/** The providers that people can sign in with, by slug. */
export function listSignInProviders(config: Config): string[] {
  return Object.keys(socialProviders(config));
}

/** Google and GitHub sign-in, where a client is configured for it. */
function socialProviders(config: Config): NonNullable<BetterAuthOptions['socialProviders']> {
  const client = (slug: string) => {
    const settings = config.integrations.get(slug);
    return settings?.clientId && settings.clientSecret ? { clientId: settings.clientId, clientSecret: settings.clientSecret } : undefined;
  };
  const withReturn = (provider: keyof typeof signInClients) => {
    const known = client(signInClients[provider]);
    return known && { ...known, redirectURI: `${config.publicUrl}${authPath}/callback/${provider}` };
  };
  const google = withReturn('google');
  const github = withReturn('github');
  return { ...(google ? { google } : {}), ...(github ? { github } : {}) };
}

/** better-auth's models and fields under our names. */
const times = { createdAt: 'created_at', updatedAt: 'updated_at' };
const tables = {
  user: {
    modelName: 'users',
    fields: { name: 'display_name', emailVerified: 'email_verified', ...times },
    additionalFields: { plan: { type: 'string', required: false, input: false, returned: false } },
  },
  session: {
    modelName: 'sessions',
    fields: { userId: 'user_id', expiresAt: 'expires_at', ipAddress: 'ip_address', userAgent: 'user_agent', ...times },
    additionalFields: { signedInBy: { type: 'string', required: false, input: false, returned: false, fieldName: 'signed_in_by' } },
    expiresIn: sessionSeconds,
    // A cached session would outlive its revocation on another process.
    cookieCache: { enabled: false },
  },
  account: {
    modelName: 'sign_in_methods',
    fields: {
      userId: 'user_id',
      accountId: 'account_id',
      providerId: 'provider_id',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
      ...times,
    },
    // Tokens of a sign-in provider are not needed after sign-in, so they are encrypted rather than trusted to the table.
    encryptOAuthTokens: true,
  },
  verification: { modelName: 'verifications', fields: { expiresAt: 'expires_at', ...times } },
} as const satisfies Partial<BetterAuthOptions>;
