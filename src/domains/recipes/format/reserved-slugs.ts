/** What no integration can be called: words that stand where a slug does. */
export const reservedSlugs: ReadonlySet<string> = new Set([
  // In addresses and scopes.
  'connect',
  'skills',
  'proxy',
  'download',
  'operator',
  // Root fields of our own in GraphQL, beside which an integration is one; a test compares them with the schema.
  'call',
  'calls',
  'connection',
  'connections',
  'endpoint',
  'import',
  'integration',
  'integrations',
  'invitations',
  'read',
  'user',
  'users',
  'validate',
  'viewer',
]);
