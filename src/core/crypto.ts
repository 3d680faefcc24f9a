/**
 * The one door to secrets at rest. Values are sealed with AES-256-GCM under a data key; data keys are wrapped by the
 * installation's master key (envelope encryption, NIST SP 800-57 part 1, section 6.2). The id of the row a value stands
 * in is associated data, so a ciphertext moved to another row does not open.
 */
import {
  type CipherKey,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { sql } from 'kysely';
import { type Db, isDatabaseAway } from './database/database.ts';
import { SkillettError } from './errors.ts';

declare const sealed: unique symbol;
/** `<data key version>.<base64url of nonce, tag and ciphertext>` */
export type Sealed = string & { readonly [sealed]: true };

/** How a sealed value looks, in PostgreSQL's regular expressions: what tells a secret setting from a plain one. */
const sealedForm = '^[0-9]+\\.[A-Za-z0-9_-]{38,}$';
const nonceBytes = 12;
const tagBytes = 16;

function encrypt(key: CipherKey, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Throws when the key, the context or the bytes are not the ones that were encrypted. */
function decrypt(key: CipherKey, bytes: Buffer, context: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
}

export function sha256(value: string | Buffer): Buffer {
  return hash('sha256', value, 'buffer');
}

/** Costs a third of the same as a Buffer. */
export function sha256Hex(value: string): string {
  return hash('sha256', value, 'hex');
}

const blockBytes = 64;
const digestBytes = 32;

/**
 * HMAC-SHA-256 (RFC 2104) with a key of up to 64 bytes. Written out over one-shot hashes, since each `createHmac` leaves the
 * garbage collector an object that costs several times the hashing (docs/decisions/0009).
 */
export class HmacKey {
  readonly #inner = Buffer.alloc(blockBytes, 0x36);
  /** The key's block, and behind it room for the inner digest. */
  readonly #outer = Buffer.alloc(blockBytes + digestBytes, 0x5c);

  constructor(key: Buffer) {
    if (key.length > blockBytes) throw new RangeError(`An HMAC key has at most ${blockBytes} bytes, not ${key.length}.`);
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = 0x36 ^ byte;
      this.#outer[at] = 0x5c ^ byte;
    }
  }

  /** In hex. */
  sign(value: string): string {
    const message = Buffer.allocUnsafe(blockBytes + Buffer.byteLength(value));
    this.#inner.copy(message);
    message.write(value, blockBytes);
    this.#outer.write(hash('sha256', message, 'binary'), blockBytes, 'binary');
    return hash('sha256', this.#outer, 'hex');
  }
}

/** No master key of this process opens the installation's data keys. */
export class WrongMasterKey extends Error {
  constructor() {
    super(
      'SKILLETT_MASTER_KEY is not the key this database was set up with. Set it to the right key; to change it, list the new key first and the old one after it.',
    );
    this.name = 'WrongMasterKey';
  }
}

/** While this process ran, another one put a data key under a master key that this one was not given. */
export class UnknownMasterKey extends SkillettError {
  /** For the operator; the message is for clients. */
  readonly remedy =
    'SKILLETT_MASTER_KEY of this process does not open a data key that another process has put under a newer master key. Start this process again with SKILLETT_MASTER_KEY=<old>,<new>; only when every process has both does the new key go first.';

  constructor() {
    super(
      'unavailable',
      'This server cannot open what another server of the installation has sealed. Try again later; if it goes on, the log tells the operator what to do.',
      { headers: { 'retry-after': '30' } },
    );
    this.name = 'UnknownMasterKey';
  }
}

export class Vault {
  readonly #db: Db;
  readonly #masterKeys: readonly Buffer[];
  // Key objects: a key given as bytes costs 15 µs more at every use (measured, Node 24).
  readonly #dataKeys = new Map<number, KeyObject>();
  readonly #hmacKeys = new Map<string, HmacKey>();
  #current = 0;

  private constructor(db: Db, masterKeys: readonly Buffer[]) {
    this.#db = db;
    this.#masterKeys = masterKeys;
  }

  /** Opens the data keys, making the first one in a new installation. Throws WrongMasterKey. */
  static async open(db: Db, masterKeys: readonly Buffer[]): Promise<Vault> {
    const vault = new Vault(db, masterKeys);
    const first = vault.#wrap(randomBytes(32), 1);
    // Two processes may start a new installation together: the first row wins and both use it.
    await db
      .insertInto('dataKeys')
      .values({ version: 1, wrapped: first })
      .onConflict((clash) => clash.doNothing())
      .execute();
    await vault.#read();
    await vault.#rewrap();
    return vault;
  }

  /** Throws WrongMasterKey where the keys do not open what the database holds. Writes nothing. */
  static async check(db: Db, masterKeys: readonly Buffer[]): Promise<void> {
    await new Vault(db, masterKeys).#read();
  }

  /** Reads data keys that another process has made since. Throws UnknownMasterKey. */
  async reload(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      throw error instanceof WrongMasterKey ? new UnknownMasterKey() : error;
    }
  }

  async #read(): Promise<void> {
    const rows = await this.#db.selectFrom('dataKeys').selectAll().orderBy('version').execute();
    for (const row of rows) {
      if (!this.#dataKeys.has(row.version)) this.#dataKeys.set(row.version, createSecretKey(this.#unwrap(row.wrapped, row.version)));
      this.#current = Math.max(this.#current, row.version);
    }
  }

  /** Every data key under the first master key, so that the others can be taken off the list. */
  async #rewrap(): Promise<void> {
    const rows = await this.#db.selectFrom('dataKeys').select(['version', 'wrapped']).execute();
    for (const row of rows) {
      const key = this.#dataKeys.get(row.version);
      if (!key || opens(this.#masterKeys[0] as Buffer, row)) continue;
      const wrapped = this.#wrap(key.export(), row.version);
      // Another process that starts with the same list may be faster; either result is right.
      await this.#db
        .updateTable('dataKeys')
        .set({ wrapped })
        .where('version', '=', row.version)
        .where('wrapped', '=', row.wrapped)
        .execute();
    }
  }

  /** Makes a data key that seals everything once it is committed and `reload` has read it. What older keys sealed stays readable. */
  async addDataKey(db: Db): Promise<number> {
    const version = this.#current + 1;
    // Of two processes that rotate together one row wins, and both use it.
    await db
      .insertInto('dataKeys')
      .values({ version, wrapped: this.#wrap(randomBytes(32), version) })
      .onConflict((clash) => clash.doNothing())
      .execute();
    return version;
  }

  /** Seals a value anew under the current data key. */
  async reseal(value: string, rowId: string): Promise<Sealed> {
    return this.seal(await this.open(value, rowId), rowId);
  }

  get currentVersion(): number {
    return this.#current;
  }

  seal(plain: string, rowId: string): Sealed {
    const key = this.#dataKeys.get(this.#current) as KeyObject;
    return `${this.#current}.${encrypt(key, Buffer.from(plain, 'utf8'), rowId).toString('base64url')}` as Sealed;
  }

  /** The sealed text. Throws when it was sealed for another row, was altered, or its data key is gone; UnknownMasterKey. */
  async open(value: string, rowId: string): Promise<string> {
    const version = sealedVersion(value);
    if (!this.#dataKeys.has(version)) await this.reload();
    const key = this.#dataKeys.get(version);
    if (!key) throw new Error(`Data key ${version} is missing.`);
    return decrypt(key, Buffer.from(value.slice(value.indexOf('.') + 1), 'base64url'), rowId).toString('utf8');
  }

  /** A secret of the whole installation, by its name. */
  async readSecret(name: string): Promise<string | undefined> {
    const row = await this.#db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
    return row && this.open(row.value, name);
  }

  /** A secret of the whole installation that whoever needs it first makes up; every process gets the same one. */
  async readOrCreateSecret(name: string): Promise<string> {
    const value = this.seal(randomBytes(32).toString('base64url'), name);
    await this.#db
      .insertInto('settings')
      .values({ name, value })
      .onConflict((clash) => clash.doNothing())
      .execute();
    return (await this.readSecret(name)) as string;
  }

  /** `null` removes it. Part of the transaction that `db` is. */
  async writeSecret(db: Db, name: string, plain: string | null): Promise<void> {
    if (plain === null) await db.deleteFrom('settings').where('name', '=', name).execute();
    else {
      const value = this.seal(plain, name);
      await db
        .insertInto('settings')
        .values({ name, value })
        .onConflict((clash) => clash.column('name').doUpdateSet({ value, updatedAt: sql`now()` }))
        .execute();
    }
  }

  /** Seals up to `limit` secrets anew that an older data key sealed; returns how many. One that does not open is told to `onFault` and stays. */
  async resealSecrets(limit: number, onFault: (name: string, error: unknown) => void): Promise<number> {
    const rows = await this.#db
      .selectFrom('settings')
      .select(['name', 'value'])
      .where('value', '~', sealedForm)
      .where('value', 'not like', `${this.#current}.%`)
      .limit(limit)
      .execute();
    let resealed = 0;
    for (const row of rows) {
      let value: Sealed;
      try {
        value = await this.reseal(row.value, row.name);
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        onFault(row.name, error);
        continue;
      }
      await this.#db.updateTable('settings').set({ value }).where('name', '=', row.name).where('value', '=', row.value).execute();
      resealed += 1;
    }
    return resealed;
  }

  /** How many secrets an older data key sealed. */
  async countStaleSecrets(): Promise<number> {
    const row = await this.#db
      .selectFrom('settings')
      .select(sql<number>`count(*)`.as('all'))
      .where('value', '~', sealedForm)
      .where('value', 'not like', `${this.#current}.%`)
      .executeTakeFirstOrThrow();
    return row.all;
  }

  /**
   * The value's HMAC in hex, under a key that every process of the installation shares, derived (RFC 5869) from the first
   * data key, which is never retired, for one purpose.
   */
  hmac(purpose: string, value: string): string {
    let key = this.#hmacKeys.get(purpose);
    if (!key) {
      key = new HmacKey(Buffer.from(hkdfSync('sha256', this.#dataKeys.get(1) as KeyObject, '', `skillett/${purpose}`, digestBytes)));
      this.#hmacKeys.set(purpose, key);
    }
    return key.sign(value);
  }

  #wrap(dataKey: Buffer, version: number): string {
    return encrypt(this.#masterKeys[0] as Buffer, dataKey, `data-key/${version}`).toString('base64url');
  }

  #unwrap(wrapped: string, version: number): Buffer {
    const masterKey = this.#masterKeys.find((key) => opens(key, { wrapped, version }));
    if (!masterKey) throw new WrongMasterKey();
    return unwrap(masterKey, { wrapped, version });
  }
}

function unwrap(masterKey: Buffer, row: { wrapped: string; version: number }): Buffer {
  return decrypt(masterKey, Buffer.from(row.wrapped, 'base64url'), `data-key/${row.version}`);
}

function opens(masterKey: Buffer, row: { wrapped: string; version: number }): boolean {
  try {
    unwrap(masterKey, row);
    return true;
  } catch {
    return false;
  }
}

export function sealedVersion(value: string): number {
  return Number(value.slice(0, value.indexOf('.')));
}
