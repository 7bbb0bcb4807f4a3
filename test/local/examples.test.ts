import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endProcess } from '../../local/end-process.ts';
import { freePort } from '../../local/sqld.ts';

const root = join(import.meta.dirname, '..', '..');

const StackFile = z.object({ baseUrl: z.url(), customerKey: z.string(), operatorKey: z.string() });
const Me = z.object({ account: z.object({ id: z.string() }), balance: z.object({ availableMicroCredits: z.int() }) });
const SignedUp = z.object({ apiKey: z.string() });
const Line = z.strictObject({
  post: z.string(),
  caption: z.string().nullable(),
  limitations: z.array(z.strictObject({ code: z.string(), path: z.string(), reason: z.string() })),
  costMicroCredits: z.int(),
});

const python = spawnSync('python3', ['--version']).status === 0 ? 'python3' : null;
if (python === null) console.warn('NO PYTHON FOUND: the test of examples/agent.py is SKIPPED. Install python3.');

const AGENTS = [
  { name: 'agent.ts', program: process.execPath },
  { name: 'agent.py', program: python },
] as const;

let folder: string;
let stack: ChildProcess;
let stackFile: z.infer<typeof StackFile>;
let gateway: Server;
let gatewayUrl: string;

/** What the gateway in front of the stack answers first, each once; null lets a request pass. */
let trouble: ({ readonly status: number; readonly body: string } | null)[] = [];
let passed: { readonly url: string; readonly idempotencyKey: string | undefined }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'igskill-examples-'));
  const port = String(await freePort());
  stack = spawn(process.execPath, [join(root, 'local', 'stack.ts'), '--data', folder, '--port', port], {
    cwd: root,
    // A developer's own .dev.vars must not send these tests to a real service.
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      SCRAPECREATORS_API_KEY: 'local-fake',
      HIKERAPI_ACCESS_KEY: 'local-fake',
      APIFY_TOKEN: 'local-fake',
      ACHRONON_AI_SERVICE_TOKEN: 'local-fake',
      STRIPE_MODE: 'test',
      STRIPE_SECRET_KEY: 'sk_test_local_fake',
      SIGNUP_GRANT_MICRO_CREDITS: '0',
    },
  });
  await outputUntil(stack, 'Try it:');
  stackFile = StackFile.parse(JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8')));
  const { account } = Me.parse(await api('/v1/me', stackFile.customerKey));
  const grant = { accountId: account.id, kind: 'grant', microCredits: 100_000, ref: 'examples', reason: 'for the tests of the examples' };
  await api('/v1/ops/credits', stackFile.operatorKey, grant);
  gateway = createServer((req, res) => {
    const { url = '/', headers } = req;
    const idempotencyKey = headers['idempotency-key'];
    passed.push({ url, idempotencyKey: Array.isArray(idempotencyKey) ? idempotencyKey[0] : idempotencyKey });
    const problem = trouble.shift() ?? null;
    if (problem !== null) return void res.writeHead(problem.status, { 'retry-after': '1' }).end(problem.body);
    const forwarded = { authorization: headers.authorization ?? '', 'idempotency-key': passed.at(-1)?.idempotencyKey ?? '' };
    void fetch(`${stackFile.baseUrl}${url}`, { headers: forwarded }).then(async (answer) =>
      res.writeHead(answer.status, { 'retry-after': answer.headers.get('retry-after') ?? '1' }).end(await answer.text()),
    );
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const address = gateway.address();
  gatewayUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
beforeEach(() => {
  trouble = [];
  passed = [];
});
afterAll(async () => {
  gateway.close();
  gateway.closeAllConnections();
  if (stack.pid !== undefined) await endProcess(stack.pid);
  rmSync(folder, { recursive: true, force: true });
});

async function api(path: string, key: string, body?: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const sent = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(`${stackFile.baseUrl}${path}`, sent)).json();
}

/** Waits until a process has printed a text. Throws with all that it printed when it ends before. */
function outputUntil(child: ChildProcess, text: string): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const keep = (chunk: unknown) => {
      output += String(chunk);
      if (output.includes(text)) resolve(output);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('close', () => reject(new Error(`it ended without "${text}": ${output}`)));
  });
}

function start(program: string, name: string, posts: readonly string[], key: string, baseUrl = stackFile.baseUrl) {
  const env = { PATH: process.env['PATH'], IGSKILL_BASE_URL: baseUrl, IGSKILL_API_KEY: key };
  const child = spawn(program, [join(root, 'examples', name), ...posts], { env });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  const ended = new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  );
  return { child, ended };
}

describe.each(AGENTS)('examples/$name', ({ name, program }) => {
  const run = (posts: readonly string[], key: string, baseUrl?: string) => start(program ?? '', name, posts, key, baseUrl).ended;
  const lines = (out: string) =>
    out
      .trim()
      .split('\n')
      .map((line) => Line.parse(JSON.parse(line)));

  test.skipIf(program === null)('prints caption, limitations and cost of each post, and goes on after one that fails', async () => {
    const { code, out, err } = await run(['DemoImage01', 'FaultGone__', 'https://www.instagram.com/p/DemoAlbum01/'], stackFile.customerKey);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^FaultGone__: post_not_found: .*\n$/) });
    const [image, album] = lines(out);
    expect(image).toMatchObject({ post: 'DemoImage01', caption: expect.stringContaining('First light on the workshop window.') });
    expect(image?.limitations).toContainEqual(expect.objectContaining({ code: 'metric_unavailable', path: 'data.metrics.shares' }));
    expect(album).toMatchObject({ caption: expect.stringContaining('Three steps and one mistake.') });
    for (const line of [image, album]) expect([1_000, 3_000]).toContain(line?.costMicroCredits);
  });

  test.skipIf(program === null)('waits out a 503 and a 429 with the same Idempotency-Key, and is charged once', async () => {
    const before = Me.parse(await api('/v1/me', stackFile.customerKey)).balance.availableMicroCredits;
    const refusal = (code: string) => JSON.stringify({ error: { code, message: 'Not now.', retryable: true } });
    trouble = [null, { status: 503, body: '<html>no JSON of the service' }, { status: 429, body: refusal('rate_limited') }];
    const { code, out, err } = await run(['DemoVideo01'], stackFile.customerKey, gatewayUrl);
    expect({ code, err }).toEqual({ code: 0, err: 'no_response: attempt 2 in 1 s\nrate_limited: attempt 3 in 1 s\n' });
    expect(passed.map(({ url }) => new URL(url, gatewayUrl).searchParams.get('dryRun'))).toEqual(['true', null, null, null]);
    const reads = passed.slice(1);
    expect(new Set(reads.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(reads[0]?.idempotencyKey).toMatch(/^"[\da-f-]{36}"$/);
    for (const { url } of reads) expect(new URL(url, gatewayUrl).searchParams.get('maxCostMicroCredits')).toBe('3000');
    const [line] = lines(out);
    const after = Me.parse(await api('/v1/me', stackFile.customerKey)).balance.availableMicroCredits;
    expect(before - after).toBe(line?.costMicroCredits);
  });

  test.skipIf(program === null)('stops at a balance that covers nothing', async () => {
    const { apiKey } = await signUp();
    const { code, out, err } = await run(['DemoImage01', 'DemoVideo01'], apiKey);
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: expect.stringMatching(/^DemoImage01: insufficient_credits: [^\n]*\n$/) });
  });
});

describe('examples/top-up.ts', () => {
  test('has the missing credit bought, waits until it is booked, and reads', async () => {
    const { apiKey } = await signUp();
    const { child, ended } = start(process.execPath, 'top-up.ts', ['DemoReel_01'], apiKey);
    const page = /http\S+/.exec(await outputUntil(child, '\nPay 0.5 US dollars at '))?.[0] ?? '';
    expect((await fetch(`${page}/pay`, { method: 'POST', redirect: 'manual' })).status).toBe(303);
    const { code, out, err } = await ended;
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^This request may cost up to [^\n]*\n$/) });
    expect(JSON.parse(out.split('\n')[1] ?? '')).toMatchObject({ post: 'DemoReel_01', caption: expect.stringContaining('paper lanterns') });
  });
});

async function signUp(): Promise<z.infer<typeof SignedUp>> {
  const body = JSON.stringify({ accountName: 'Example agent team', keyName: 'examples' });
  const answer = await fetch(`${stackFile.baseUrl}/v1/signup`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return SignedUp.parse(await answer.json());
}
