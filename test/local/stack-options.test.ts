import { describe, expect, test } from 'vitest';
import { parseStackOptions } from '../../local/stack-options.ts';

describe('options of npm run dev', () => {
  test('without options the stack listens on 8787, serves samples and keeps its data in .local', () => {
    expect(parseStackOptions([], '/project')).toEqual({
      ok: true,
      value: { port: 8787, recordingsFolder: null, mapFile: null, dataFolder: '/project/.local', fresh: false, shards: 1 },
    });
  });

  test('takes folders from where the command was called', () => {
    expect(
      parseStackOptions(
        ['--port', '9000', '--recordings', '../payloads', '--map', 'map.json', '--data', 'here', '--fresh', '--shards', '2'],
        '/a/b',
      ),
    ).toEqual({
      ok: true,
      value: { port: 9000, recordingsFolder: '/a/payloads', mapFile: '/a/b/map.json', dataFolder: '/a/b/here', fresh: true, shards: 2 },
    });
  });

  test('asks for help only when it is asked for', () => {
    expect(parseStackOptions(['--help'], '/')).toEqual({ ok: true, value: 'help' });
  });

  test.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['loose'], "Unexpected argument 'loose'"],
    [['--port'], "Option '--port <value>' argument missing"],
    [['--port', 'abc'], '--port must be a whole number'],
    [['--port', '0'], '--port must be a whole number'],
    [['--port', '65536'], '--port must be a whole number'],
    [['--shards', '0'], '--shards must be a whole number'],
    [['--shards', '10'], '--shards must be a whole number'],
    [['--shards', '1.5'], '--shards must be a whole number'],
    [['--shards', 'two'], '--shards must be a whole number'],
    [['--data='], '--data needs a folder'],
    [['--map=', '--recordings', 'x'], '--map needs a file'],
    [['--map', 'map.json'], '--map requires --recordings'],
  ])('refuses %j in one sentence', (args, beginning) => {
    const parsed = parseStackOptions(args, '/');
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.error.startsWith(beginning)).toBe(true);
    expect(parsed.error).not.toContain('\n');
  });
});
