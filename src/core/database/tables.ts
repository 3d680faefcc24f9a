/**
 * Every table and column, in TypeScript's names (the database's are the same in snake_case). Only a table's own domain queries it. In one
 * file although it is long, since core knows no domain, and a migration, docs/data-model.md and these are compared side by side.
 */
import type { ColumnType } from 'kysely';

type Time = ColumnType<Date, Date, Date>;
type TimeOrNull = ColumnType<Date | null, Date | null | undefined, Date | null>;
type WithDefault<T> = ColumnType<T, T | undefined, T>;

// users — better-auth reads and writes the first four (through users/sign-in/auth.ts)

export interface UsersTable {
  id: string;
  email: string;
  emailVerified: WithDefault<boolean>;
  displayName: string;
  image: string | null;
  isOwner: WithDefault<boolean>;
  plan: string;
  /** Limits raised or lowered for this user alone, over the plan's: `{"perMinute": 60}`. */
  limits: ColumnType<Record<string, number | null> | null, string | null | undefined, string | null>;
  closedAt: TimeOrNull;
  /** The latest sign-in; null before the first. */
  signedInAt: TimeOrNull;
  createdAt: WithDefault<Date>;
  updatedAt: WithDefault<Date>;
}

export interface SessionsTable {
  id: string;
  userId: string;
  token: string;
  expiresAt: Time;
  ipAddress: string | null;
  userAgent: string | null;
  /** `link`, `password`, or a provider's slug. */
  signedInBy: string | null;
  createdAt: WithDefault<Date>;
  updatedAt: WithDefault<Date>;
}

/** better-auth's "account": a way to sign in here. An account in our sense is one at a service. */
export interface SignInMethodsTable {
  id: string;
  userId: string;
  accountId: string;
  providerId: string;
  accessToken: string | null;
  refreshToken: string | null;
  idToken: string | null;
  accessTokenExpiresAt: TimeOrNull;
  refreshTokenExpiresAt: TimeOrNull;
  scope: string | null;
  password: string | null;
  createdAt: WithDefault<Date>;
  updatedAt: WithDefault<Date>;
}

export interface VerificationsTable {
  id: string;
  identifier: string;
  value: string;
  expiresAt: Time;
  createdAt: WithDefault<Date>;
  updatedAt: WithDefault<Date>;
}

/** Links with which accounts may be made. */
export interface InvitationsTable {
  id: string;
  /** In lower case. */
  email: string;
  plan: string;
  /** SHA-256 of the token in the link. */
  tokenHash: Buffer;
  expiresAt: Time;
  /** Claimed; used as soon as there is a `userId` too. */
  acceptedAt: TimeOrNull;
  userId: string | null;
  withdrawnAt: TimeOrNull;
  createdAt: WithDefault<Date>;
}

// core

/** Values of the whole installation; secret ones are sealed. */
export interface SettingsTable {
  name: string;
  value: string;
  updatedAt: WithDefault<Date>;
}

/** Data keys, each wrapped by a master key (core/crypto.ts). */
export interface DataKeysTable {
  version: number;
  wrapped: string;
  createdAt: WithDefault<Date>;
}

/** Who runs a background job at the moment, by the job's name. */
export interface LeasesTable {
  name: string;
  holder: string;
  until: Time;
}

// api-keys

export interface ApiKeysTable {
  id: string;
  userId: string;
  parentId: string | null;
  /**
   * `manual`: created by a person or another key. `device`: by a device or command-line sign-in. `oauth`: by a client that a person let in,
   * for `/mcp/oauth` alone. Only the first count against the plan.
   */
  kind: WithDefault<'manual' | 'device' | 'oauth'>;
  name: string;
  keyPrefix: string;
  /** SHA-256 of the whole key; of kind `oauth`, of its resource and the key. */
  keyHash: Buffer;
  scopes: string[];
  expiresAt: TimeOrNull;
  /** Of kind `oauth`: until when its holder may renew it. */
  renewableUntil: TimeOrNull;
  revokedAt: TimeOrNull;
  createdAt: WithDefault<Date>;
}

// connections

export interface ConnectionsTable {
  id: string;
  userId: string;
  integration: string;
  /** The way to connect that the recipe names: oauth2, bearer, api_key, basic. */
  authType: string;
  /** What the provider never changes about the account. */
  providerAccountId: string;
  /** How people and agents name it: login, e-mail, workspace, or a label of the user's own. Unique per user and integration. */
  account: string;
  isDefault: WithDefault<boolean>;
  status: WithDefault<'connected' | 'reconnect_needed'>;
  /** Why a reconnect is needed, in a word of the provider. */
  statusReason: string | null;
  /** Sealed JSON; bound to this row's id. */
  credential: string;
  /** Rises with every stored credential; refreshes compare it. */
  credentialVersion: WithDefault<number>;
  /** Scopes the provider granted; null: the provider did not say, or has none. */
  providerScopes: string[] | null;
  accessExpiresAt: TimeOrNull;
  /** Whether a refresh token came with the credential. */
  refreshable: WithDefault<boolean>;
  /** What the recipe's variables are for this account, by their names: no secrets. */
  variables: WithDefault<Record<string, string>>;
  /** Who refreshes at the moment, and until when that claim holds. */
  refreshHolder: string | null;
  refreshUntil: TimeOrNull;
  frozenAt: TimeOrNull;
  refreshedAt: TimeOrNull;
  createdAt: WithDefault<Date>;
  updatedAt: WithDefault<Date>;
}

/** One POST /v1/connect: its id answers from then on, also when it replaced the credential of an earlier connection. */
export interface ConsentsTable {
  id: string;
  userId: string;
  /** The key or session that started it. */
  startedBy: string;
  integration: string;
  /** Account label asked for. */
  account: string | null;
  status: WithDefault<'pending' | 'connected' | 'error'>;
  reason: 'denied' | 'expired' | 'failed' | null;
  /** What it made or renewed; the consent goes with it. */
  connectionId: string | null;
  /** SHA-256 of the state parameter; cleared when used (RFC 6749, section 10.12). */
  stateHash: Buffer | null;
  /** Sealed: the PKCE verifier, or the grant that waits for a choice. */
  sealed: string | null;
  /** SHA-256 of the cookie of the browser in which its starter opened it. */
  browserHash: Buffer | null;
  /** Asked for by a key that may not connect by itself: a person must agree on our own page first. */
  needsConfirmation: WithDefault<boolean>;
  requestedScopes: string[];
  /** What the person gave for the recipe's variables. */
  variables: WithDefault<Record<string, string>>;
  /** JSON: what the person is to choose from before it is over; its grant is in `sealed` then. */
  choices: ColumnType<{ label: string; values: Record<string, string> }[] | null, string | null | undefined, string | null>;
  expiresAt: Time;
  createdAt: WithDefault<Date>;
}

// limits

/** One row a key (or session), updated in place. */
export interface MinuteCountersTable {
  holderId: string;
  minute: Time;
  /** Those granted. */
  executions: WithDefault<number>;
  /** How many of those asked for last were granted; a new row holds its limit instead (executions/admission/rules.ts). */
  allowance: WithDefault<number>;
  requests: WithDefault<number>;
  lastUsedAt: Time;
}

/** One row a user, updated in place. */
export interface DayCountersTable {
  userId: string;
  day: ColumnType<string, string, string>;
  executions: WithDefault<number>;
  allowance: WithDefault<number>;
}

/** Hits on fields that can be guessed or abused without a plan: field and identity → when one was let through, in seconds since 1970. */
export interface GuardedHitsTable {
  identity: string;
  hits: ColumnType<number[], number[], number[]>;
  /** Whether the last hit was let through. */
  granted: boolean;
  expiresAt: Time;
}

// audit

export interface SkillCallsTable {
  id: string;
  userId: string;
  /** The API key; null with a dashboard session. */
  keyId: string | null;
  connectionId: string | null;
  account: string | null;
  integration: string;
  /** Its name; `proxy:GET` and the like for a call by the proxy, whose path stands beside it. */
  endpoint: string;
  path: string | null;
  door: 'rest' | 'graphql' | 'mcp';
  idempotencyKey: string | null;
  parameterNames: string[];
  /** HMAC-SHA-256 of the canonical parameters under a key of this installation. */
  parameterHash: Buffer | null;
  /** `started` until the call has ended; `unknown` when its end was lost. `replayed`: answered from an idempotency key's first answer. */
  outcome: 'started' | 'succeeded' | 'upstream_failed' | 'refused' | 'failed' | 'replayed' | 'unknown';
  /** Skillett's error code, when it is the one that failed. */
  errorCode: string | null;
  upstreamStatus: number | null;
  responseBytes: number | null;
  upstreamMs: number | null;
  totalMs: number | null;
  requestId: string;
  startedAt: Time;
  completedAt: TimeOrNull;
}

/** Settled calls counted by user, hour and what people filter by; empty text where a call has no key or connection. */
export interface CallHoursTable {
  userId: string;
  hour: Time;
  integration: string;
  endpoint: string;
  keyId: string;
  connectionId: string;
  door: string;
  outcome: string;
  calls: number;
}

/** One row: every call that started up to `until` has ended and is counted in `call_hours`. */
export interface CallSettlementTable {
  one: WithDefault<boolean>;
  until: Time;
}

/** Changes of keys, connections, plans and settings; written in the transaction of the change. */
export interface AuditRowsTable {
  id: string;
  userId: string | null;
  /** Who did it: a key's or session's id, or `system`. */
  actor: string;
  action: string;
  /** The id of what was changed. */
  target: string | null;
  details: ColumnType<Record<string, unknown>, string, never>;
  requestId: string | null;
  createdAt: WithDefault<Date>;
}

// own-integrations

/** What a user imported, as the JSON of its recipe files; empty where only its slug is remembered. */
export interface OwnIntegrationsTable {
  id: string;
  ownerId: string;
  slug: string;
  version: number;
  isShared: WithDefault<boolean>;
  wasShared: WithDefault<boolean>;
  recipe: string;
  createdAt: WithDefault<Date>;
  updatedAt: WithDefault<Date>;
  removedAt: TimeOrNull;
}

export interface ImportsTable {
  id: string;
  userId: string;
  slug: string;
  status: WithDefault<string>;
  progress: WithDefault<number>;
  errorCode: ColumnType<string | null, string | null | undefined, string | null>;
  message: ColumnType<string | null, string | null | undefined, string | null>;
  /** JSON of what came of it, of one that is done. */
  result: ColumnType<string | null, string | null | undefined, string | null>;
  createdAt: Time;
  seenAt: Time;
  endedAt: TimeOrNull;
}

// executions

export interface IdempotencyClaimsTable {
  holderId: string;
  key: string;
  fingerprint: Buffer;
  callId: string;
  state: 'running' | 'done' | 'unknown';
  /** Sealed answer; null above 1 MiB. */
  answer: string | null;
  upstreamStatus: number | null;
  createdAt: Time;
  expiresAt: Time;
}

/** Deleted with its key, session or connection too. */
export interface KeptAnswersTable {
  id: string;
  userId: string;
  /** The API key or session that asked. */
  holderId: string;
  integration: string;
  endpoint: string;
  connectionId: string | null;
  /** Sealed: the rows that a budget cut. */
  answer: string;
  /** Length of `answer`. */
  bytes: number;
  createdAt: Time;
  expiresAt: Time;
}

// device-codes

export interface DeviceCodesTable {
  id: string;
  /** SHA-256 of the device code. */
  deviceCodeHash: Buffer;
  /** HMAC-SHA-256 of the user code. */
  userCodeHash: Buffer;
  clientName: string;
  clientAddress: string | null;
  scopes: string[];
  /** All but the first two are final. */
  status: WithDefault<'pending' | 'authorized' | 'denied' | 'redeemed' | 'expired'>;
  /** Who approved or denied it. */
  userId: string | null;
  /** The session that looked the code up first; only it may approve. */
  sessionId: string | null;
  grantedScopes: string[] | null;
  /** How long a client waits between polls; each poll that comes too early adds to it. */
  intervalSeconds: WithDefault<number>;
  polledAt: TimeOrNull;
  expiresAt: Time;
  createdAt: WithDefault<Date>;
}

// oauth-clients

/** Clients that registered themselves (RFC 7591). Those with a metadata document stand in oauth_client_documents for a while. */
export interface OAuthClientsTable {
  id: string;
  name: string;
  uri: string | null;
  redirectUris: string[];
  /** When a person last let it in; those that nobody let in are removed after a day. */
  usedAt: TimeOrNull;
  createdAt: WithDefault<Date>;
}

/** A client's metadata document as it was fetched for a person, or what is wrong with it. */
export interface OAuthClientDocumentsTable {
  userId: string;
  /** Its address. */
  id: string;
  name: string | null;
  uri: string | null;
  redirectUris: string[] | null;
  /** A sentence; null where there is nothing. */
  fault: string | null;
  keptUntil: Time;
}

/** What a person granted a client: at first a code, then the key that the code was redeemed for, which refresh tokens renew. */
export interface OAuthGrantsTable {
  id: string;
  userId: string;
  /** The session in which the person agreed. */
  sessionId: string;
  clientId: string;
  clientName: string;
  redirectUri: string;
  scopes: string[];
  /** SHA-256 of the code. */
  codeHash: Buffer;
  /** S256 (RFC 7636). */
  codeChallenge: string;
  codeExpiresAt: Time;
  redeemedAt: TimeOrNull;
  keyId: string | null;
  /** SHA-256 of the part that all refresh tokens of the grant have. */
  familyHash: Buffer | null;
  /** SHA-256 of the refresh token that is good. */
  refreshHash: Buffer | null;
  endsAt: Time;
  createdAt: WithDefault<Date>;
}

export interface Tables {
  users: UsersTable;
  sessions: SessionsTable;
  signInMethods: SignInMethodsTable;
  verifications: VerificationsTable;
  invitations: InvitationsTable;
  settings: SettingsTable;
  dataKeys: DataKeysTable;
  leases: LeasesTable;
  apiKeys: ApiKeysTable;
  connections: ConnectionsTable;
  consents: ConsentsTable;
  minuteCounters: MinuteCountersTable;
  dayCounters: DayCountersTable;
  guardedHits: GuardedHitsTable;
  skillCalls: SkillCallsTable;
  callHours: CallHoursTable;
  callSettlement: CallSettlementTable;
  auditRows: AuditRowsTable;
  idempotencyClaims: IdempotencyClaimsTable;
  keptAnswers: KeptAnswersTable;
  deviceCodes: DeviceCodesTable;
  oauthClients: OAuthClientsTable;
  oauthClientDocuments: OAuthClientDocumentsTable;
  oauthGrants: OAuthGrantsTable;
  ownIntegrations: OwnIntegrationsTable;
  imports: ImportsTable;
}
