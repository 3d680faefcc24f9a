/** The sandbox's tokens carry what they mean and are signed, so that they stay good over restarts without a database. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type TokenKind = 'personal' | 'code' | 'access' | 'refresh';

export interface TokenContent {
  kind: TokenKind;
  account: string;
  scopes: string[];
  /** Milliseconds since the epoch; undefined: does not expire. */
  expiresAtMs?: number;
  /** Of a code: the S256 challenge and the redirect address it was asked with. */
  challenge?: string;
  redirectUri?: string;
  /** Shared by the access and refresh tokens that come of one consent. */
  grant?: string;
  /** Makes every token different. */
  id: string;
}

export class Tokens {
  readonly #secret: Buffer;
  /** Ids of codes and refresh tokens that were used, and of grants that were revoked. Forgotten at a restart. */
  readonly #spent = new Set<string>();

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  issue(content: Omit<TokenContent, 'id'>): string {
    const payload = Buffer.from(JSON.stringify({ ...content, id: randomBytes(9).toString('base64url') })).toString('base64url');
    return `sbx_${payload}.${this.#sign(payload)}`;
  }

  /** What the token says, if it is ours, of this kind, unspent and in time. */
  read(token: string, kinds: readonly TokenKind[]): TokenContent | undefined {
    const match = /^sbx_([\w-]+)\.([\w-]+)$/.exec(token);
    if (!match) return undefined;
    const [, payload, signature] = match as unknown as [string, string, string];
    const expected = Buffer.from(this.#sign(payload));
    if (expected.length !== signature.length || !timingSafeEqual(expected, Buffer.from(signature))) return undefined;
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as TokenContent;
    if (!kinds.includes(content.kind) || this.#spent.has(content.id) || this.#spent.has(content.grant ?? '')) return undefined;
    if (content.expiresAtMs !== undefined && content.expiresAtMs <= Date.now()) return undefined;
    return content;
  }

  spend(content: TokenContent): void {
    this.#spent.add(content.id);
  }

  /** Ends the token with all others of its grant (RFC 7009, section 2.1). */
  revoke(content: TokenContent): void {
    this.#spent.add(content.grant ?? content.id);
  }

  #sign(payload: string): string {
    return createHmac('sha256', this.#secret).update(payload).digest('base64url');
  }
}
