import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endProcess } from '../../local/end-process.ts';
import { createSamples } from '../../local/samples/samples.ts';
import { freePort } from '../../local/sqld.ts';

const projectFolder = join(import.meta.dirname, '..', '..');

const StackFile = z.strictObject({
  baseUrl: z.url(),
  customerKey: z.string(),
  operatorKey: z.string(),
  sqldUrl: z.url(),
  sqldUrls: z.array(z.url()).optional(),
  fakes: z.strictObject({ apify: z.url(), hikerapi: z.url(), scrapecreators: z.url(), achronon: z.url(), stripe: z.url() }),
});
type StackFile = z.infer<typeof StackFile>;

const Memory = z.object({ cursorSecret: z.string().min(32) });

const SignedUp = z.object({ apiKey: z.string() });

const Me = z.object({ account: z.object({ id: z.string() }), balance: z.object({ availableMicroCredits: z.int() }) });

// A developer's own .dev.vars must not send these tests to a real service.
const environment = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  APIFY_TOKEN: 'local-fake',
  HIKERAPI_ACCESS_KEY: 'local-fake',
  SCRAPECREATORS_API_KEY: 'local-fake',
  ACHRONON_AI_SERVICE_TOKEN: 'local-fake',
  PROVIDER_ORDER_MEDIA: 'scrapecreators,hikerapi,apify',
  SIGNUP_GRANT_MICRO_CREDITS: '5000000',
};

let folder: string;
const launched: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'igskill-stack-'));
});
afterEach(async () => {
  for (const child of launched.splice(0)) if (child.exitCode === null && child.pid !== undefined) await endProcess(child.pid);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function launch(...args: string[]) {
  const child = spawn(process.execPath, [join(projectFolder, 'local', 'stack.ts'), ...args], { env: environment, cwd: projectFolder });
  launched.push(child);
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const isUp = new Promise<boolean>((resolve) => {
    const keep = (chunk: unknown) => {
      output += String(chunk);
      if (output.includes('Try it:')) resolve(true);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('close', () => resolve(false));
  });
  return { child, ended, isUp, output: () => output };
}

async function up(stack: ReturnType<typeof launch>, data: string): Promise<StackFile> {
  if (!(await stack.isUp)) throw new Error(`the stack did not start: ${stack.output()}`);
  return StackFile.parse(JSON.parse(readFileSync(join(data, 'stack.json'), 'utf8')));
}

async function get(stack: StackFile, path: string, key = stack.customerKey): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(`${stack.baseUrl}${path}`, { headers: { authorization: `Bearer ${key}` } });
  const body: unknown = await answer.json();
  return { status: answer.status, body };
}

async function me(stack: StackFile) {
  return Me.parse((await get(stack, '/v1/me')).body);
}

async function expectFree(stack: StackFile): Promise<void> {
  for (const url of [stack.baseUrl, stack.sqldUrl, ...(stack.sqldUrls ?? []), ...Object.values(stack.fakes)])
    await expect(fetch(url)).rejects.toThrow('fetch failed');
}

describe('npm run dev', () => {
  test('gives a stranger a paid read, ends without leaving anything, and comes back with the same money', async () => {
    const data = join(folder, 'data');
    const port = String(await freePort());
    const first = launch('--data', data, '--port', port, '--fresh');
    const stack = await up(first, data);
    expect(first.output()).toContain(`${stack.baseUrl}/docs`);
    expect(first.output()).toContain(stack.customerKey);
    expect((await get(stack, '/health')).status).toBe(200);

    const before = await me(stack);
    expect(before.balance.availableMicroCredits).toBe(5_000_000);
    const read = await get(stack, '/v1/post?url=DemoImage01');
    expect(read).toMatchObject({
      status: 200,
      body: { data: { shortcode: 'DemoImage01' }, provider: { id: 'scrapecreators' }, cache: { status: 'miss' } },
    });
    const after = await me(stack);
    expect(after.balance.availableMicroCredits).toBeLessThan(5_000_000);
    expect((await get(stack, '/v1/me', stack.operatorKey)).body).toMatchObject({ key: { role: 'owner' } });

    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await expectFree(stack);

    const { cursorSecret } = Memory.parse(JSON.parse(readFileSync(join(data, 'memory.json'), 'utf8')));
    const second = launch('--data', data, '--port', port);
    const again = await up(second, data);
    expect(again).toEqual(stack);
    expect(readFileSync(join(data, 'worker.env'), 'utf8')).toContain(cursorSecret);
    expect(await me(again)).toEqual(after);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
    await expectFree(again);
  });

  test('spreads new accounts over the databases of --shards, which stay when it is started again without', async () => {
    const data = join(folder, 'shards');
    const port = String(await freePort());
    const first = launch('--data', data, '--port', port, '--shards', '2');
    const stack = await up(first, data);
    expect(stack.sqldUrls).toHaveLength(2);
    for (const url of stack.sqldUrls ?? []) expect(first.output()).toContain(url);
    const customers = new Map<string, string>();
    for (let count = 0; count < 40 && customers.size < 2; count++) {
      const body = JSON.stringify({ accountName: 'Test team', keyName: 'test key' });
      const answer = await fetch(`${stack.baseUrl}/v1/signup`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const { apiKey } = SignedUp.parse(await answer.json());
      customers.set(apiKey.startsWith('igsk_s1_') ? 'second' : 'first', apiKey);
    }
    expect([...customers.keys()].sort()).toEqual(['first', 'second']);
    for (const key of customers.values()) expect((await get(stack, '/v1/post?url=DemoImage01', key)).status).toBe(200);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await expectFree(stack);

    const second = launch('--data', data, '--port', port);
    const again = await up(second, data);
    expect(again).toEqual(stack);
    for (const key of customers.values()) {
      const available = Me.parse((await get(again, '/v1/me', key)).body).balance.availableMicroCredits;
      expect([4_997_000, 4_999_000]).toContain(available);
    }
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  test('reads recordings, and leaves nothing behind when it is killed without warning', async () => {
    const recordings = join(folder, 'recordings');
    mkdirSync(recordings, { recursive: true });
    writeFileSync(join(recordings, 'reel.json'), createSamples(Date.now).find('scrapecreators', 'DemoReel_01') ?? '');
    const data = join(folder, 'killed');
    const launcher = launch('--data', data, '--port', String(await freePort()), '--recordings', recordings);
    const stack = await up(launcher, data);
    expect(launcher.output()).toContain('1 posts of ScrapeCreators');
    expect(await get(stack, '/v1/post?url=DemoReel_01')).toMatchObject({ status: 200, body: { data: { type: 'reel' } } });
    expect((await get(stack, '/v1/post?url=DemoImage01')).status).toBe(404);
    expect(await (await fetch(`${stack.fakes.scrapecreators}/__calls`)).json()).toHaveLength(2);
    launcher.child.kill('SIGKILL');
    await launcher.ended;
    await expect.poll(() => expectFree(stack).then(() => true), { timeout: 20_000 }).toBe(true);
  });

  test('a second stack on the same data is refused while the first runs', async () => {
    const data = join(folder, 'shared');
    const first = launch('--data', data, '--port', String(await freePort()));
    await up(first, data);
    const second = launch('--data', data, '--port', String(await freePort()));
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/^A local stack \(process \d+\) already runs with its data in .*\n$/);
  });

  test('ends with one sentence when its database is killed', async () => {
    const data = join(folder, 'orphan');
    const launcher = launch('--data', data, '--port', String(await freePort()));
    const stack = await up(launcher, data);
    const children = readFileSync(`/proc/${launcher.child.pid}/task/${launcher.child.pid}/children`, 'utf8').trim().split(' ');
    const sqld = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--http-listen-addr'));
    process.kill(Number(sqld), 'SIGKILL');
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toContain('The database (sqld) ended unexpectedly.');
    await expectFree(stack);
  });

  test('refuses a taken port in one sentence', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const launcher = launch('--data', join(folder, 'taken'), '--port', String(port));
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toBe(
      `Port ${port} on 127.0.0.1 is taken: stop the program that listens there, or choose another port with --port.\n`,
    );
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    [['--map', 'map.json'], '--map requires --recordings.\n'],
    [['--recordings', '/nonexistent/payloads'], 'The recordings folder /nonexistent/payloads cannot be read (ENOENT).\n'],
    [
      ['--prot', '1'],
      "Unknown option '--prot': the options are --port N, --recordings DIR, --map FILE, --data DIR, --shards N, --fresh and --help.\n",
    ],
  ])('refuses %j in one sentence', async (args, sentence) => {
    const data = join(folder, 'refused');
    const launcher = launch('--data', data, '--port', String(await freePort()), ...args);
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toBe(sentence);
    expect(existsSync(join(data, 'stack.json'))).toBe(false);
  });
});
