/** A service that takes files by their address with an account's credential, and hosts that such an address may lead to. */
import { expect } from 'vitest';
import { Upstream } from '../support/upstream.ts';
import { type RecipeStand, startRecipeStand } from './recipe-stand.ts';

export interface UploadStand extends RecipeStand {
  /** Where callers' files are. */
  files: Upstream;
  /** A host that the operator opened for integrations, and that is not the service. */
  other: Upstream;
}

export const fileParameter = { in: 'body', type: 'string', format: 'uri', description: 'Where it is.', required: true };

/** With the account of the owner connected by `secret-token`. */
export async function startUploadStand(endpoints: Record<string, object>): Promise<UploadStand> {
  const files = await Upstream.start();
  const other = await Upstream.start();
  const stand = await startRecipeStand(endpoints, {
    recipe: { auth: [{ type: 'bearer', how: 'Make one.' }], verify: { path: '/me', account: { id: 'id', label: 'id' } } },
    allowCallers: [`127.0.0.1:${files.port}`],
    env: { SKILLETT_OUTBOUND_ALLOW: `127.0.0.1:${other.port}` },
  });
  stand.upstream.json('{"id":"1"}');
  const body = { integration: 'desk', credentials: { token: 'secret-token' } };
  expect((await stand.server.request('POST', '/v1/connect', { body })).json.status).toBe('connected');
  return {
    ...stand,
    files,
    other,
    close: async () => {
      await stand.close();
      await files.close();
      await other.close();
    },
  };
}
