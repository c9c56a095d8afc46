// Which addresses of the network may be reached: the public ones, and private ones of hosts that somebody listed.
import type { LookupFunction } from 'node:net';
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { AppError } from '../base/errors.ts';

const closed = new BlockList();
/** Private, link-local, loopback, documentation, shared and multicast (IANA: special-purpose address registries). */
const ranges: readonly [net: string, bits: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 96], // with the unspecified address, loopback, and IPv4 in its oldest form
  ['64:ff9b::', 96], // NAT64 leads to any IPv4 address
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4 the same
  ['fc00::', 7],
  ['fe80::', 9], // link-local and the former site-local
  ['ff00::', 8],
];
for (const [net, bits] of ranges) closed.addSubnet(net, bits, net.includes(':') ? 'ipv6' : 'ipv4');

/** IPv4 addresses that are written as IPv6 count as what they are. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  return closed.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** What is refused: its content would be shown to whoever wrote the address. */
function privateError(host: string): AppError {
  return new AppError('E_EGRESS', `${host} is a private address, and nothing is fetched from there`, {
    hint: 'If that is meant, add a repository Secret with an address of that host.',
  });
}

/** A host as URLs write it: IPv6 in brackets. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** Throws E_EGRESS for an address that is written out; names are looked at when they are resolved. */
export function checkLiteral(host: string): void {
  if (isIP(bare(host)) !== 0 && isPrivateAddress(bare(host))) throw privateError(host);
}

/** For connections: what a name resolves to is what is connected to, so that no second answer can be another one. */
export const publicLookup: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, found) => {
    if (error) return done(error, [], 0);
    if (found.some(({ address }) => isPrivateAddress(address))) return done(privateError(host), [], 0);
    const [first] = found;
    if (options.all) done(null, found);
    else done(null, first?.address ?? '', first?.family);
  });
};

/** Addresses of a host, public ones alone; throws E_EGRESS, and E_FETCH where the name is not known. */
export async function publicAddresses(host: string): Promise<string[]> {
  checkLiteral(host);
  if (isIP(bare(host)) !== 0) return [bare(host)];
  return new Promise((answer, fail) => {
    resolve(host, { all: true }, (error, found) => {
      if (error) fail(new AppError('E_FETCH', `${host} cannot be resolved`, { kind: 'transient', cause: error }));
      else if (found.some(({ address }) => isPrivateAddress(address))) fail(privateError(host));
      else answer(found.map(({ address }) => address));
    });
  });
}
