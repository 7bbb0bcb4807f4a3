import { expect, test } from 'vitest';
import { answerInTime } from '../../../src/core/timeout.ts';

const refuse = (): never => {
  throw new Error('down');
};

test.each<readonly [string, () => Promise<string>, string | null]>([
  ['what is answered', async () => 'answer', 'answer'],
  ['null when it is rejected', async () => refuse(), null],
  ['null when asking throws', () => refuse(), null],
  ['null when no answer comes in time', () => new Promise(() => undefined), null],
])('answers %s', async (_what, ask, expected) => {
  expect(await answerInTime(ask, 20)).toBe(expected);
});
