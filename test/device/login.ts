/** The requests of a login: what the client, and the person at its page, send. */
import { expect } from 'vitest';
import type { DeviceStand, Person } from './stand.ts';

export const grantType = 'urn:ietf:params:oauth:grant-type:device_code';

export interface Code {
  device_code: string;
  user_code: string;
}

/** At this stand, by this person unless another is named. */
export function makeLogin(stand: DeviceStand, ada: Person) {
  const login = {
    start: async (body: Record<string, unknown> = { client_name: 'Work laptop' }): Promise<Code> => {
      const { status, json, text } = await stand.post('/auth/device/code', body);
      expect(status, text).toBe(200);
      return json;
    },
    poll: (code: Code) => stand.post('/auth/device/token', { device_code: code.device_code }),
    pollOAuth: (code: Code) => stand.post('/auth/device/token', { device_code: code.device_code, grant_type: grantType }),
    approve: (code: Code, body: Record<string, unknown> = {}, as: Person = ada) =>
      stand.post('/auth/device/authorize', { user_code: code.user_code, ...body }, { as }),
    lookUp: (userCode: string, as: Person | string = ada, address?: string) =>
      stand.graphql(
        `query ($userCode: String!) { deviceRequest(userCode: $userCode) {
          userCode clientName clientAddress scopes ageSeconds createdAt expiresAt } }`,
        { userCode },
        { as, ...(address ? { address } : {}) },
      ),
    decide: (userCode: string, more: { scopes?: string[]; deny?: boolean } = {}, as: Person | string = ada) =>
      stand.graphql(
        `mutation ($userCode: String!, $scopes: [String!], $deny: Boolean) {
          authorizeDevice(userCode: $userCode, scopes: $scopes, deny: $deny) { status } }`,
        { userCode, ...more },
        { as },
      ),
    keysOf: (person: Person) =>
      stand.gateways[0].db
        .selectFrom('apiKeys')
        .select(['id', 'name', 'kind', 'scopes'])
        .where('userId', '=', person.userId)
        .orderBy('createdAt')
        .execute(),
  };
  return {
    ...login,
    /** Approved, and redeemed in the dialect of the RFC. */
    redeem: async (code: Code, body: Record<string, unknown> = {}): Promise<{ key: string; scope: string }> => {
      expect((await login.approve(code, body)).json).toEqual({ status: 'authorized' });
      const { status, json, text } = await login.pollOAuth(code);
      expect(status, text).toBe(200);
      return { key: json.access_token, scope: json.scope };
    },
  };
}

/** Runs the job that ends and forgets codes. */
export async function sweepCodes({ gateways }: DeviceStand): Promise<void> {
  const { jobs } = await import('../../src/app/process/jobs.ts');
  await jobs.find((job) => job.name === 'end_device_codes')?.run(gateways[0]);
}
