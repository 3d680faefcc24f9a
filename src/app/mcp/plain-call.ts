/** Calls of tools that need no SDK. */
import type { IncomingHttpHeaders } from 'node:http';
import { classifyInboundRequest } from '@modelcontextprotocol/server';

/** Older revisions have batches, which would be many requests under one count. 2026-07-28 is added by the SDK. */
export const handshakeVersions = ['2025-11-25', '2025-06-18'];

export interface PlainCall {
  id: string | number;
  name: string;
  args: Record<string, unknown>;
}

/**
 * The call of a tool as a client of the older revisions sends it, with nothing else in the message: the SDK takes five times as
 * long for it. Undefined for every other message, and for what is not as the specification has it, which the SDK refuses.
 */
export function readPlainCall(headers: IncomingHttpHeaders, message: unknown): PlainCall | undefined {
  const revision = headers['mcp-protocol-version'];
  if (revision !== undefined && !handshakeVersions.includes(revision as string)) return undefined;
  if (headers['mcp-method'] !== undefined || headers['mcp-name'] !== undefined) return undefined;
  if (!isObject(message) || message.method !== 'tools/call' || message.jsonrpc !== '2.0' || !isRequestId(message.id)) return undefined;
  const { params } = message;
  if (!isObject(params) || typeof params.name !== 'string') return undefined;
  if (params.arguments !== undefined && !isObject(params.arguments)) return undefined;
  if (params._meta !== undefined && !isObject(params._meta)) return undefined;
  if (hasOther(message, messageMembers) || hasOther(params, callMembers)) return undefined;
  const claimed = { ...(revision === undefined ? {} : { protocolVersionHeader: revision as string }), body: message };
  if (classifyInboundRequest({ httpMethod: 'POST', ...claimed }).kind !== 'legacy') return undefined;
  return { id: message.id as PlainCall['id'], name: params.name, args: params.arguments ?? {} };
}

const messageMembers: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);
const callMembers: ReadonlySet<string> = new Set(['name', 'arguments', '_meta']);

function hasOther(value: object, members: ReadonlySet<string>): boolean {
  for (const member in value) if (!members.has(member)) return true;
  return false;
}

function isRequestId(id: unknown): boolean {
  return typeof id === 'string' || Number.isSafeInteger(id);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
