/** User name and password as a recipe says that they are sent (`sends`), such as `{username}/token:{password}`. */

export const basicNames = ['username', 'password', 'api_key'] as const;
export type BasicName = (typeof basicNames)[number];

/** What a person gives, in the order in which it is sent. */
export function namesOfBasic(sends: string): BasicName[] {
  const found = basicNames.filter((name) => sends.includes(`{${name}}`));
  return found.sort((a, b) => sends.indexOf(`{${a}}`) - sends.indexOf(`{${b}}`));
}

/** Whether a value stands before the colon, and may hold none itself (RFC 7617, section 2). */
export function isInUserName(sends: string, name: BasicName): boolean {
  return sends.slice(0, sends.indexOf(':')).includes(`{${name}}`);
}

export function fillBasic(sends: string, { username, password }: { username: string; password: string }): string {
  return sends.replaceAll(/\{(username|password|api_key)\}/g, (_, name: BasicName) => (name === 'username' ? username : password));
}

/** Undefined when it can be sent as it is. */
export function findBasicFault(sends: string): string | undefined {
  if (!sends.includes(':')) return 'needs a colon between user name and password';
  const names = namesOfBasic(sends);
  const isOnce = names.every((name) => sends.split(`{${name}}`).length === 2);
  const rest = names.reduce((left, name) => left.replace(`{${name}}`, ''), sends);
  if (/[{}]/.test(rest) || !isOnce) return 'may hold {username}, {password} and {api_key} in braces, each once, and nothing else';
  if (names.includes('api_key') === names.includes('password'))
    return 'needs the secret that the person gives: either {password} or {api_key}';
  return undefined;
}
