import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropUnusedClients } from '../../src/domains/oauth-clients/oauth-clients.ts';
import { addKey } from '../admission/people.ts';
import type { Stand } from '../mcp/stand.ts';
import {
  agree,
  authorizeUrl,
  newClient,
  newCode,
  newPerson,
  newProof,
  newTokens,
  post,
  proofOf,
  read,
  refresh,
  register,
  startOAuthStand,
} from './stand.ts';

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

describe('registration', () => {
  const statusesOf = async (times: number, address: (turn: number) => string) => {
    const statuses: number[] = [];
    for (let turn = 0; turn < times; turn += 1) statuses.push((await register(stand.server, {}, address(turn))).status);
    return statuses;
  };

  it('is ten times an hour and address, and the 64 bits of an IPv6 client are one address', async () => {
    const ten = Array.from({ length: 10 }, () => 201);
    expect(await statusesOf(11, () => '203.0.113.7')).toEqual([...ten, 429]);
    expect((await register(stand.server, {}, '203.0.113.8')).status).toBe(201);
    expect(await statusesOf(11, (turn) => `2001:db8:1:1::${turn}`)).toEqual([...ten, 429]);
    expect((await register(stand.server, {}, '2001:db8:1:2::1')).status).toBe(201);
  });

  it('is a hundred times an hour for a site, and another one has its own', async () => {
    const statuses = await statusesOf(101, (turn) => `2001:db8:2:${turn.toString(16)}::1`);
    expect([statuses.filter((status) => status === 201).length, statuses.at(-1)]).toEqual([100, 429]);
    const refused = await register(stand.server, {}, '2001:db8:2:fff::1');
    expect([refused.status, refused.json.error]).toEqual([429, 'temporarily_unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect((await register(stand.server, {}, '2001:db8:3:1::1')).status).toBe(201);
  });

  it('is a thousand times an hour for all together', async () => {
    const { db } = stand.server.gateway;
    const identity = 'registerClientOverall/all';
    const { hits } = await db.selectFrom('guardedHits').select('hits').where('identity', '=', identity).executeTakeFirstOrThrow();
    const last = hits.at(-1) as number;
    const fill = (count: number) =>
      db
        .updateTable('guardedHits')
        .set({ hits: Array.from({ length: count }, () => last) })
        .where('identity', '=', identity)
        .execute();
    await fill(999);
    expect((await register(stand.server)).status).toBe(201);
    expect((await register(stand.server)).json.error_description).toContain('client ID metadata document');
    await fill(1);
    expect((await register(stand.server)).status).toBe(201);
  });
});

describe('a client that registered', () => {
  const dayMs = 86_400_000;
  const statusAfter = async (days: number, client_id: string, browser: { open(url: string): Promise<{ status: number }> }) => {
    const { gateway } = stand.server;
    gateway.clock.offsetMs += days * dayMs + 1_000;
    await dropUnusedClients(gateway);
    gateway.clock.offsetMs -= days * dayMs + 1_000;
    return (await browser.open(authorizeUrl({ client_id, code_challenge: newProof().challenge }))).status;
  };

  it('is forgotten after a day when nobody let it in', async () => {
    const person = await newPerson(stand.server);
    const { clientId: used } = await newTokens(stand.server, person);
    const unused = await newClient(stand.server);
    expect([await statusAfter(1, used, person.browser), await statusAfter(1, unused, person.browser)]).toEqual([200, 400]);
  });

  it('is forgotten a month after it was let in, but not while a grant goes on', async () => {
    const person = await newPerson(stand.server);
    const short = await newTokens(stand.server, person, { reach: 'everything', days: '7' });
    const long = await newTokens(stand.server, person, { reach: 'everything', days: '90' });
    expect([await statusAfter(29, short.clientId, person.browser), await statusAfter(31, short.clientId, person.browser)]).toEqual([
      200, 400,
    ]);
    expect(await statusAfter(31, long.clientId, person.browser)).toBe(200);
    expect((await refresh(stand.server, long)).status).toBe(200);
    expect(await statusAfter(92, long.clientId, person.browser)).toBe(400);
    // What is over is no row any more.
    const { clientId } = long;
    expect(await stand.server.gateway.db.selectFrom('oauthGrants').select('id').where('clientId', '=', clientId).execute()).toEqual([]);
  });
});
