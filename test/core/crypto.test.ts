import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HmacKey, Vault, WrongMasterKey } from '../../src/core/crypto.ts';
import { createTestDatabase } from '../support/database.ts';

let test: Awaited<ReturnType<typeof createTestDatabase>>;
const masterKey = randomBytes(32);
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

describe('the vault', () => {
  it('opens what it sealed, also in another process of the installation', async () => {
    const [first, second] = await Promise.all([Vault.open(test.database.db, [masterKey]), Vault.open(test.database.db, [masterKey])]);
    const sealed = first.seal('planted-secret', 'conn_1');
    expect(sealed).not.toContain('planted-secret');
    expect(await second.open(sealed, 'conn_1')).toBe('planted-secret');
    expect(second.hmac('purpose', 'value')).toEqual(first.hmac('purpose', 'value'));
    expect(second.hmac('another purpose', 'value')).not.toEqual(first.hmac('purpose', 'value'));
  });

  it('does not open a value that was moved to another row or altered', async () => {
    const vault = await Vault.open(test.database.db, [masterKey]);
    const sealed = vault.seal('planted-secret', 'conn_1');
    await expect(vault.open(sealed, 'conn_2')).rejects.toThrow();
    const altered = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA');
    await expect(vault.open(altered, 'conn_1')).rejects.toThrow();
  });

  it('does not start with another master key, and does with both in the list', async () => {
    await expect(Vault.open(test.database.db, [randomBytes(32)])).rejects.toThrow(WrongMasterKey);
    const vault = await Vault.open(test.database.db, [randomBytes(32), masterKey]);
    expect(vault.currentVersion).toBe(1);
  });
});

it('an HMAC is the one that node makes, whatever the key and the value, time and again', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { maxLength: 4 }),
      (bytes, values) => {
        const key = new HmacKey(Buffer.from(bytes));
        for (const value of values) expect(key.sign(value)).toBe(createHmac('sha256', bytes).update(value).digest('hex'));
      },
    ),
  );
});

it('an HMAC key of more than 64 bytes is refused, since RFC 2104 has it hashed first', () => {
  expect(() => new HmacKey(Buffer.alloc(65))).toThrow('An HMAC key has at most 64 bytes, not 65.');
  expect(new HmacKey(Buffer.alloc(64)).sign('a')).toBe(createHmac('sha256', Buffer.alloc(64)).update('a').digest('hex'));
});
