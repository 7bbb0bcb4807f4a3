import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { COMMENT_PARSE_MODES, MEDIA_PARSE_MODES } from '../../src/parse/ports.ts';
import { type Random, randomFrom } from '../ledger/payment-lifecycles.ts';
import { type Answer, type Api, OPERATOR_KEY, useApi } from '../support/api.ts';
import { type AskedFor, Calls, Card, minimumByCard, PricedAnswer, pricesByCard } from '../support/price-by-card.ts';

const start = useApi();

const SEED = 20_261_128;
const READS = 600;

/** A customer's day: the prices are worked out read by read, as a caller would from the card, the answer and its receipt. */
const ORDERS = [
  {},
  { PROVIDER_ORDER_MEDIA: 'hikerapi', PROVIDER_ORDER_COMMENTS: 'scrapecreators', PROVIDER_ORDER_TRANSCRIPT: 'apify' },
  { PROVIDER_ORDER_MEDIA: 'apify', PROVIDER_ORDER_COMMENTS: 'apify,hikerapi' },
  { PROVIDER_ORDER_COMMENTS: 'scrapecreators,hikerapi', HOT_CACHE_SECONDS: '0' },
] as const;

const POSTS = [
  'DemoImage01',
  'DemoVideo01',
  'DemoAlbum01',
  'DemoHidden1',
  'DemoClosed1',
  'DemoNoText1',
  'FaultFirst_',
  'FaultCmts__',
] as const;
const REELS = [
  'DemoReel_01',
  'DemoArabic1',
  'DemoSpeech1',
  'DemoSilent1',
  'DemoHosted1',
  'DemoLong150',
  'DemoThread1',
  'FaultTrans_',
] as const;
const THREADS = [
  'DemoThread1',
  'DemoReplies',
  'DemoReel_01',
  'DemoArabic1',
  'DemoClosed1',
  'DemoNoText1',
  'FaultPage2_',
  'FaultFirst_',
] as const;

const Receipt = z.object({ providerUnits: Calls, settledMicroCredits: z.int() });
const Quoted = z.object({ quote: z.object({ expectedMicroCredits: z.int(), maximumMicroCredits: z.int() }) });
const Page = z.object({ data: z.object({ nextCursor: z.string().nullable() }) });

function maybe(random: Random, times: number, of: number, query: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return random.below(of) < times ? query : {};
}

type Situation = { readonly cursors: ReadonlyMap<string, string>; readonly acceptsStale: boolean };

function anyRead(random: Random, { cursors, acceptsStale }: Situation): AskedFor {
  const freshness = { ...maybe(random, 1, 3, { maxAgeSeconds: '0' }), ...(acceptsStale ? { maxStaleSeconds: '86400' } : {}) };
  const dice = random.below(10);
  if (dice < 4) {
    const url = random.pick(THREADS);
    const limit = random.pick(['20', '20', '100', '500']);
    const includeReplies = random.pick(['true', 'false']);
    const cursor = cursors.get(`${url} ${includeReplies}`);
    const parse = maybe(random, 1, 3, { parse: random.pick(COMMENT_PARSE_MODES) });
    const from = cursor === undefined ? {} : maybe(random, 1, 3, { cursor });
    return { endpoint: '/v1/comments', query: { url, limit, includeReplies, ...parse, ...from, ...freshness } };
  }
  const comments = maybe(random, 1, 2, { comments: 'latest', commentLimit: random.pick(['20', '100']) });
  const parse = maybe(random, 1, 2, { parse: random.pick(MEDIA_PARSE_MODES) });
  if (dice < 7) return { endpoint: '/v1/post', query: { url: random.pick([...POSTS, ...REELS]), ...comments, ...parse, ...freshness } };
  const transcript = random.pick(['false', 'provider', 'true']);
  return { endpoint: '/v1/reel', query: { url: random.pick(REELS), transcript, ...comments, ...parse, ...freshness } };
}

/** Adds US$90, enough for every read. */
async function fund(api: Api, accountId: string): Promise<void> {
  const answer = await api.request('/v1/ops/credits', {
    method: 'POST',
    key: OPERATOR_KEY,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ accountId, kind: 'grant', microCredits: 90_000_000, ref: `prices-${accountId}`, reason: 'a test of prices' }),
  });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
}

/** No data provider can be reached. */
function cutOff({ env, unreachable }: Api): void {
  for (const url of [env.APIFY_BASE_URL, env.HIKERAPI_BASE_URL, env.SCRAPECREATORS_BASE_URL]) unreachable.add(new URL(String(url)).origin);
}

/** Keeps the cursor of a batch, or forgets one at the end of its thread. */
function remember(cursors: Map<string, string>, { endpoint, query }: AskedFor, { body }: Answer): void {
  if (endpoint !== '/v1/comments') return;
  const name = `${query['url']} ${query['includeReplies']}`;
  const { nextCursor } = Page.parse(body).data;
  if (nextCursor === null) cursors.delete(name);
  else cursors.set(name, nextCursor);
}

type Seen = ReturnType<typeof nothingSeen>;
const nothingSeen = () => ({
  read: 0,
  refused: 0,
  replies: 0,
  cut: 0,
  cached: 0,
  stale: 0,
  lookUps: 0,
  atMinimum: 0,
  steps: new Set<number>(),
});

/** Counts what kind of read it was, so that the test can say that all kinds were among them. */
function count(seen: Seen, { data, cache, usage, limitations, parse }: PricedAnswer, calls: Calls, card: Card): void {
  seen.read += 1;
  if (data.comments?.some(({ replies = [] }) => replies.length > 0) === true) seen.replies += 1;
  if (limitations.some(({ reason }) => reason === 'price_limit')) seen.cut += 1;
  if (cache.status === 'hit') seen.cached += 1;
  if (limitations.some(({ code }) => code === 'stale_copy')) seen.stale += 1;
  if (data.transcript === null && usage.lines.some(({ item, settledMicroCredits }) => item === 'transcript' && settledMicroCredits > 0))
    seen.lookUps += 1;
  const isAtMinimum = usage.lines.some(({ item, settledMicroCredits }) => {
    return settledMicroCredits > 0 && settledMicroCredits === minimumByCard(card, calls, item);
  });
  if (isAtMinimum) seen.atMinimum += 1;
  const included = parse?.status === 'ok' ? (parse.sample?.included ?? 0) : 0;
  if (included > 0) seen.steps.add(included <= 20 ? 20 : included <= 100 ? 100 : 200);
}

describe('a price calculator of one’s own', () => {
  test(`agrees with every line of ${READS} random reads, none of which costs less than its upstream calls`, async () => {
    const random = randomFrom(SEED);
    const seen = nothingSeen();
    const differences: string[] = [];
    for (const [index, settings] of ORDERS.entries()) {
      const api = start(settings);
      const { key, accountId } = await api.signUp();
      await fund(api, accountId);
      const card = Card.parse((await api.request('/v1/pricing')).body);
      const cursors = new Map<string, string>();
      for (let number = 0; number < READS / ORDERS.length; number += 1) {
        // Every now and then what is cached expires, and no provider can be reached for some reads.
        if (random.below(12) === 0) api.clock.advance(7 * 3_600_000);
        const isCutOff = random.below(15) === 0;
        if (isCutOff) cutOff(api);
        else api.unreachable.clear();
        const asked = anyRead(random, { cursors, acceptsStale: isCutOff || random.below(4) === 0 });
        const path = `${asked.endpoint}?${new URLSearchParams(asked.query).toString()}`;
        const before = await api.balance(key);
        const quoted = Quoted.safeParse((await api.request(`${path}&dryRun=true`, { key })).body);
        const answer = await api.request(path, { key });
        const spent = before.available - (await api.balance(key)).available;
        api.clock.advance(4_000);
        if (answer.status !== 200) {
          seen.refused += 1;
          if (spent !== 0) differences.push(`${index}.${number} ${path}: refused with ${answer.status} and charged ${spent}`);
          continue;
        }
        const body = PricedAnswer.parse(answer.body);
        const { usage } = body;
        const receipt = usage.receiptId === null ? null : Receipt.parse((await api.request(`/v1/usage/${usage.receiptId}`, { key })).body);
        const calls = receipt?.providerUnits ?? [];
        const expected = pricesByCard(card, asked, body, calls);
        for (const { item, settledMicroCredits, reservedMicroCredits } of usage.lines) {
          const price = expected.get(item);
          const settled = `${item} settled ${settledMicroCredits} of ${reservedMicroCredits}`;
          if (price !== settledMicroCredits) differences.push(`${index}.${number} ${path}: ${settled}, not ${price}`);
        }
        const total = [...expected.values()].reduce((sum, one) => sum + one, 0);
        const cost = minimumByCard(card, calls);
        const facts = { total, spent, settled: usage.settledMicroCredits, receipt: receipt?.settledMicroCredits ?? 0 };
        if (new Set(Object.values(facts)).size !== 1) differences.push(`${index}.${number} ${path}: ${JSON.stringify(facts)}`);
        if (usage.settledMicroCredits < cost)
          differences.push(`${index}.${number} ${path}: settled ${usage.settledMicroCredits}, cost ${cost}`);
        if (!quoted.success || quoted.data.quote.expectedMicroCredits !== usage.reservedMicroCredits) {
          differences.push(`${index}.${number} ${path}: reserved ${usage.reservedMicroCredits}, quoted ${JSON.stringify(quoted.data)}`);
        }
        remember(cursors, asked, answer);
        count(seen, body, calls, card);
      }
    }
    expect(differences).toEqual([]);
    expect(seen.read).toBeGreaterThanOrEqual(500);
    // The reads were of every kind.
    expect(seen.steps.size).toBe(3);
    for (const kind of ['replies', 'cut', 'cached', 'stale', 'lookUps', 'atMinimum'] as const) expect(seen[kind], kind).toBeGreaterThan(3);
  }, 600_000);
});
