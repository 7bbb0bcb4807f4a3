import { expect, test } from 'vitest';
import { useApi } from '../support/api.ts';

const start = useApi();

test('a batch has 100 comments and no replies unless the request asks for something else', async () => {
  const api = start();
  const { key } = await api.signUp();
  const { status, body } = await api.request('/v1/comments?url=DemoThread1', { key });
  expect(status).toBe(200);
  expect(body).toMatchObject({ data: { truncated: false, sampling: { requested: 100, delivered: 100 } } });
  expect(JSON.stringify(body)).not.toContain('"replies"');
  expect(await api.balance(key)).toEqual({ available: 5_000_000 - 15_000, held: 0 });
});
