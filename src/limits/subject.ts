import { sha256Hex } from '../core/sha256.ts';

/** Where the runtime says no address, as on a developer's machine, all requests count as from one. */
const NO_ADDRESS = 'none';

/** An IPv6 customer is given this many groups of 16 bits and decides about the rest alone. */
const NETWORK_GROUPS = 4;

/**
 * Whom a request without a key is counted for: the SHA-256 of its address, in hex. Of an IPv6 address only the network counts
 * (/64), because one machine has the whole of it. An IPv4 address written as IPv6 is the IPv4 address.
 */
export function addressSubject(address: string | undefined): string {
  const network = address === undefined ? NO_ADDRESS : networkOf(address.trim().toLowerCase());
  return sha256Hex(network);
}

/** The part of an address that belongs to one customer of a network. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
