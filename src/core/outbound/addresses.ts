/** Which addresses may be called: public ones, and what the operator named. */
import { BlockList, isIP } from 'node:net';

/** Not globally reachable, by the IANA special-purpose address registries (RFC 6890 and its updates), and multicast. */
const refusedIpv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/**
 * Beside NAT64's well-known prefix, global unicast (RFC 4291, section 2.4) is the only part of IPv6 that may be called, so
 * loopback, `::`, unique local, link-local, multicast, IPv4-mapped and the local NAT64 prefix (RFC 8215), behind which a
 * network keeps what it likes, fall out by themselves. Inside it: protocol assignments with Teredo, documentation, and 6to4;
 * what these last hold of IPv4 is no way to a service any more.
 */
const globalIpv6 = '2000::/3';
const refusedIpv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function listOf(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string];
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const refused4 = listOf(refusedIpv4, 'ipv4');
const global6 = listOf([globalIpv6], 'ipv6');
const refused6 = listOf(refusedIpv6, 'ipv6');
/** How DNS64 writes an IPv4 address for a network that has IPv6 only (RFC 6052, section 2.1). */
const nat64 = listOf(['64:ff9b::/96'], 'ipv6');

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused4.check(address, 'ipv4');
    case 6:
      if (nat64.check(address, 'ipv6')) return !refused4.check(lastFourBytes(address), 'ipv4');
      return global6.check(address, 'ipv6') && !refused6.check(address, 'ipv6');
    default:
      return false;
  }
}

/** The end of an IPv6 address as an IPv4 address. */
function lastFourBytes(address: string): string {
  // The URL standard's spelling has only hex groups, and `::` for the longest run of zeros.
  const spelled = new URL(`http://[${address.split('%', 1)[0]}]`).hostname.slice(1, -1);
  const [low = 0, high = 0] = spelled
    .slice(spelled.lastIndexOf('::') + 2)
    .split(':')
    .reverse()
    .map((group) => Number.parseInt(group, 16) || 0);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Whether a URL's host may be looked up, or connected to when it is an address. Names are checked again once they are resolved. */
export function isPublicHost(hostname: string): boolean {
  const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (isIP(literal) !== 0) return isPublicAddress(literal);
  // RFC 6761, section 6.3: everything below `localhost` is loopback, whatever a resolver says. A name that ends in a dot
  // is another spelling of the same host, which comparisons of origins would miss.
  return hostname !== '' && !hostname.endsWith('.') && hostname !== 'localhost' && !hostname.endsWith('.localhost');
}

/** Host and port as an `allow` entry or a URL names them; no port in an entry means every port. */
interface Place {
  hostname: string;
  port: string | undefined;
}

/** What the operator named: `host` or `host:port` for everything, and the origin of an address set for one integration. */
export class Exemptions {
  readonly #places: Place[];
  readonly #originsOf = new Map<string, RegExp[]>();

  constructor(allow: readonly string[]) {
    this.#places = allow.map(parseEntry);
  }

  addOrigin(integration: string, address: string): void {
    const origin = originPattern(address);
    if (origin) this.#originsOf.set(integration, [...(this.#originsOf.get(integration) ?? []), origin]);
  }

  /** Whether a request of this integration may go there whatever the address. */
  cover(integration: string, url: URL): boolean {
    if (this.#originsOf.get(integration)?.some((origin) => origin.test(url.origin))) return true;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return this.#places.some((place) => place.hostname === url.hostname && (place.port === undefined || place.port === port));
  }
}

/**
 * An address may hold names in braces, each of which stands for one label of its host. Undefined where no domain follows the last
 * of them: that would name any host there is.
 */
function originPattern(address: string): RegExp | undefined {
  const { origin, hostname } = new URL(address);
  if (hostname.includes('}') && !/\}\.[a-z]/.test(hostname.slice(hostname.lastIndexOf('}')))) return undefined;
  const parts = origin.split(/\{[a-z0-9_]+\}/).map((part) => part.replaceAll(/\W/g, '\\$&'));
  return new RegExp(`^${parts.join('[a-z0-9-]+')}$`);
}

function parseEntry(entry: string): Place {
  const match = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry);
  const url = match && URL.parse(`http://${match[1]}`);
  if (!url) throw new Error(`${entry} is neither a host nor host:port.`);
  return { hostname: url.hostname, port: match?.[2] };
}
