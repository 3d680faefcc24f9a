/** People for tests: made by an operator's link, so that no password has to be hashed. */
import { makeSignInLink } from '../../src/domains/users/sign-in/sign-in-links.ts';
import { findOwner, type User } from '../../src/domains/users/store.ts';
import { addUser as insertUser } from '../admission/people.ts';
import type { TestServer } from '../support/server.ts';
import { Browser } from './browser.ts';

/** On the free plan. */
export function addUser(server: TestServer, email?: string): Promise<string> {
  return insertUser(server.gateway.database, { email, name: 'Ada', plan: 'free' });
}

/** A browser in which this user is signed in. */
export async function signedIn(server: TestServer, userId: string): Promise<Browser> {
  const browser = new Browser(server);
  await browser.open((await makeSignInLink(server.gateway, userId, { actor: 'system', requestId: null })).url);
  return browser;
}

export async function signedInOwner(server: TestServer): Promise<Browser> {
  return signedIn(server, ((await findOwner(server.gateway.db)) as User).id);
}

/** Makes an API key in this browser and gives it as an Authorization header. */
export async function makeKey(browser: Browser, scopes?: string[]): Promise<string> {
  const { json } = await browser.graphql('mutation ($scopes: [String!]) { createApiKey(name: "A key", scopes: $scopes) { fullKey } }', {
    scopes,
  });
  return `Bearer ${json.data.createApiKey.fullKey}`;
}
