import { describe, expect, test } from 'vitest';
import { type BenchOptions, parseBenchOptions } from '../../../bench/options.ts';

function parsed(...args: readonly string[]): BenchOptions {
  const options = parseBenchOptions(args, '/bench');
  if (!options.ok || options.value === 'help') throw new Error('not options');
  return options.value;
}

describe('the options of the benchmark', () => {
  test('without any, everything is measured at the callers of the targets, and only --full fills ten million entries', () => {
    const options = parsed();
    expect(options.callers).toEqual([1, 16, 64, 256]);
    expect(options.sections).toEqual(['calls', 'growth', 'trips', 'memory', 'startup']);
    expect(options.outFile).toBe('/bench/RESULTS.md');
    expect(options.sizes.at(-1)?.entries).toBe(1_000_000);
    expect(parsed('--full').sizes.at(-1)?.entries).toBe(10_000_000);
    expect(parsed('--quick').sizes.at(-1)?.entries).toBe(100_000);
  });

  test('what is given replaces what the scale says', () => {
    const options = parsed(
      '--quick',
      '--rounds',
      '7',
      '--ms',
      '50',
      '--callers',
      '1,64',
      '--only',
      'growth,trips',
      '--seed',
      '9',
      '--out',
      'x.md',
      '--profile',
    );
    expect(options).toMatchObject({
      rounds: 7,
      cellMs: 50,
      callers: [1, 64],
      sections: ['growth', 'trips'],
      seed: 9,
      outFile: 'x.md',
      isProfiled: true,
    });
  });

  test('help is asked for', () => {
    expect(parseBenchOptions(['--help'], '/bench')).toEqual({ ok: true, value: 'help' });
  });

  test.each([
    ['--rounds', '0'],
    ['--rounds', 'many'],
    ['--callers', '1,,64'],
    ['--ms', '-5'],
    ['--only', 'calls,everything'],
    ['--quick', '--full'],
    ['--fast'],
  ])('%s %s is refused with a sentence', (...args) => {
    const options = parseBenchOptions(args, '/bench');
    expect(options).toMatchObject({ ok: false, error: expect.stringMatching(/\./) });
  });
});
