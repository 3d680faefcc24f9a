import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey } from '../admission/people.ts';
import type { Stand } from '../mcp/stand.ts';
import { agree, authorizeUrl, newClient, newCode, newPerson, newProof, newTokens, post, proofOf, read, startOAuthStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startOAuthStand();
});
afterAll(() => stand.close());

describe('of the clients that a person lets in', () => {
  it('fifty are in at a time, a code counts for its minute, and one that is revoked makes room', async () => {
    const { gateway } = stand.server;
    const person = await newPerson(stand.server);
    const first = await newTokens(stand.server, person);
    await newCode(stand.server, person);
    for (let made = 0; made < 48; made += 1)
      await addKey(gateway.database, person.userId, { kind: 'oauth', renewableUntil: new Date(gateway.clock.nowMs() + 86_400_000) });
    // Those that ended, and keys of other kinds, do not count.
    await addKey(gateway.database, person.userId, { kind: 'oauth', renewableUntil: new Date(gateway.clock.nowMs() - 1_000) });
    await addKey(gateway.database, person.userId);

    const url = authorizeUrl({ client_id: await newClient(stand.server), code_challenge: newProof().challenge });
    const press = async () => {
      const page = await person.browser.open(url);
      read(stand.server);
      return person.browser.press(url, { proof: proofOf(page), answer: 'agree', reach: 'everything' });
    };
    const refused = await press();
    expect([refused.status, refused.text.includes('code=')]).toEqual([409, false]);
    expect(refused.text).toContain('50 MCP clients');
    expect(refused.text).toContain('/dashboard/api-keys');
    // Somebody else is another matter.
    expect((await newTokens(stand.server, await newPerson(stand.server))).accessToken).toMatch(/^sk_/);

    await post(stand.server, 'revoke', { token: first.refreshToken });
    expect((await press()).status).toBe(200);
    expect((await press()).status).toBe(409);
    // The two codes are over.
    gateway.clock.offsetMs += 61_000;
    expect((await agree(stand.server, person.browser, url)).searchParams.get('code')).toMatch(/^oc_/);
  });

  it('no more come in when many are let in at once', async () => {
    const { gateway } = stand.server;
    const person = await newPerson(stand.server);
    for (let made = 0; made < 48; made += 1)
      await addKey(gateway.database, person.userId, { kind: 'oauth', renewableUntil: new Date(gateway.clock.nowMs() + 86_400_000) });
    const url = authorizeUrl({ client_id: await newClient(stand.server), code_challenge: newProof().challenge });
    const proof = proofOf(await person.browser.open(url));
    read(stand.server);
    const fields = { proof, answer: 'agree', reach: 'everything' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => person.browser.press(url, fields)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, ...Array.from({ length: 8 }, () => 409)]);
  });
});
