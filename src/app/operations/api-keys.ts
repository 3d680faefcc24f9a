import { z } from 'zod';
import { pageSizeMax } from '../../core/paging.ts';
import { parseDateTime } from '../../core/schema/builder.ts';
import { documentOperation, nextCursor, pageFields, pageInput, pageOutput } from './operation.ts';

const keyFields = 'id name keyPrefix scopes lastUsedAt expiresAt revokedAt createdAt';
const moment = z.iso.datetime();

const key = z.strictObject({
  id: z.string(),
  name: z.string(),
  key_prefix: z.string(),
  scopes: z.array(z.string()),
  last_used_at: moment.nullable(),
  expires_at: moment.nullable(),
  revoked_at: moment.nullable(),
  created_at: moment,
});

export const apiKeyList = z.array(key);

interface KeyNode {
  id: string;
  name: string;
  keyPrefix: string;
  scopes: string[];
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
  createdAt: string;
}

function answerKey(node: KeyNode): z.infer<typeof key> {
  return {
    id: node.id,
    name: node.name,
    key_prefix: node.keyPrefix,
    scopes: node.scopes,
    last_used_at: node.lastUsedAt,
    expires_at: node.expiresAt,
    revoked_at: node.revokedAt,
    created_at: node.createdAt,
  };
}

/** All of them, unless a page is asked for. */
export const listApiKeys = documentOperation({
  name: 'list_api_keys',
  input: z.strictObject(pageInput),
  output: z.strictObject({ api_keys: apiKeyList, next_cursor: pageOutput.next_cursor }),
  document: `query ($paged: Boolean!, $first: Int, $after: String) {
    apiKeys(first: $first, after: $after) @include(if: $paged) { nodes { ${keyFields} } ${pageFields} }
    viewer @skip(if: $paged) { apiKeys { ${keyFields} } } }`,
  variables: ({ limit, cursor }) => ({ paged: (limit ?? cursor) !== undefined, first: limit ?? pageSizeMax, after: cursor }),
  answer: ({ apiKeys, viewer }) =>
    apiKeys
      ? { api_keys: apiKeys.nodes.map(answerKey), next_cursor: nextCursor(apiKeys) }
      : { api_keys: viewer.apiKeys.map(answerKey), next_cursor: null },
});

export const createApiKey = documentOperation({
  name: 'create_api_key',
  input: z.strictObject({
    name: z.string(),
    scopes: z.union([z.string().transform((list) => [list]), z.array(z.string())]).nullish(),
    expires_at: z.string().nullish(),
  }),
  output: z.strictObject({ api_key: key.omit({ last_used_at: true, revoked_at: true }), full_key: z.string() }),
  document: `mutation ($name: String!, $scopes: [String!], $expiresAt: DateTime) {
    createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) { apiKey { ${keyFields} } fullKey } }`,
  variables: ({ name, scopes, expires_at: expiresAt }) => {
    if (expiresAt) parseDateTime(expiresAt);
    return { name, scopes, expiresAt };
  },
  answer: ({ createApiKey: made }) => {
    const { last_used_at: _lastUsedAt, revoked_at: _revokedAt, ...shown } = answerKey(made.apiKey);
    return { api_key: shown, full_key: made.fullKey };
  },
});

export const revokeApiKey = documentOperation({
  name: 'revoke_api_key',
  input: z.strictObject({ id: z.string() }),
  output: z.strictObject({ revoked_count: z.int() }),
  document: 'mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }',
  variables: (input) => input,
  answer: (data) => ({ revoked_count: data.revokeApiKey.revokedCount }),
});
