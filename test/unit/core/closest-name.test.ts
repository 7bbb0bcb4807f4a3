import { expect, test } from 'vitest';
import { closestName } from '../../../src/core/closest-name.ts';

const KNOWN = ['url', 'maxAgeSeconds', 'maxStaleSeconds', 'dryRun', 'maxCostMicroCredits', 'limit', 'includeReplies', 'cursor', 'parse'];

test.each([
  ['maxCostMicroCredit', 'maxCostMicroCredits'],
  ['max_cost_micro_credits', 'maxCostMicroCredits'],
  ['MAXCOSTMICROCREDITS', 'maxCostMicroCredits'],
  ['maxCost', 'maxCostMicroCredits'],
  ['max-age', 'maxAgeSeconds'],
  ['replies', 'includeReplies'],
  ['limti', 'limit'],
  ['limits', 'limit'],
  ['uri', 'url'],
  ['cursr', 'cursor'],
  ['dry', 'dryRun'],
])('%s is meant for %s', (name, meant) => {
  expect(closestName(name, KNOWN)).toBe(meant);
});

test.each(['', '_', 'x', 'lang', 'max', 'secret', 'u', 'username', 'format', 'l'.repeat(41), 'limit'.repeat(200), 'ссылка'])(
  '%j is close to nothing',
  (name) => {
    expect(closestName(name, KNOWN)).toBeNull();
  },
);

test('nothing is close where nothing is known', () => {
  expect(closestName('verbose', [])).toBeNull();
});
