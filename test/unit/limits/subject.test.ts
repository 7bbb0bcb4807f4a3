import { expect, test } from 'vitest';
import { addressSubject, networkOf, siteSubject } from '../../../src/limits/subject.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('an address is counted under a hash that does not contain it, one hash for a whole IPv6 network', async () => {
  const subject = addressSubject('203.0.113.7');
  expect(subject).toMatch(/^[0-9a-f]{64}$/);
  expect(addressSubject('203.0.113.8')).not.toBe(subject);
  expect(addressSubject(' 2001:DB8:1:2::1')).toBe(addressSubject('2001:db8:1:2:ffff::9'));
  expect(addressSubject(undefined)).toMatch(/^[0-9a-f]{64}$/);
});

test('the site of an IPv6 address is its /48, and an IPv4 address has none', () => {
  expect(siteSubject('2001:DB8:1:2::1')).toBe(siteSubject('2001:db8:1:ffff::9'));
  expect(siteSubject('2001:db8:2:2::1')).not.toBe(siteSubject('2001:db8:1:2::1'));
  expect(siteSubject('2001:db8:1:2::1')).toMatch(/^[0-9a-f]{64}$/);
  for (const address of ['203.0.113.7', '::ffff:203.0.113.7', undefined]) expect(siteSubject(address)).toBeNull();
});
