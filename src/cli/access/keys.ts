/** `keys list`, `keys create` and `keys revoke`. */
import { askRoute } from '../ask-server.ts';
import { CommandFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printBody, printTable, say } from '../terminal/print.ts';

interface KeyRow {
  id: string;
  name: string;
  key_prefix: string;
  scopes: string[];
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
}

export async function listKeys(target: Target, options: PrintOptions): Promise<void> {
  const { json, body } = await askRoute<KeyRow[]>(target, { method: 'GET', path: '/api-keys' });
  if (!isForPeople(options)) return printBody(body);
  printTable(
    ['NAME', 'KEY', 'MAY USE', 'LAST USED', 'ENDS', 'ID'],
    json.map((key) => [
      key.name,
      `${key.key_prefix}…`,
      key.scopes.join(','),
      key.last_used_at ?? 'never',
      key.revoked_at === null ? (key.expires_at ?? 'never') : `revoked ${key.revoked_at}`,
      key.id,
    ]),
  );
}

export async function createKey(target: Target, name: string, options: PrintOptions & { scope?: string; expires?: string }): Promise<void> {
  const { json, body } = await askRoute<{ full_key: string; api_key: KeyRow }>(target, {
    method: 'POST',
    path: '/api-keys',
    body: {
      name,
      ...(options.scope === undefined ? {} : { scopes: options.scope.split(',').map((scope) => scope.trim()) }),
      ...(options.expires === undefined ? {} : { expires_at: timeOf(options.expires) }),
    },
  });
  if (!isForPeople(options)) return printBody(body);
  say(`Made ${JSON.stringify(json.api_key.name)} (${json.api_key.id}). It is shown this once:`);
  process.stdout.write(`${json.full_key}\n`);
}

/** A time as it is, which the server checks; or days from now. */
function timeOf(text: string): string {
  const days = /^([1-9]\d{0,4})d$/.exec(text);
  if (days) return new Date(Date.now() + Number(days[1]) * 86_400_000).toISOString();
  if (!/^\d{4}-\d\d-\d\dT/.test(text))
    throw new CommandFailure('--expires takes a time such as 2027-01-31T00:00:00Z, or days such as 90d.');
  return text;
}

export async function revokeKey(target: Target, id: string): Promise<void> {
  if (/^sk_/.test(id)) throw new CommandFailure('Give the id of the key, key_…, and never the key itself. `skillett keys list` shows it.');
  await askRoute(target, { method: 'DELETE', path: `/api-keys/${encodeURIComponent(id)}` });
  say('Revoked, with the keys that were made with it.');
}
