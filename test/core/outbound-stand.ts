/** A way out for tests, with two services to ask, and what the requests there have in common. */
import type { LookupFunction } from 'node:net';
import { expect } from 'vitest';
import { SkillettError } from '../../src/core/errors.ts';
import { Outbound, OutboundError, type OutboundRequest } from '../../src/core/outbound/outbound.ts';
import { Upstream } from '../support/upstream.ts';

export interface OutboundStand {
  upstream: Upstream;
  other: Upstream;
  outbound: Outbound;
  reset(): void;
  close(): Promise<void>;
}

/** Both services may be called, although they are on loopback. */
export async function openOutbound(): Promise<OutboundStand> {
  const [upstream, other] = [await Upstream.start(), await Upstream.start()];
  const outbound = new Outbound({ allow: [`127.0.0.1:${upstream.port}`, `127.0.0.1:${other.port}`] });
  return {
    upstream,
    other,
    outbound,
    reset: () => {
      upstream.reset();
      other.reset();
    },
    close: async () => {
      await outbound.close();
      await upstream.close();
      await other.close();
    },
  };
}

/** A resolver under the test's control: host name → the addresses of each look-up in turn; the last one repeats. */
export function resolver(names: Record<string, string[]>): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname);
    const answers = names[hostname];
    if (!answers) return callback(Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' }), []);
    const address = answers.length > 1 ? (answers.shift() as string) : (answers[0] as string);
    const family = address.includes(':') ? 6 : 4;
    process.nextTick(() => (options.all ? callback(null, [{ address, family }]) : callback(null, address, family)));
  };
  return Object.assign(lookup, { asked });
}

export function request(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { method: 'GET', url: new URL(url), headers: {}, timeoutMs: 3_000, integration: 'github', turnOf: 'ada', ...more };
}

export async function failureOf(promise: Promise<unknown>): Promise<OutboundError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return error as OutboundError;
}

/** What a call failed with, of ours or the service's. */
export async function failureOfAny(promise: Promise<unknown>): Promise<SkillettError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SkillettError);
  return error as SkillettError;
}
