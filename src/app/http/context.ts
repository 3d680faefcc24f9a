import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Caller, Context, Door, Gateway } from '../../core/context.ts';
import { newId } from '../../core/ids.ts';
import type { Principal } from '../../core/principal.ts';
import type { LeavingSignal } from '../../core/turns/leaving.ts';
import type { HashKey } from '../../domains/api-keys/api-keys.ts';
import { authenticate, type Holder, lookUpHolder, lookUpPrincipal } from './authenticate.ts';

/** What one request's resolvers share. Nothing is looked up until it is asked for. `hashKey`: of a door that takes keys of a kind of its own. */
export function createContext(
  gateway: Gateway,
  request: IncomingMessage,
  door: Door,
  requestId: string,
  signal: LeavingSignal,
  hashKey?: HashKey,
): Context {
  let caller: Caller | Promise<Caller> | undefined;
  let holder: Promise<Holder> | undefined;
  let principal: Promise<Principal> | undefined;
  let values: Map<string, unknown> | undefined;
  // Read now, since a socket that has closed does not tell it any more.
  const peer = request.socket.remoteAddress ?? '';
  const context: Context = {
    gateway,
    requestId,
    door,
    get address() {
      return clientAddress(peer, request.headers['x-forwarded-for'], trustedProxies(gateway));
    },
    userAgent: request.headers['user-agent'],
    signal,
    caller: () => (caller ??= authenticate(gateway, request, hashKey)),
    holder: () => (holder ??= (async () => lookUpHolder(gateway, await context.caller()))()),
    principal: () => (principal ??= (async () => lookUpPrincipal(gateway, await context.caller(), await holder))()),
    once: <T>(name: string, make: () => T): T => {
      values ??= new Map();
      if (!values.has(name)) values.set(name, make());
      return values.get(name) as T;
    },
    answerHeaders: new Map(),
  };
  return context;
}

export function newRequestId(): string {
  return newId('req');
}

const proxiesByGateway = new WeakMap<Gateway, BlockList>();

function trustedProxies(gateway: Gateway): BlockList {
  let list = proxiesByGateway.get(gateway);
  if (!list) {
    list = new BlockList();
    for (const entry of gateway.config.trustProxy) {
      const [address, bits] = entry.split('/') as [string, string | undefined];
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
    }
    proxiesByGateway.set(gateway, list);
  }
  return list;
}

/** Whether connections from this address are those of a proxy that TRUST_PROXY names. */
export function isTrustedProxy(gateway: Gateway, address: string): boolean {
  return isIP(address) !== 0 && trustedProxies(gateway).check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** As a context tells it. */
export function clientAddressOf(gateway: Gateway, { socket, headers }: IncomingMessage): string {
  return clientAddress(socket.remoteAddress ?? '', headers['x-forwarded-for'], trustedProxies(gateway));
}

/**
 * The client's address. X-Forwarded-For is read from its right end, and only as far as the hops are proxies that
 * TRUST_PROXY names: what stands further left could be anyone's claim.
 */
function clientAddress(peer: string, forwardedFor: string | string[] | undefined, trusted: BlockList): string {
  const hops = [...String(forwardedFor ?? '').split(','), peer].map((hop) => plainAddress(hop.trim()));
  let address = hops.pop() as string;
  while (hops.length > 0 && isIP(address) && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) {
    const next = hops.pop() as string;
    if (!isIP(next)) break;
    address = next;
  }
  return address;
}

/** `::ffff:127.0.0.1` is the IPv4 address it wraps. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
