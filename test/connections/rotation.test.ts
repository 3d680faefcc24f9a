import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/core/context.ts';
import { sealedVersion, Vault, WrongMasterKey } from '../../src/core/crypto.ts';
import { credentialFor } from '../../src/domains/connections/connections.ts';
import { countStaleCredentials, resealCredentials } from '../../src/domains/connections/credential/reseal.ts';
import { resealEverything } from '../../src/domains/operations/operations.ts';
import { makeIntegration, openStandGateway } from './gateway.ts';
import { seedOAuthConnection } from './seed.ts';
import { createStand, type Stand } from './stand.ts';

const forge = makeIntegration('forge', {
  auth: [
    {
      type: 'oauth2',
      authorize_url: 'https://forge.example/authorize',
      token_url: 'https://forge.example/token',
      register: { url: 'https://forge.example/apps', how: 'Register.' },
      scopes: {},
    },
  ],
});

let stand: Stand;
const others: Gateway[] = [];

beforeEach(async () => {
  stand = await createStand([forge]);
});

afterEach(async () => {
  for (const other of others.splice(0)) {
    await other.outbound.close();
    await other.database.close();
  }
  await stand.close();
});

async function seedConnections(count: number): Promise<string[]> {
  const { userId } = await stand.addUser();
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      seedOAuthConnection(stand.gateway, { userId, integration: 'forge', accessToken: `token-${at}`, refreshToken: null }),
    ),
  );
}

async function tokenOf(gateway: Gateway, id: string): Promise<string | undefined> {
  const injected = await credentialFor(gateway, forge, await stand.admitted(id));
  return injected.headers.authorization;
}

describe('the master key', () => {
  it('is changed by listing the new one first; then the old one can go', async () => {
    const [id] = (await seedConnections(1)) as [string];
    const { db } = stand.gateway;
    const [old, fresh] = [stand.masterKey, randomBytes(32)];
    await expect(Vault.open(db, [fresh])).rejects.toBeInstanceOf(WrongMasterKey);
    const during = await Vault.open(db, [fresh, old]);
    const sealed = (await stand.admitted(id)).credential;
    expect(await during.open(sealed, id)).toContain('token-0');
    const after = await Vault.open(db, [fresh]);
    expect(await after.open(sealed, id)).toContain('token-0');
    await expect(Vault.open(db, [old])).rejects.toBeInstanceOf(WrongMasterKey);
  });

  it('may be changed by two processes that start together', async () => {
    const [id] = (await seedConnections(1)) as [string];
    const { db } = stand.gateway;
    const list = [randomBytes(32), stand.masterKey];
    const vaults = await Promise.all([Vault.open(db, list), Vault.open(db, list)]);
    for (const vault of vaults) expect(await vault.open((await stand.admitted(id)).credential, id)).toContain('token-0');
    await expect(Vault.open(db, list.slice(0, 1))).resolves.toBeInstanceOf(Vault);
  });
});

describe('a new data key', () => {
  it('seals what comes, leaves what was readable, and everything is brought under it in batches', async () => {
    const ids = await seedConnections(5);
    const { gateway } = stand;
    await gateway.vault.writeSecret(gateway.db, 'planted', 'word');
    expect(await countStaleCredentials(gateway)).toBe(0);
    expect(await gateway.vault.addDataKey(gateway.db)).toBe(2);
    await gateway.vault.reload();
    expect(gateway.vault.currentVersion).toBe(2);
    expect(await countStaleCredentials(gateway)).toBe(5);
    expect(await tokenOf(gateway, ids[3] as string)).toBe('Bearer token-3');
    expect(await resealCredentials(gateway, 2)).toBe(2);
    expect(await countStaleCredentials(gateway)).toBe(3);
    expect(await resealCredentials(gateway, 100)).toBe(3);
    expect(await resealCredentials(gateway, 100)).toBe(0);
    expect(await gateway.vault.countStaleSecrets()).toBe(1);
    expect(await gateway.vault.resealSecrets(100, () => {})).toBe(1);
    expect(await gateway.vault.countStaleSecrets()).toBe(0);
    expect(await gateway.vault.readSecret('planted')).toBe('word');
    for (const [at, id] of ids.entries()) {
      const row = await stand.admitted(id);
      expect(sealedVersion(row.credential)).toBe(2);
      expect(row.credentialVersion).toBe(1);
      expect(await tokenOf(gateway, id)).toBe(`Bearer token-${at}`);
    }
  });

  it('is not held up by a value that does not open', async () => {
    const ids = await seedConnections(3);
    const { gateway } = stand;
    const broken = `1.${'A'.repeat(60)}`;
    await gateway.db
      .updateTable('connections')
      .set({ credential: broken as never })
      .where('id', '=', ids[0] as string)
      .execute();
    await gateway.vault.addDataKey(gateway.db);
    await gateway.vault.reload();
    expect(await resealCredentials(gateway, 100)).toBe(2);
    expect(await resealCredentials(gateway, 100)).toBe(0);
    expect(await countStaleCredentials(gateway)).toBe(1);
    expect((await stand.admitted(ids[0] as string)).credential).toBe(broken);
    expect(await tokenOf(gateway, ids[2] as string)).toBe('Bearer token-2');
    expect(stand.log.join()).toContain(ids[0]);
  });

  it('is not held up by a secret of the installation that does not open, which is named in the log', async () => {
    const { gateway } = stand;
    await seedConnections(150);
    await gateway.vault.writeSecret(gateway.db, 'sound', 'word');
    await gateway.vault.writeSecret(gateway.db, 'oauth-client/broken', 'word');
    const moved = await gateway.db.selectFrom('settings').select('value').where('name', '=', 'sound').executeTakeFirstOrThrow();
    await gateway.db.updateTable('settings').set({ value: moved.value }).where('name', '=', 'oauth-client/broken').execute();
    await gateway.vault.addDataKey(gateway.db);
    await resealEverything(gateway);
    expect([await countStaleCredentials(gateway), await gateway.vault.countStaleSecrets()]).toEqual([0, 1]);
    expect(await gateway.vault.readSecret('sound')).toBe('word');
    expect(stand.log.join()).toContain('"secret":"oauth-client/broken"');
  });

  it('is found by the other processes when they meet it', async () => {
    const [id] = (await seedConnections(1)) as [string];
    const other = await openStandGateway(stand.databaseUrl, stand.masterKey, [forge], {});
    others.push(other);
    await stand.gateway.vault.addDataKey(stand.gateway.db);
    await stand.gateway.vault.reload();
    await resealCredentials(stand.gateway, 100);
    expect(await tokenOf(other, id)).toBe('Bearer token-0');
    expect(other.vault.currentVersion).toBe(2);
  });

  it('made twice at once is one', async () => {
    const other = await openStandGateway(stand.databaseUrl, stand.masterKey, [forge], {});
    others.push(other);
    await Promise.all([stand.gateway, other].map(({ vault, db }) => vault.addDataKey(db)));
    await Promise.all([stand.gateway, other].map(({ vault }) => vault.reload()));
    expect([stand.gateway.vault.currentVersion, other.vault.currentVersion]).toEqual([2, 2]);
    expect(await other.vault.open(stand.gateway.vault.seal('word', 'row'), 'row')).toBe('word');
  });

  it('does not bring back a credential that was replaced while it was sealed anew', async () => {
    const [id] = (await seedConnections(1)) as [string];
    const { gateway } = stand;
    await gateway.vault.addDataKey(gateway.db);
    await gateway.vault.reload();
    const { vault } = gateway;
    const slow = Object.create(vault, {
      currentVersion: { get: () => vault.currentVersion },
      reseal: {
        value: async (value: string, rowId: string) => {
          await seedOAuthConnection(gateway, {
            userId: 'unused',
            integration: 'forge',
            accessToken: 'newer',
            refreshToken: null,
            over: id,
          });
          return vault.reseal(value, rowId);
        },
      },
    }) as Vault;
    await resealCredentials({ ...gateway, vault: slow }, 10);
    expect(await tokenOf(gateway, id)).toBe('Bearer newer');
  });
});
