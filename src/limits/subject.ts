import { sha256Hex } from '../core/sha256.ts';

/** Stands for all requests where the runtime gives no address, as in local development. */
const NO_ADDRESS = 'none';

/** Groups of 16 bits in an IPv6 customer's network; the customer controls the rest. */
const NETWORK_GROUPS = 4;

/** Groups of 16 bits that a provider assigns to one site at most. */
const SITE_GROUPS = 3;

/**
 * Returns the subject of a request without a key: the SHA-256 of its network, in hex. One machine can use a whole IPv6 /64, so it is one
 * subject. An IPv4 address written as IPv6 is the IPv4 address.
 */
export function addressSubject(address: string | undefined): string {
  const network = address === undefined ? NO_ADDRESS : networkOf(address.trim().toLowerCase());
  return sha256Hex(network);
}

/** Returns the subject of the site that an IPv6 address is in, its /48; null for an IPv4 address. */
export function siteSubject(address: string | undefined): string | null {
  const network = address === undefined ? NO_ADDRESS : networkOf(address.trim().toLowerCase());
  if (!network.includes(':')) return null;
  return sha256Hex(`${network.split(':').slice(0, SITE_GROUPS).join(':')}/48`);
}

/** Returns the part of an address that belongs to one customer of a network. */
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
