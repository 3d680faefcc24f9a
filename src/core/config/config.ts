/**
 * The only reader of the environment. `readConfig` returns every setting checked, or every fault at once in plain
 * sentences, before anything listens.
 */
import { isIP } from 'node:net';
import { type IntegrationSettings, integrationSetting, readIntegrations } from './integration-settings.ts';
import { type PlanLimits, type PlanName, planNames, readPlans } from './plans.ts';
import { ConfigFaults, type Env, Reader } from './reader.ts';

export interface Config {
  production: boolean;
  host: string;
  port: number;
  /** Without a trailing slash. */
  publicUrl: string;
  /** Of `publicUrl`: what a browser on our own pages names as its origin. */
  publicOrigin: string;
  /** The path of `publicUrl`, such as `/skillett`; empty where it has none. */
  publicPath: string;
  /** Undefined: an embedded database in `dataFolder`. */
  databaseUrl: string | undefined;
  dataFolder: string;
  /** 32-byte keys; the first wraps, all unwrap. Empty in embedded mode until `./data` provides one. */
  masterKeys: Buffer[];
  recipesFolder: string | undefined;
  integrations: ReadonlyMap<string, IntegrationSettings>;
  /** `host` or `host:port`, exempt from the outbound refusals. */
  outboundAllow: readonly string[];
  /** Origins, as browsers print them, whose pages may call with a key. */
  corsOrigins: readonly string[];
  /** Client connections that this process holds at once. */
  connectionsMax: number;
  plans: Record<PlanName, PlanLimits>;
  defaultPlan: PlanName;
  signUp: 'nobody' | 'invited' | 'anyone';
  workers: number;
  logLevel: string;
  /** Addresses or networks (CIDR) of proxies whose forwarding headers count. */
  trustProxy: readonly string[];
  introspection: boolean;
  playground: boolean;
  /** How long the call log is kept. */
  callRetentionDays: number;
  /** Renew credentials that their services would forget when nobody uses them. */
  idleRefresh: boolean;
  /** Names that are set, look like settings of ours and are none; `core/config/setting-slips.ts` says what they may stand for. */
  unknownNames: readonly string[];
  /** Every name that is a setting, but for those of integrations. */
  settingNames: readonly string[];
  /** Names of variables that other programs find their proxy in. */
  proxyNames: readonly string[];
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
/** Our prefix, or what somebody wrote for it. */
const ownName = /^skil+et+e?_/i;

/** Reads every setting. Throws ConfigFaults with all that is wrong. */
export function readConfig(env: Env): Config {
  const read = new Reader(env);
  const host = read.text('HOST') ?? '127.0.0.1';
  const port = read.integer('PORT', 4000, 0, 65535);
  const databaseUrl = readDatabaseUrl(read);
  const workers = read.integer('WORKERS', 1, 1, 256);
  const production = read.text('NODE_ENV') === 'production';
  const publicUrl = read.httpUrl('PUBLIC_URL', read.text('PUBLIC_URL') ?? `http://localhost:${port}`);
  const config: Config = {
    production,
    host,
    port,
    publicUrl,
    publicOrigin: URL.parse(publicUrl)?.origin ?? publicUrl,
    publicPath: URL.parse(publicUrl)?.pathname.replace(/\/$/, '') ?? '',
    databaseUrl,
    dataFolder: read.text('SKILLETT_DATA') ?? './data',
    masterKeys: readMasterKeys(read, databaseUrl !== undefined, production),
    recipesFolder: read.text('SKILLETT_RECIPES'),
    integrations: readIntegrations(read),
    outboundAllow: readOutboundAllow(read),
    corsOrigins: readCorsOrigins(read),
    connectionsMax: read.integer('SKILLETT_CONNECTIONS_MAX', 4_000, 1, 1_000_000),
    plans: readPlans(read),
    defaultPlan: read.oneOf('SKILLETT_DEFAULT_PLAN', planNames, 'free'),
    signUp: read.oneOf('SKILLETT_SIGN_UP', ['nobody', 'invited', 'anyone'], 'nobody'),
    workers,
    logLevel: read.oneOf('LOG_LEVEL', logLevels, 'info'),
    trustProxy: readTrustProxy(read),
    introspection: read.flag('SKILLETT_INTROSPECTION', true),
    playground: read.flag('SKILLETT_PLAYGROUND', true),
    callRetentionDays: read.integer('SKILLETT_CALL_RETENTION_DAYS', 90, 1, 3650),
    idleRefresh: read.flag('SKILLETT_IDLE_REFRESH', true),
    unknownNames: [],
    settingNames: [],
    proxyNames: listSet(env).filter((name) => /^(https?|all)_proxy$/i.test(name)),
  };
  config.settingNames = read.names.filter((name) => !integrationSetting.test(name));
  // Kubernetes names the address of a service called skillett SKILLETT_PORT.
  const isAddress = (name: string) => env[name]?.startsWith('tcp://');
  config.unknownNames = listSet(env).filter((name) => ownName.test(name) && !read.names.includes(name) && !isAddress(name));
  if (read.faults.length > 0) throw new ConfigFaults(read.faults);
  return config;
}

function listSet(env: Env): string[] {
  return Object.keys(env).filter((name) => env[name]?.trim());
}

function readDatabaseUrl(read: Reader): string | undefined {
  const value = read.text('DATABASE_URL');
  if (value !== undefined && !/^postgres(ql)?:\/\//.test(value))
    read.faults.push('DATABASE_URL must start with postgres:// or postgresql://. Leave it out to use the embedded database.');
  return value;
}

function readMasterKeys(read: Reader, required: boolean, production: boolean): Buffer[] {
  const remedy = 'Make one with: openssl rand -base64 32';
  const parts = read.list('SKILLETT_MASTER_KEY');
  if (parts.length === 0) {
    if (required) read.faults.push(`SKILLETT_MASTER_KEY is needed with DATABASE_URL: every process must hold the same key. ${remedy}`);
    return [];
  }
  const keys = parts.map((part) => Buffer.from(part, 'base64'));
  for (const [at, key] of keys.entries()) {
    const place = parts.length > 1 ? `Key ${at + 1} of SKILLETT_MASTER_KEY` : 'SKILLETT_MASTER_KEY';
    if (key.length !== 32) read.faults.push(`${place} must be 32 bytes in base64. ${remedy}`);
    else if (production && new Set(key).size < 8)
      read.faults.push(`${place} is a sample or too regular to be secret, and NODE_ENV is production. ${remedy}`);
  }
  return keys;
}

function readOutboundAllow(read: Reader): string[] {
  const entries = read.list('SKILLETT_OUTBOUND_ALLOW');
  for (const entry of entries) {
    const url = URL.parse(`http://${entry}`);
    if (url?.pathname !== '/' || url.username || url.search)
      read.faults.push(
        `SKILLETT_OUTBOUND_ALLOW holds "${entry}", but each entry must be a host or host:port, such as git.example.org or 127.0.0.1:8080.`,
      );
  }
  return entries;
}

/** RFC 6454, section 6.2: what browsers print as the origin of a page. */
function readCorsOrigins(read: Reader): string[] {
  return read.list('SKILLETT_CORS_ORIGINS').map((entry) => {
    const url = URL.parse(entry);
    const isOrigin =
      url &&
      /^https?:$/.test(url.protocol) &&
      !/[*\\]/.test(entry) &&
      !url.username &&
      !url.password &&
      /^[^/]+:\/\/[^/?#]+\/?$/.test(entry);
    if (isOrigin) return url.origin;
    read.faults.push(
      `SKILLETT_CORS_ORIGINS holds "${entry}", but each entry must be one origin: http or https, host and port if it has one, such as https://app.example.org or http://localhost:5173. There are no wildcards, paths or "null".`,
    );
    return entry;
  });
}

function readTrustProxy(read: Reader): string[] {
  const entries = read.list('TRUST_PROXY');
  for (const entry of entries) {
    const [address, bits, rest] = entry.split('/');
    const family = isIP(address ?? '');
    if (
      family === 0 ||
      rest !== undefined ||
      (bits !== undefined && !(Number.isInteger(Number(bits)) && Number(bits) >= 0 && Number(bits) <= (family === 6 ? 128 : 32)))
    )
      read.faults.push(`TRUST_PROXY holds "${entry}", but each entry must be an address or a network, such as 127.0.0.1 or 10.0.0.0/8.`);
  }
  return entries;
}
