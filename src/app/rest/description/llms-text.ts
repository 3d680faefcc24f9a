/** What an agent reads that knows nothing but this installation's address (llmstxt.org). */
import type { RouteGroup } from './api-document.ts';

export function printAgentText(groups: readonly RouteGroup[], publicUrl: string): string {
  const routes = groups.flatMap(({ rows }) => rows.map(({ method, path, summary }) => `- \`${method} ${path}\`: ${summary}`));
  return `# Skillett

> One server between agents and the services that people use. You hold one API key; the accounts and their credentials stay here.

Send \`Authorization: Bearer sk_…\` with every request. Without a key, ask the person for one: they make it at ${publicUrl}/dashboard/api-keys,
or approve a device login that you start with \`POST ${publicUrl}/auth/device/code\`.

1. Find: \`GET ${publicUrl}/v1/skills?search=issues\` lists integrations, \`GET ${publicUrl}/v1/skills/github?search=issue\` the endpoints of one.
2. Read: \`GET ${publicUrl}/v1/skills/github/create_issue\` with \`Accept: text/markdown\` says what an endpoint takes, with an example.
3. Call: \`POST ${publicUrl}/v1/github/create_issue\` with \`{"params": {…}}\`. \`select\` (JMESPath) beside \`params\` cuts the answer.
4. Where the answer is \`integration_not_connected\`, give the person the link in \`action_url\` and call again afterwards.

An answer is \`{"status", "data"}\`, a failure of the service \`{"status", "error"}\`, a refusal of Skillett \`{"error", "message"}\`, where \`message\` says
how to mend it. Send \`Idempotency-Key\` with a write that you may have to repeat.

## Addresses

- [OpenAPI](${publicUrl}/openapi.json): these routes; \`?integrations=github\` with a key adds the endpoints as typed operations
- [GraphQL](${publicUrl}/graphql): several reads in one request, and everything else there is
- MCP: ${publicUrl}/mcp (streamable HTTP, with the same key), or ${publicUrl}/mcp/oauth for clients that sign a person in

## Routes

${routes.join('\n')}
`;
}
