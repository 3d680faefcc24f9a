import { describe, expect, test } from 'vitest';
import { Exemptions, isPublicAddress, isPublicHost } from '../../src/core/outbound/addresses.ts';

describe('an address', () => {
  test.each([
    ['0.0.0.0', 'this network'],
    ['0.1.2.3', 'this network'],
    ['10.255.255.255', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.127.255.255', 'carrier-grade NAT'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.8', 'protocol assignments'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', '6to4 relays'],
    ['192.168.1.1', 'private'],
    ['198.18.0.1', 'benchmarking'],
    ['198.51.100.1', 'documentation'],
    ['203.0.113.1', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['::ffff:127.0.0.1', 'IPv4-mapped'],
    ['::ffff:8.8.8.8', 'IPv4-mapped'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b::127.0.0.1', 'NAT64'],
    ['64:ff9b::a00:1', 'NAT64 of a private address'],
    ['64:ff9b::a9fe:a9fe', 'NAT64 of a link-local address'],
    ['64:ff9b::c0a8:0', 'NAT64 of a private address that ends in zeros'],
    ['64:ff9b::', 'NAT64 of 0.0.0.0'],
    ['64:ff9b::1', 'NAT64 of 0.0.0.1'],
    ['0064:ff9b:0:0:0:0:0a00:0001', 'NAT64, written out'],
    ['64:ff9b::1:808:808', 'beside NAT64'],
    ['64:ff9b:1::808:808', 'local NAT64'],
    ['64:ff9b:1::1', 'local NAT64'],
    ['100::1', 'discard'],
    ['2001::1', 'Teredo'],
    ['2001:db8::1', 'documentation'],
    ['2002:7f00:1::', '6to4'],
    ['3fff::1', 'documentation'],
    ['5f00::1', 'segment routing'],
    ['fc00::1', 'unique local'],
    ['fd12:3456::1', 'unique local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with a zone'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['example.com', 'a name, not an address'],
    ['', 'nothing'],
  ])('%s (%s) is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '126.255.255.255',
    '140.82.121.6',
    '172.15.255.255',
    '172.32.0.1',
    '192.0.1.1',
    '198.17.255.255',
    '223.255.255.255',
    '64:ff9b::8c52:7906',
    '64:ff9b::140.82.121.6',
    '64:ff9b:0:0:0:0:808:808',
    '64:ff9b::800:0',
    '2606:4700:4700::1111',
    '2a00:1450:4001:806::200e',
    '2001:4860:4860::8888',
    '2003::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('a host', () => {
  test.each([
    'http://localhost',
    'http://LocalHost',
    'http://a.b.localhost',
    'http://localhost.',
    'http://example.com.',
    'http://127.1',
    'http://0x7f.0.0.1',
    'http://017700000001',
    'http://127.0.0.1.',
    'http://[::1]',
    'http://①②⑦.0.0.1',
  ])('%s is not called', (address) => {
    expect(isPublicHost(new URL(address).hostname)).toBe(false);
  });

  test.each([
    'https://api.github.com',
    'https://localhost.example.com',
    'https://notlocalhost',
    'https://8.8.8.8',
    'https://[2606:4700:4700::1111]',
  ])('%s may be called', (address) => {
    expect(isPublicHost(new URL(address).hostname)).toBe(true);
  });
});

describe('an exemption', () => {
  const exemptions = new Exemptions(['git.example.org', 'Chat.Example.org:8443', '127.0.0.1:80', '[::1]:4001', '[fd00::2]']);
  exemptions.addOrigin('notes', 'https://api.example.net/v3');

  test.each([
    'https://git.example.org',
    'http://git.example.org:8080',
    'https://chat.example.org:8443',
    'http://127.0.0.1',
    'http://[::1]:4001',
    'https://[fd00::2]',
    'https://api.example.net/other',
  ])('covers %s', (address) => {
    expect(exemptions.cover('notes', new URL(address))).toBe(true);
  });

  test.each([
    'https://sub.git.example.org',
    'https://git.example.org.',
    'https://chat.example.org',
    'https://127.0.0.1',
    'http://[::1]:4002',
    'http://api.example.net',
    'https://api.example.net:444',
  ])('does not cover %s', (address) => {
    expect(exemptions.cover('notes', new URL(address))).toBe(false);
  });

  test('by an address with a variable in its host is one label’s below that domain, and none’s where no domain follows', () => {
    const own = new Exemptions([]);
    own.addOrigin('notes', 'https://{site}.corp.example:8443/v1');
    own.addOrigin('notes', 'http://{host}/v1');
    const covers = (address: string) => own.cover('notes', new URL(address));
    expect(covers('https://acme.corp.example:8443/v1')).toBe(true);
    for (const address of [
      'https://acme.corp.example',
      'https://a.b.corp.example:8443',
      'https://acme-corp.example:8443',
      'http://127.0.0.1',
      'http://localhost',
    ])
      expect(covers(address), address).toBe(false);
  });

  test('by an address that was set for one integration is no other’s; one that names a host is everybody’s', () => {
    expect(exemptions.cover('github', new URL('https://api.example.net/other'))).toBe(false);
    expect(exemptions.cover('github', new URL('https://git.example.org'))).toBe(true);
  });
});
