/** A browser as far as sign-in goes: it keeps cookies, names its origin with every POST, and has an address of its own. */
import { expect } from 'vitest';
import type { TestServer } from '../support/server.ts';

/** Of servers for these tests: every browser counts as a client of its own. */
export const browserEnv = { PUBLIC_URL: 'http://localhost:4000', TRUST_PROXY: '127.0.0.1' };

export interface BrowserAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Undefined for what is no JSON, such as a page. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #url: string;
  readonly #origin: string;
  readonly #address: string;

  /** `server` may be a process of its own, at another PUBLIC_URL than that of `browserEnv` then. */
  constructor(server: Pick<TestServer, 'url'> & Partial<Pick<TestServer, 'gateway'>>, address = newAddress(), publicUrl?: string) {
    this.#url = server.url;
    this.#origin = new URL(publicUrl ?? server.gateway?.config.publicUrl ?? browserEnv.PUBLIC_URL).origin;
    this.#address = address;
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** `headers` go over what a browser on our own page would send; an empty value leaves one out. */
  async request(method: string, path: string, options: { body?: unknown; headers?: Record<string, string> } = {}): Promise<BrowserAnswer> {
    const headers: Record<string, string> = { 'x-forwarded-for': this.#address };
    if (this.cookies.size > 0) headers.cookie = this.cookie;
    if (method === 'POST') headers.origin = this.#origin;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    Object.assign(headers, options.headers);
    for (const [name, value] of Object.entries(headers)) if (value === '') delete headers[name];
    const answer = await fetch(this.#url + path, {
      method,
      headers,
      redirect: 'manual',
      ...(options.body === undefined ? {} : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
      if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: /json/.test(answer.headers.get('content-type') ?? '') && text ? JSON.parse(text) : undefined,
    };
  }

  /** Opens a link of PUBLIC_URL; of a sign-in link, presses the button too. */
  async open(link: string, headers: Record<string, string> = {}): Promise<BrowserAnswer> {
    const { origin, pathname, search } = new URL(link);
    const page = await this.request('GET', pathname + search, { headers });
    const form = /<form method="post" action="([^"]+\/api\/auth\/link)"><input type="hidden" name="token" value="([^"]+)">/.exec(page.text);
    if (!form) return page;
    expect(form[1]).toBe(origin + pathname);
    return this.press(origin + pathname, { token: form[2] as string }, headers);
  }

  /** Presses a button of a page's form. */
  press(link: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<BrowserAnswer> {
    const { pathname, search } = new URL(link);
    const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return this.request('POST', pathname + search, { body: new URLSearchParams(fields).toString(), headers: form });
  }

  post(route: string, body: unknown, headers: Record<string, string> = {}): Promise<BrowserAnswer> {
    return this.request('POST', `/api/auth${route}`, { body, headers });
  }

  /** `data`, or the first error's `extensions`. */
  async graphql(query: string, variables: Record<string, unknown> = {}): Promise<BrowserAnswer> {
    return this.request('POST', '/graphql', { body: { query, variables } });
  }

  /** Who is signed in here, by e-mail address. */
  async whoAmI(): Promise<string | undefined> {
    const { json } = await this.graphql('{ viewer { user { email } } }');
    return json.data?.viewer.user.email;
  }
}

let addresses = 0;

/** One that no other browser of this test run has. */
export function newAddress(): string {
  addresses += 1;
  return `198.18.${addresses >> 8}.${addresses & 255}`;
}
