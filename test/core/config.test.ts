import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/core/config/config.ts';
import { ConfigFaults } from '../../src/core/config/reader.ts';

const key = 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=';

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('have defaults that start on one machine without any', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      publicUrl: 'http://localhost:4000',
      publicOrigin: 'http://localhost:4000',
      databaseUrl: undefined,
      dataFolder: './data',
      signUp: 'nobody',
    });
    expect(config.plans.free).toEqual({ perMinute: 30, perDay: 10_000, connections: 3, apiKeys: 1 });
  });

  it('are all checked before the first fault is reported', () => {
    const faults = faultsOf({
      PORT: 'eighty',
      PUBLIC_URL: 'ftp://example.org',
      DATABASE_URL: 'mysql://localhost',
      WORKERS: '0',
      SKILLETT_LIMITS: '{"gold":{}}',
      SKILLETT_SIGN_UP: 'friends',
      TRUST_PROXY: 'proxy',
      SKILLETT_OUTBOUND_ALLOW: 'http://git/x',
      LOG_LEVEL: 'loud',
    });
    for (const name of [
      'PORT',
      'PUBLIC_URL',
      'DATABASE_URL',
      'WORKERS',
      'SKILLETT_LIMITS',
      'SKILLETT_SIGN_UP',
      'TRUST_PROXY',
      'SKILLETT_OUTBOUND_ALLOW',
      'LOG_LEVEL',
      'SKILLETT_MASTER_KEY',
    ])
      expect(faults.filter((fault) => fault.startsWith(name))).toHaveLength(1);
  });

  it('need a master key with DATABASE_URL, and take a list', () => {
    expect(faultsOf({ DATABASE_URL: 'postgres://localhost/x' })[0]).toContain('openssl rand -base64 32');
    expect(readConfig({ DATABASE_URL: 'postgres://localhost/x', SKILLETT_MASTER_KEY: `${key},${key}` }).masterKeys).toHaveLength(2);
    expect(faultsOf({ SKILLETT_MASTER_KEY: `${key},short` })[0]).toContain('Key 2');
  });

  it('refuse a sample master key in production', () => {
    const zeros = Buffer.alloc(32).toString('base64');
    expect(faultsOf({ NODE_ENV: 'production', SKILLETT_MASTER_KEY: zeros })).toHaveLength(1);
    expect(faultsOf({ NODE_ENV: 'production', SKILLETT_MASTER_KEY: key })).toEqual([]);
    expect(faultsOf({ SKILLETT_MASTER_KEY: zeros })).toEqual([]);
  });

  it('let several processes share any database, of which the embedded one is asked at the start', () => {
    expect(faultsOf({ WORKERS: '2' })).toEqual([]);
    expect(faultsOf({ WORKERS: '2', DATABASE_URL: 'postgres://localhost/x', SKILLETT_MASTER_KEY: key })).toEqual([]);
  });

  it('change single limits and leave the others', () => {
    const config = readConfig({ SKILLETT_LIMITS: '{"unlimited":{"perMinute":null},"free":{"apiKeys":5}}' });
    expect(config.plans.unlimited.perMinute).toBeNull();
    expect(config.plans.free).toEqual({ perMinute: 30, perDay: 10_000, connections: 3, apiKeys: 5 });
  });

  it('take limits that the database can count to, and refuse larger ones', () => {
    const limitsOf = (perDay: number) => ({ SKILLETT_LIMITS: JSON.stringify({ pro: { perDay } }) });
    expect(readConfig(limitsOf(1_000_000_000)).plans.pro.perDay).toBe(1_000_000_000);
    expect(faultsOf(limitsOf(2_147_483_648))).toEqual([expect.stringMatching(/SKILLETT_LIMITS at pro\.perDay: .*null means no limit/)]);
  });

  it('name integrations by upper-case slug, underscores included', () => {
    const config = readConfig({ SKILLETT_GITHUB_BASE_URL: 'https://git.example.org/api/v3/', SKILLETT_OPEN_METEO_CLIENT_ID: 'abc' });
    expect(config.integrations.get('github')).toEqual({ baseUrl: 'https://git.example.org/api/v3' });
    expect(config.integrations.get('open_meteo')).toEqual({ clientId: 'abc' });
    const scopes = readConfig({ SKILLETT_GITHUB_EXTRA_SCOPES: ' workflow,read:org  gist, ' }).integrations.get('github');
    expect(scopes).toEqual({ extraScopes: ['workflow', 'read:org', 'gist'] });
  });
});
