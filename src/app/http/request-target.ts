/** The address of a request, as it stands in its first line. */
import { badRequest } from '../../core/errors.ts';

const keyForm = /sk_[0-9a-f]{48}/i;

export function splitTarget(target: string): [pathname: string, search: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

/** Throws bad_request, which repeats no key: one may stand where a name is expected. */
export function refuseKeyInQuery(query: URLSearchParams): void {
  const leaked = query.size === 0 ? undefined : [...query].find((pair) => pair.some((part) => keyForm.test(part)));
  if (leaked)
    throw badRequest(
      `The query ${keyForm.test(leaked[0]) ? 'string' : `parameter \`${leaked[0]}\``} holds an API key. Keys go into the Authorization header only; addresses end up in logs and histories, so revoke this key.`,
    );
}
