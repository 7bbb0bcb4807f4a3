import { expect, test } from 'vitest';
import { readSettings } from '../../../src/env.ts';
import { connect, shardCount } from '../../../src/wiring/database.ts';

const shards = [{ url: 'libsql://one.example', authToken: 'of one' }, { url: 'http://two.example' }];
const settings = readSettings({
  LIBSQL_URL: 'https://home.example',
  LIBSQL_AUTH_TOKEN: 'of home',
  LIBSQL_SHARDS: JSON.stringify(shards),
  CURSOR_SIGNING_SECRET: 'thirty-two characters or more, x',
});

/** The URL and the token used for a shard. */
async function asked(shard: number) {
  if (!settings.ok) throw new Error(JSON.stringify(settings.error));
  let request: Request | undefined;
  const database = connect(settings.value, shard, {
    fetch: async (input, init) => {
      request = new Request(input, init);
      throw new TypeError('nobody is there');
    },
  });
  await expect(database.execute('SELECT 1')).rejects.toThrow('nobody is there');
  return [new URL(request?.url ?? '').origin, request?.headers.get('Authorization')];
}

test('each shard uses its own URL and token, or the first shard’s token where it has none', async () => {
  expect(await asked(0)).toEqual(['https://home.example', 'Bearer of home']);
  expect(await asked(1)).toEqual(['https://one.example', 'Bearer of one']);
  expect(await asked(2)).toEqual(['http://two.example', 'Bearer of home']);
});

test('an unconfigured shard throws and never resolves to another', async () => {
  if (!settings.ok) throw new Error(JSON.stringify(settings.error));
  expect(shardCount(settings.value)).toBe(3);
  for (const shard of [3, 99, -1, 0.5]) {
    const { value } = settings;
    expect(() => connect(value, shard, { fetch })).toThrow('there is no such shard');
  }
});
