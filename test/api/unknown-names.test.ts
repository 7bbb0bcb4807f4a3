import { describe, expect, test } from 'vitest';
import { errorOf } from '../support/answers.ts';
import { OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();

const json = (body: unknown, method = 'POST') => ({ method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

describe('an unknown name', () => {
  test.each([
    ['/v1/post?url=DemoImage01&maxCost=4000', 'maxCostMicroCredits'],
    ['/v1/post?url=DemoImage01&max_cost_micro_credits=4000', 'maxCostMicroCredits'],
    ['/v1/post?url=DemoImage01&limit=20', 'commentLimit'],
    ['/v1/reel?url=DemoReel_01&transcripts=true', 'transcript'],
    ['/v1/comments?url=DemoThread1&include_replies=true', 'includeReplies'],
    ['/v1/comments?uri=DemoThread1', 'url'],
    ['/v1/usage?key=key_1', 'keyId'],
    ['/v1/keys?limits=5', 'limit'],
  ])('%s is answered with the known one', async (path, meant) => {
    const api = start();
    const { key } = await api.signUp();
    api.takeSent();
    const answer = await api.request(path, { key });
    const { message, details } = errorOf(answer);
    expect([answer.status, api.takeSent().providers]).toEqual([400, 0]);
    expect(details).toMatchObject({ didYouMean: meant, known: expect.arrayContaining([meant]) });
    expect(message).toContain(`Did you mean \`${meant}\`?`);
  });

  test('that is close to nothing keeps the advice to encode the URL, and is not guessed at', async () => {
    const api = start();
    const { key } = await api.signUp();
    const { message, details } = errorOf(await api.request('/v1/post?url=DemoImage01&lang=en', { key }));
    expect(message).toContain('percent-encode');
    expect(details).not.toHaveProperty('didYouMean');
  });

  test.each([
    ['/v1/signup', 'POST', { accountname: 'a', keyName: 'b' }, 'accountName'],
    ['/v1/signup', 'POST', { accountName: 'a', keyName: 'b', turnstile: 't' }, 'turnstileToken'],
    ['/v1/keys', 'POST', { name: 'a', scope: ['read'] }, 'scopes'],
    ['/v1/keys', 'POST', { name: 'a', max_cost_micro_credits: 1 }, 'maxCostMicroCredits'],
    ['/v1/keys', 'POST', { name: 'a', budget: { microCredit: 1 } }, 'microCredits'],
    ['/v1/keys/key_1', 'PATCH', { expires_at: null }, 'expiresAt'],
    ['/v1/keys/key_1/rotate', 'POST', { grace: 0 }, 'graceSeconds'],
    ['/v1/topups/checkout', 'POST', { micro_credits: 1_000_000 }, 'microCredits'],
    ['/v1/ops/credits', 'POST', { account: 'acct_1' }, 'accountId'],
    ['/v1/ops/holds/expire', 'POST', { reasons: 'a test' }, 'reason'],
  ] as const)('in the body of %s is answered with the known field', async (path, method, body, meant) => {
    const api = start();
    const key = path.startsWith('/v1/ops') ? OPERATOR_KEY : (await api.signUp()).key;
    const answer = await api.request(path, { ...json(body, method), key });
    const { details } = errorOf(answer);
    expect(answer.status).toBe(400);
    const unknown = JSON.stringify(details);
    expect(unknown).toContain(`"didYouMean":"${meant}"`);
    expect(unknown).toContain(`1 unknown field(s). Did you mean \`${meant}\`?`);
  });

  test('in a body that is close to nothing is counted, never repeated', async () => {
    const answer = await start().request('/v1/signup', json({ accountName: 'a', keyName: 'b', hunter2: 'x' }));
    expect(errorOf(answer)).toMatchObject({
      message: '1 unknown field(s)',
      details: { issues: [{ path: '', problem: '1 unknown field(s)' }] },
    });
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });
});
