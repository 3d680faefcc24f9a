import { z } from 'zod';
import { pageSizeMax } from '../../core/paging.ts';
import { documentOperation, nextCursor, type Paged, pageFields, pageInput, pageOutput, wordsOf } from './operation.ts';

const status = wordsOf('ConnectionStatus');
const reason = wordsOf('ConnectionReason');

export const startConnection = documentOperation({
  name: 'start_connection',
  input: z.strictObject({
    integration: z.string(),
    account: z.string().optional(),
    scopes: z.union([z.string().transform((list) => list.split(',')), z.array(z.string())]).optional(),
    credentials: z.record(z.string(), z.string()).optional(),
  }),
  output: z.union([
    z.strictObject({ oauth_url: z.string(), connection_id: z.string() }),
    z.strictObject({ connection_id: z.string(), status }),
  ]),
  document: `mutation ($integration: String!, $account: String, $scopes: [String!], $credentials: JSON) {
    startConnection(integration: $integration, account: $account, scopes: $scopes, credentials: $credentials) { connectionId status oauthUrl } }`,
  variables: (input) => input,
  answer: ({ startConnection: started }) =>
    started.oauthUrl === null
      ? { connection_id: started.connectionId, status: started.status }
      : { oauth_url: started.oauthUrl, connection_id: started.connectionId },
});

interface ConnectionNode {
  id: string;
  integration: string;
  account: string | null;
  isDefault: boolean;
  status: string;
  reason: string | null;
  authType: string | null;
  providerScopes: string[] | null;
  variables: { name: string; value: string }[];
  createdAt: string;
}

export const listConnections = documentOperation({
  name: 'list_connections',
  input: z.strictObject(pageInput),
  output: z.strictObject({
    connections: z.array(
      z.strictObject({
        connection_id: z.string(),
        integration: z.string(),
        account: z.string().nullable(),
        default: z.boolean(),
        status,
        reason: reason.optional(),
        auth_type: wordsOf('AuthType').nullable(),
        provider_scopes: z.array(z.string()).nullable(),
        variables: z.record(z.string(), z.string()),
        created_at: z.iso.datetime(),
      }),
    ),
    ...pageOutput,
  }),
  document: `query ($first: Int, $after: String) { connections(first: $first, after: $after) {
    nodes { id integration account isDefault status reason authType providerScopes variables { name value } createdAt } ${pageFields} } }`,
  variables: ({ limit = pageSizeMax, cursor }) => ({ first: limit, after: cursor }),
  answer: ({ connections }: { connections: Paged<ConnectionNode> }) => ({
    connections: connections.nodes.map((node) => ({
      connection_id: node.id,
      integration: node.integration,
      account: node.account,
      default: node.isDefault,
      status: node.status,
      ...(node.reason === null ? {} : { reason: node.reason }),
      auth_type: node.authType,
      provider_scopes: node.providerScopes,
      variables: Object.fromEntries(node.variables.map(({ name, value }) => [name, value])),
      created_at: node.createdAt,
    })),
    next_cursor: nextCursor(connections),
    total: connections.totalCount,
  }),
});

const connectionInput = z.strictObject({ connection_id: z.string() });

export const readConnection = documentOperation({
  name: 'read_connection',
  input: connectionInput,
  output: z.strictObject({ status, integration: z.string(), reason: reason.optional() }),
  document: 'query ($id: ID!) { connection(id: $id) { status integration reason } }',
  variables: ({ connection_id: id }) => ({ id }),
  answer: ({ connection }) => ({
    status: connection.status,
    integration: connection.integration,
    ...(connection.reason === null ? {} : { reason: connection.reason }),
  }),
});

export const disconnect = documentOperation({
  name: 'disconnect',
  input: connectionInput,
  output: z.strictObject({ revoked: wordsOf('Revoked') }),
  document: 'mutation ($id: ID!) { disconnect(id: $id) { revoked } }',
  variables: ({ connection_id: id }) => ({ id }),
  answer: (data) => ({ revoked: data.disconnect.revoked }),
});
