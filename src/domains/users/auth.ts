/**
 * Sign-in and sessions of people, by better-auth. Only this file imports it. It gets a Kysely of its own without the
 * plugins of ours, over the same connections; its tables are in our migrations under our names, and ids are ours.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { APIError } from 'better-auth/api';
import { toNodeHandler } from 'better-auth/node';
import { magicLink } from 'better-auth/plugins';
import type { Config } from '../../core/config.ts';
import type { Db } from '../../core/database.ts';
import { type IdPrefix, newId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';

/** Set by our server on every request to better-auth, over whatever the client sent: the address that TRUST_PROXY yields. */
export const addressHeader = 'x-skillett-address';

export const authPath = '/api/auth';

const firstLinkSeconds = 7 * 24 * 60 * 60;
const sessionSeconds = 30 * 24 * 60 * 60;

const idPrefixes: Record<string, IdPrefix> = { user: 'user', session: 'sess', account: 'acct', verification: 'ver' };

export interface Auth {
  /** Answers everything below `/api/auth/`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** The session that a Cookie header carries, if it is good now. */
  findSession(cookie: string): Promise<{ sessionId: string; userId: string } | undefined>;
  /** A link that signs the user with this address in, once, within seven days. */
  makeSignInLink(email: string): Promise<string>;
}

/** `mayRegister` decides about every new account, whichever way it comes; its sentence refuses. */
export interface AuthOptions {
  config: Config;
  db: Db;
  log: Log;
  secret: string;
  mayRegister(email: string): Promise<string | undefined>;
}

export function createAuth(options: AuthOptions): Auth {
  const links = new Map<string, string>();
  const auth = betterAuth({ ...baseOptions(options), plugins: [oneTimeLink(options.config, links)] });
  const handler = toNodeHandler(auth);
  return {
    handle: async (request, response) => {
      await handler(request, response);
    },
    findSession: async (cookie) => {
      const found = await auth.api.getSession({ headers: new Headers({ cookie }), query: { disableRefresh: true } });
      return found ? { sessionId: found.session.id, userId: found.session.userId } : undefined;
    },
    makeSignInLink: async (email) => {
      await auth.api.signInMagicLink({ body: { email, callbackURL: '/dashboard', errorCallbackURL: '/sign-in' }, headers: new Headers() });
      const link = links.get(email) as string;
      links.delete(email);
      return link;
    },
  };
}

/** The link is not mailed: whoever runs the installation hands it over. */
function oneTimeLink(config: Config, links: Map<string, string>) {
  return magicLink({
    disableSignUp: true,
    expiresIn: firstLinkSeconds,
    storeToken: 'hashed',
    sendMagicLink: ({ email, token }) => {
      const url = new URL(`${config.publicUrl}${authPath}/magic-link/verify`);
      url.search = new URLSearchParams({ token, callbackURL: '/dashboard', errorCallbackURL: '/sign-in' }).toString();
      links.set(email, url.href);
    },
  });
}

function baseOptions({ config, db, log, secret, mayRegister }: AuthOptions) {
  return {
    appName: 'Skillett',
    baseURL: config.publicUrl,
    basePath: authPath,
    secret,
    trustedOrigins: [new URL(config.publicUrl).origin],
    database: { db: db.withoutPlugins(), type: 'postgres' as const },
    telemetry: { enabled: false },
    logger: { log: (level, message) => log[level]({ part: 'sign-in' }, message) },
    // Ours counts in the database, for every process together (app/sign-in-door.ts).
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true, minPasswordLength: 10, maxPasswordLength: 128, autoSignIn: true },
    socialProviders: socialProviders(config),
    advanced: {
      cookiePrefix: 'skillett',
      useSecureCookies: config.publicUrl.startsWith('https:'),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: ({ model }) => newId(idPrefixes[model] ?? 'ver') },
    },
    databaseHooks: {
      user: {
        create: {
          before: async (user) => {
            const refusal = await mayRegister(user.email);
            if (refusal !== undefined) throw new APIError('FORBIDDEN', { code: 'SIGN_UP_REFUSED', message: refusal });
            return { data: { ...user, plan: config.defaultPlan } };
          },
        },
      },
    },
    ...tables,
  } satisfies BetterAuthOptions;
}

/** Google and GitHub sign-in, where a client is configured for it: SKILLETT_SIGN_IN_GOOGLE_CLIENT_ID and so on. */
function socialProviders(config: Config): NonNullable<BetterAuthOptions['socialProviders']> {
  const client = (slug: string) => {
    const settings = config.integrations.get(slug);
    return settings?.clientId && settings.clientSecret ? { clientId: settings.clientId, clientSecret: settings.clientSecret } : undefined;
  };
  const google = client('sign_in_google');
  const github = client('sign_in_github');
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
