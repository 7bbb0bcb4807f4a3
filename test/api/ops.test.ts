import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { mintApiKey } from '../../src/billing/keys/api-key.ts';
import { MetricsView } from '../../src/routes/operator/metrics-view.ts';
import { OPERATOR_KEY, useApi, type Api } from '../support/api.ts';
import { errorOf } from '../support/answers.ts';

const start = useApi();
const minute = 60_000;
const reason = 'a test of the owner';

function post(body: unknown, key = OPERATOR_KEY) {
  return { key, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

async function metrics(api: Api, query = '') {
  await api.flushCounters();
  const answer = await api.request(`/v1/ops/metrics${query}`, { key: OPERATOR_KEY });
  expect(answer.status).toBe(200);
  return MetricsView.parse(answer.body);
}

const ROUTES = [
  ['GET', '/v1/ops/metrics'],
  ['POST', '/v1/ops/credits'],
  ['POST', '/v1/ops/accounts/acct_x/freeze'],
  ['POST', '/v1/ops/accounts/acct_x/unfreeze'],
  ['POST', '/v1/ops/accounts/acct_x/root-key'],
  ['POST', '/v1/ops/keys/key_x/revoke'],
  ['GET', '/v1/ops/receipts/req_x'],
  ['POST', '/v1/ops/holds/expire'],
  ['POST', '/v1/ops/audit'],
  ['GET', '/v1/ops/actions'],
] as const;

describe.each(ROUTES)('%s %s', (method, path) => {
  test('is for the owner alone: 401 without a key or with one that opens nothing, 403 for a customer', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const body = method === 'POST' ? { body: '{}', headers: { 'Content-Type': 'application/json' } } : {};
    for (const opensNothing of [undefined, 'igsk_short', mintApiKey()]) {
      const answer = await api.request(path, { method, ...body, ...(opensNothing === undefined ? {} : { key: opensNothing }) });
      expect([answer.status, errorOf(answer).code]).toEqual([401, 'unauthorized']);
    }
    const customer = await api.request(path, { method, ...body, key });
    expect([customer.status, errorOf(customer).code]).toEqual([403, 'forbidden']);
    expect(api.events.at(-1)).toMatchObject({ role: 'customer', accountId });
    const owner = await api.request(path, { method, ...body, key: OPERATOR_KEY });
    expect([401, 403]).not.toContain(owner.status);
  });

  test('says so when the database is down', async () => {
    const api = start({ LIBSQL_URL: 'http://127.0.0.1:9' });
    const bodies = { accountId: 'acct_x', kind: 'grant', microCredits: 1, ref: 'x', reason };
    const body = path.endsWith('credits') ? bodies : { reason };
    const answer = await api.request(path, method === 'POST' ? post(body) : { key: OPERATOR_KEY });
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'overloaded']);
  });
});

test('counts the keys that the operator endpoints refused, by reason', async () => {
  const api = start();
  const { key } = await api.signUp();
  const counts = async () => {
    await api.flushCounters();
    const { body } = await api.request('/v1/ops/metrics?format=prometheus', { key: OPERATOR_KEY });
    const lines = [...String(body).matchAll(/^igskill_operator_refusals_total{reason="(\w+)"} (\d+)$/gm)];
    return Object.fromEntries(lines.map(([, reason = '', count]) => [reason, Number(count)]));
  };
  const before = await counts();
  expect(Object.keys(before)).toEqual(['no_key', 'wrong_key', 'customer_key']);
  for (const [method, path] of ROUTES) {
    const body = method === 'POST' ? { body: '{}', headers: { 'Content-Type': 'application/json' } } : {};
    for (const given of [undefined, `${OPERATOR_KEY}x`, 'igsk_short', mintApiKey(), key, OPERATOR_KEY]) {
      await api.request(path, { method, ...body, ...(given === undefined ? {} : { key: given }) });
    }
  }
  const after = await counts();
  const added = Object.fromEntries(Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)]));
  expect(added).toEqual({ no_key: ROUTES.length, wrong_key: 3 * ROUTES.length, customer_key: ROUTES.length });
  // A key that the database could not be asked about is not wrong.
  await start({ LIBSQL_URL: 'http://127.0.0.1:9' }).request('/v1/ops/metrics', { key });
  expect((await counts())['wrong_key']).toBe(after['wrong_key']);
});

describe('GET /v1/ops/metrics', () => {
  test('counts what happened: requests, cache, providers, money, accounts', async () => {
    const api = start();
    // Other tests of this file count in the same database.
    api.clock.advance(400 * 24 * 60 * minute);
    const { key } = await api.signUp();
    for (const url of ['DemoImage01', 'DemoImage01', 'Fault500___']) await api.request(`/v1/post?url=${url}`, { key });
    await api.request('/v1/reel?url=DemoSpeech1&transcript=true&parse=summary', { key });
    const seen = await metrics(api, '?window=1h');
    expect(seen.window).toBe('1h');
    const postRequests = seen.requests.byEndpoint.find(({ endpoint }) => endpoint === 'GET /v1/post');
    expect(postRequests?.outcomes).toEqual({ ok: 2, provider_unavailable: 1 });
    expect(postRequests?.latencyMs.p50).toEqual(expect.any(Number));
    expect(seen.cache).toEqual({ hits: 1, misses: 2, stale: 0, hitRatio: 1 / 3 });
    expect(seen.providers['scrapecreators']).toMatchObject({ configured: true, outcomes: { server_error: 1 }, failures: 1 });
    expect(seen.providers['scrapecreators']?.costMicroUsd).toBeGreaterThan(0);
    expect(seen.transcripts).toEqual({ provider: 1 });
    expect(seen.parses).toEqual({ ok: 1 });
    const receipts = await api.database.execute(
      "SELECT sum(j.value ->> 'estimatedCostMicros') AS cost FROM receipt r, json_each(r.body, '$.upstream') j",
    );
    expect(seen.money.settledReadsProviderCostMicroUsd).toBe(receipts.rows[0]?.['cost']);
    expect(seen.money.providerCostMicroUsd).toBeGreaterThanOrEqual(seen.money.settledReadsProviderCostMicroUsd);
    expect(seen.money.marginMicroUsd).toBe(seen.money.revenueMicroCredits - seen.money.providerCostMicroUsd);
    const { available } = await api.balance(key);
    expect(seen.credits).toMatchObject({ grantedMicroCredits: 5_000_000, openMicroCredits: 0 });
    expect(seen.credits.settledMicroCredits).toBe(5_000_000 - available);
    expect(seen.credits.reservedMicroCredits).toBe(seen.credits.settledMicroCredits + seen.credits.refundedMicroCredits);
    expect(seen.holds).toMatchObject({ opened: 4, settled: 3, released: 1, expired: 0, open: 0, overdue: 0 });
    expect(seen.accounts.created).toBe(1);
    expect(seen.keys.created).toBe(1);
  });

  test('looks through three windows, over minutes, hours and days, and loses nothing when they are moved', async () => {
    const api = start();
    api.clock.advance(800 * 24 * 60 * minute);
    const { key } = await api.signUp();
    const settled = async (window: string) => (await metrics(api, `?window=${window}`)).credits.settledMicroCredits;
    await api.request('/v1/post?url=DemoImage01', { key });
    expect(await Promise.all(['1h', '24h', '30d'].map(settled))).toEqual([3_000, 3_000, 3_000]);
    api.clock.advance(5 * 60 * minute);
    await api.runCron();
    expect(await Promise.all(['1h', '24h', '30d'].map(settled))).toEqual([0, 3_000, 3_000]);
    api.clock.advance(4 * 24 * 60 * minute);
    await api.runCron();
    expect(await Promise.all(['1h', '24h', '30d'].map(settled))).toEqual([0, 0, 3_000]);
    api.clock.advance(40 * 24 * 60 * minute);
    await api.runCron();
    expect(await settled('30d')).toBe(0);
    const text = await api.request('/v1/ops/metrics?format=prometheus', { key: OPERATOR_KEY });
    const [entries] = (await api.database.execute("SELECT -sum(delta_micros) AS settled FROM entry WHERE kind = 'usage'")).rows;
    expect(text.body).toContain(`igskill_credits_settled_total ${Number(entries?.['settled']) / 1e6}\n`);
  });

  test('says how a provider is by its last calls, and forgets it after ten minutes', async () => {
    const api = start();
    api.clock.advance(1_200 * 24 * 60 * minute);
    // The same key is stopped at its third failure with one post.
    const keys = [await api.signUp(), await api.signUp()];
    for (let call = 0; call < 5; call += 1) await api.request('/v1/post?url=Fault503___', { key: keys[call % 2]?.key ?? '' });
    expect((await metrics(api)).providers['hikerapi']).toMatchObject({ state: 'failing', calls: 5, failures: 5 });
    api.clock.advance(12 * minute);
    expect((await metrics(api)).providers['hikerapi']).toMatchObject({ state: 'idle', calls: 5 });
    const without = start({ HIKERAPI_ACCESS_KEY: '', ACHRONON_AI_SERVICE_TOKEN: '' });
    const seen = await metrics(without);
    expect(seen.providers['hikerapi']).toMatchObject({ configured: false, state: 'unconfigured' });
    expect(seen.boundaries['achronon']).toEqual({ configured: false });
  });

  test('shows the circuit of a provider that reads ask last, until it has been well again for ten minutes', async () => {
    const api = start();
    api.clock.advance(1_250 * 24 * 60 * minute);
    const { key } = await api.signUp();
    // ScrapeCreators fails for this one and the others deliver.
    const read = async () => {
      const answer = await api.request('/v1/post?url=FaultFirst_&maxAgeSeconds=0', { key });
      expect(answer.status).toBe(200);
      return (api.events.at(-1)?.attempts ?? []).map((attempt) => ('provider' in attempt ? attempt.provider : null));
    };
    for (let call = 0; call < 5; call += 1) expect(await read()).toEqual(['scrapecreators', 'hikerapi']);
    expect((await metrics(api)).providers['scrapecreators']).toMatchObject({ circuit: 'closed', passedOver: 0 });
    for (let call = 0; call < 3; call += 1) expect(await read()).toEqual(['hikerapi']);
    expect((await metrics(api)).providers['scrapecreators']).toMatchObject({ circuit: 'open', passedOver: 3 });
    expect((await metrics(api)).providers['hikerapi']).toMatchObject({ circuit: 'closed', passedOver: 0 });
    const prometheus = async () => String((await api.request('/v1/ops/metrics?format=prometheus', { key: OPERATOR_KEY })).body);
    expect(await prometheus()).toContain('igskill_provider_circuit_open{provider="scrapecreators"} 1\n');
    api.clock.advance(20_000);
    expect(await read()).toEqual(['scrapecreators', 'hikerapi']);
    expect(await read()).toEqual(['hikerapi']);
    api.clock.advance(20_000);
    await api.request('/v1/post?url=DemoVideo01&maxAgeSeconds=0', { key });
    expect(await read()).toEqual(['scrapecreators', 'hikerapi']);
    await api.flushCounters();
    api.clock.advance(12 * minute);
    expect((await metrics(api)).providers['scrapecreators']).toMatchObject({ circuit: 'closed', passedOver: 4 });
    expect(await prometheus()).toContain('igskill_provider_circuit_open{provider="scrapecreators"} 0\n');
  });

  test('reports the jobs with their last success, and one that stopped succeeding as overdue', async () => {
    const api = start();
    api.clock.advance(1_300 * 24 * 60 * minute);
    await api.runCron();
    const { jobs } = await metrics(api);
    const lastSuccessAt = new Date(api.clock()).toISOString();
    expect(jobs.map((job) => [job.name, job.lastSuccessAt, job.overdue])).toEqual(
      ['expire_holds', 'reconcile_payments', 'forget_replays', 'end_expired_keys', 'fold_metrics', 'apply_retention', 'audit_ledger'].map(
        (name) => [name, lastSuccessAt, false],
      ),
    );
    const text = String((await api.request('/v1/ops/metrics?format=prometheus', { key: OPERATOR_KEY })).body);
    for (const outcome of ['done', 'put_off']) expect(text).toContain(`igskill_job_rows_total{job="forget_replays",outcome="${outcome}"} `);
    api.clock.advance(16 * minute);
    expect((await metrics(api)).jobs.every((job) => job.overdue)).toBe(true);
  });

  test('reads nothing but kept numbers, in few round trips', async () => {
    const api = start();
    api.takeSent();
    await api.request('/v1/ops/metrics?window=30d', { key: OPERATOR_KEY });
    expect(api.takeSent()).toEqual({ database: 3, providers: 0 });
  });

  test('asks nothing of the database on the path of a request that is counted', async () => {
    const api = start();
    await api.request('/v1/pricing');
    expect(api.takeSent()).toEqual({ database: 0, providers: 0 });
  });

  test('shows no secret in any form', async () => {
    const canaries = {
      APIFY_TOKEN: 'canary-apify-1f6b',
      HIKERAPI_ACCESS_KEY: 'canary-hikerapi-77aa',
      SCRAPECREATORS_API_KEY: 'canary-scrapecreators-9c02',
      CURSOR_SIGNING_SECRET: 'canary-cursor-51de-0123456789abcdef',
      ACHRONON_AI_SERVICE_TOKEN: 'canary-achronon-ee31',
      LIBSQL_AUTH_TOKEN: 'canary-libsql-5b5b',
    };
    const api = start(canaries);
    const { key, accountId } = await api.signUp();
    await api.request('/v1/post?url=DemoHidden1', { key });
    await api.flushCounters();
    for (const format of ['json', 'prometheus']) {
      const { body } = await api.request(`/v1/ops/metrics?format=${format}`, { key: OPERATOR_KEY });
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      expect(text).not.toMatch(/canary|127\.0\.0\.1|Test team|test key/);
      for (const secret of [...Object.values(canaries), OPERATOR_KEY, key, accountId, api.env.OWNER_ADMIN_KEY_SHA256 ?? 'none']) {
        expect(text).not.toContain(secret);
      }
    }
  });

  test('refuses an unknown window', async () => {
    const answer = await start().request('/v1/ops/metrics?window=7d', { key: OPERATOR_KEY });
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid_request']);
  });

  test('answers in the form that is asked for', async () => {
    const api = start();
    const form = async (path: string, accept?: string) =>
      (await api.request(path, { key: OPERATOR_KEY, ...(accept === undefined ? {} : { headers: { Accept: accept } }) })).headers.get(
        'Content-Type',
      );
    const text = 'text/plain; version=0.0.4; charset=utf-8';
    expect(await form('/v1/ops/metrics')).toMatch(/^application\/json/);
    expect(await form('/v1/ops/metrics', '*/*')).toMatch(/^application\/json/);
    expect(await form('/v1/ops/metrics', 'text/plain')).toBe(text);
    expect(await form('/v1/ops/metrics', 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1')).toBe(text);
    expect(await form('/v1/ops/metrics?format=prometheus')).toBe(text);
    expect(await form('/v1/ops/metrics?format=json', 'text/plain')).toMatch(/^application\/json/);
  });

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
  if (!hasPromtool)
    console.warn('SKIPPED: promtool is not installed (Debian package prometheus), so the Prometheus text is not checked by it.');
  test.skipIf(!hasPromtool)('is Prometheus text that promtool finds nothing wrong with', async () => {
    const api = start();
    const { key } = await api.signUp();
    await api.request('/v1/reel?url=DemoSpeech1&transcript=true&parse=summary', { key });
    await api.request('/v1/post?url=Fault500___', { key });
    await api.runCron();
    await api.flushCounters();
    const { body } = await api.request('/v1/ops/metrics', { key: OPERATOR_KEY, headers: { Accept: 'text/plain' } });
    // safe because the answer is text
    const said = execFileSync('promtool', ['check', 'metrics'], { input: body as string, encoding: 'utf8' });
    expect(said).toBe('');
    expect(body).toMatch(/^igskill_request_duration_seconds_bucket\{endpoint="GET \/v1\/post",le="\+Inf"\} \d+$/m);
  });
});

describe('POST /v1/ops/credits', () => {
  const credit = (accountId: string, ref: string, microCredits = 250_000, kind = 'grant') =>
    post({ accountId, kind, microCredits, ref, reason });

  test('books once for each ref, says so, and leaves an entry and an action', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const first = await api.request('/v1/ops/credits', credit(accountId, 'once'));
    expect([first.status, first.body]).toEqual([
      200,
      { accountId, booked: true, balance: { availableMicroCredits: 5_250_000, heldMicroCredits: 0, debtMicroCredits: 0 } },
    ]);
    const again = await api.request('/v1/ops/credits', credit(accountId, 'once'));
    expect(again.body).toMatchObject({ booked: false, balance: { availableMicroCredits: 5_250_000 } });
    expect(await api.balance(key)).toEqual({ available: 5_250_000, held: 0 });
    const entries = await api.database.execute("SELECT account_id, kind, delta_micros FROM entry WHERE ref = 'owner:once'");
    expect(entries.rows).toMatchObject([{ account_id: accountId, kind: 'grant', delta_micros: 250_000 }]);
    const { body } = await api.request('/v1/ops/actions', { key: OPERATOR_KEY });
    expect(body).toMatchObject({
      items: [{ kind: 'credit', ref: 'once', subject: accountId, reason, details: { microCredits: 250_000 } }],
    });
  });

  test('refuses a ref that was used for another amount, kind or account', async () => {
    const api = start();
    const [one, two] = [await api.signUp(), await api.signUp()];
    await api.request('/v1/ops/credits', credit(one.accountId, 'taken'));
    for (const other of [
      credit(one.accountId, 'taken', 1),
      credit(one.accountId, 'taken', 250_000, 'adjust'),
      credit(two.accountId, 'taken'),
    ]) {
      const answer = await api.request('/v1/ops/credits', other);
      expect([answer.status, errorOf(answer).code]).toEqual([422, 'idempotency_mismatch']);
    }
    expect(await api.balance(one.key)).toEqual({ available: 5_250_000, held: 0 });
    expect(await api.balance(two.key)).toEqual({ available: 5_000_000, held: 0 });
  });

  test('takes credit away, down to a debt that stops spending', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const answer = await api.request('/v1/ops/credits', credit(accountId, 'away', -6_000_000, 'adjust'));
    expect(answer.body).toMatchObject({ balance: { availableMicroCredits: -1_000_000, debtMicroCredits: 1_000_000 } });
    expect((await api.request('/v1/post?url=DemoImage01', { key })).status).toBe(402);
  });

  test('refuses an unknown account, what the ledger cannot hold, and a body that is none', async () => {
    const api = start();
    const { accountId } = await api.signUp();
    const missing = await api.request('/v1/ops/credits', credit('acct_nobody', 'nobody'));
    expect([missing.status, errorOf(missing).code]).toEqual([404, 'not_found']);
    const beyond = await api.request('/v1/ops/credits', credit(accountId, 'beyond', 1_000_000_000_000));
    expect([beyond.status, errorOf(beyond).code]).toEqual([400, 'invalid_request']);
    for (const body of [
      {},
      { accountId, kind: 'grant', microCredits: -5, ref: 'x', reason },
      { accountId, kind: 'topup', microCredits: 5, ref: 'x', reason },
      { accountId, kind: 'grant', microCredits: 0.5, ref: 'x', reason },
      { accountId, kind: 'grant', microCredits: 5, ref: 'x', reason: ' ' },
      { accountId, kind: 'grant', microCredits: 5, ref: 'x', reason: 'half \ud800' },
      { accountId, kind: 'grant', microCredits: 5, ref: 'x', reason: 'two\nlines' },
      { accountId: 'acct_\udc00', kind: 'grant', microCredits: 5, ref: 'x', reason },
      { accountId, kind: 'grant', microCredits: 5, ref: '', reason },
    ]) {
      expect((await api.request('/v1/ops/credits', post(body))).status, JSON.stringify(body)).toBe(400);
    }
    const { body } = await api.request('/v1/ops/actions', { key: OPERATOR_KEY });
    expect(JSON.stringify(body)).not.toMatch(/nobody|beyond/);
  });
});

describe('the owner', () => {
  test('freezes an account and lets it go again', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    const frozen = await api.request(`/v1/ops/accounts/${accountId}/freeze`, post({ reason }));
    expect(frozen.body).toEqual({ accountId, status: 'frozen', changed: true });
    const refused = await api.request('/v1/post?url=DemoImage01', { key });
    expect([refused.status, errorOf(refused).code]).toEqual([403, 'account_frozen']);
    const { accounts } = await metrics(api);
    expect((await api.request(`/v1/ops/accounts/${accountId}/freeze`, post({ reason }))).body).toMatchObject({ changed: false });
    const thawed = await api.request(`/v1/ops/accounts/${accountId}/unfreeze`, post({ reason }));
    expect(thawed.body).toEqual({ accountId, status: 'active', changed: true });
    const after = (await metrics(api)).accounts;
    expect([after.frozen, after.active]).toEqual([accounts.frozen - 1, accounts.active + 1]);
    expect((await api.request('/v1/post?url=DemoImage01', { key })).status).toBe(200);
    const missing = await api.request('/v1/ops/accounts/acct_nobody/freeze', post({ reason }));
    expect([missing.status, errorOf(missing).code]).toEqual([404, 'not_found']);
  });

  test('leaves a closed account closed', async () => {
    const api = start();
    const { accountId } = await api.signUp();
    await api.database.execute({ sql: "UPDATE account SET status = 'closed' WHERE id = ?", args: [accountId] });
    for (const verb of ['freeze', 'unfreeze']) {
      const answer = await api.request(`/v1/ops/accounts/${accountId}/${verb}`, post({ reason }));
      expect(answer.body).toEqual({ accountId, status: 'closed', changed: false });
    }
  });

  test('revokes a key at once, once', async () => {
    const api = start();
    const { key } = await api.signUp();
    // safe because the tests of /v1/me check this shape
    const { id } = ((await api.request('/v1/me', { key })).body as { key: { id: string } }).key;
    const { keys } = await metrics(api);
    const revokedAt = new Date(api.clock()).toISOString();
    expect((await api.request(`/v1/ops/keys/${id}/revoke`, post({ reason }))).body).toEqual({ keyId: id, revokedAt, changed: true });
    expect((await api.request('/v1/me', { key })).status).toBe(401);
    api.clock.advance(minute);
    expect((await api.request(`/v1/ops/keys/${id}/revoke`, post({ reason }))).body).toEqual({ keyId: id, revokedAt, changed: false });
    expect((await metrics(api)).keys).toMatchObject({ live: keys.live - 1, revoked: keys.revoked + 1 });
    expect((await api.request('/v1/ops/keys/key_nobody/revoke', post({ reason }))).status).toBe(404);
  });

  test('ends the keys below a revoked key with it', async () => {
    const api = start();
    const { key } = await api.signUp();
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'helper' }), key };
    // safe because the tests of /v1/keys check this shape
    const child = (await api.request('/v1/keys', init)).body as { apiKey: string; key: { id: string; parentId: string } };
    expect((await api.request('/v1/post?url=DemoAlbum01', { key: child.apiKey })).status).toBe(200);
    await api.request(`/v1/ops/keys/${child.key.parentId}/revoke`, post({ reason }));
    expect((await api.request('/v1/post?url=DemoAlbum01', { key: child.apiKey })).status).toBe(401);
  });

  test('looks up what a request cost, delivered or not', async () => {
    const api = start();
    const { key, accountId } = await api.signUp();
    for (const [url, state, settled] of [
      ['DemoAlbum01', 'settled', 3_000],
      ['Fault500___', 'released', null],
    ] as const) {
      const requestId = (await api.request(`/v1/post?url=${url}`, { key })).headers.get('X-Request-Id') ?? '';
      const { body, status } = await api.request(`/v1/ops/receipts/${requestId}`, { key: OPERATOR_KEY });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        requestId,
        accountId,
        state,
        reservedMicroCredits: 3_000,
        settledMicroCredits: settled,
        lines: [{ item: 'media', reservedMicroCredits: 3_000, settledMicroCredits: settled ?? 0 }],
      });
      expect(body).toMatchObject({ receipt: settled === null ? null : { shortcode: url } });
    }
    expect((await api.request('/v1/ops/receipts/req_nothing', { key: OPERATOR_KEY })).status).toBe(404);
  });

  test('gives back holds whose time is over, and runs the audit, and both are written down', async () => {
    const api = start();
    expect((await api.request('/v1/ops/holds/expire', post({ reason }))).body).toEqual({ expired: 0 });
    const audited = await api.request('/v1/ops/audit', post({ reason }));
    expect(audited.status).toBe(200);
    expect(MetricsView.shape.audit.parse(audited.body)).toMatchObject({ brokenRows: 0, runningPass: null });
    // safe because the contract tests check this shape
    const { items } = (await api.request('/v1/ops/actions', { key: OPERATOR_KEY })).body as { items: unknown[] };
    expect(items.slice(0, 2)).toMatchObject([
      { kind: 'audit', details: { brokenRows: 0 } },
      { kind: 'expire_holds', details: { expired: 0 } },
    ]);
  });

  test('reads the list of actions page by page, newest first, each once', async () => {
    const api = start();
    const { accountId } = await api.signUp();
    for (let index = 0; index < 101; index += 1) await api.request(`/v1/ops/accounts/${accountId}/freeze`, post({ reason: `no ${index}` }));
    type Page = { items: { id: string; subject: string }[]; nextCursor: string | null };
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `?cursor=${cursor}`;
      // safe because the contract tests check this shape
      const page = (await api.request(`/v1/ops/actions${query}`, { key: OPERATOR_KEY })).body as Page;
      ids.push(...page.items.filter((item) => item.subject === accountId).map((item) => item.id));
      cursor = page.nextCursor;
    }
    expect(ids).toHaveLength(101);
    expect(new Set(ids).size).toBe(101);
    expect(ids).toEqual([...ids].sort().toReversed());
  });
});
