import { type Random, randomFrom } from '../ledger/payment-lifecycles.ts';

/** The parameters of a paid request, which depend only on (seed, number). */
export type PaidOrder = {
  /** Index among the customers of the round. */
  readonly customer: number;
  /** The customer's first key, or a child key with a budget. */
  readonly key: 'root' | 'budgeted';
  readonly endpoint: '/v1/post' | '/v1/reel' | '/v1/comments';
  readonly query: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | null;
};

/** Few enough that holds collide and some run out of credit. */
export const CUSTOMERS = 16;

/** A repeat refers to one of the last requests, some of which are still running. */
const REPEATS_WITHIN = 40;

const POSTS = ['DemoImage01', 'DemoVideo01', 'DemoAlbum01', 'DemoHidden1', 'DemoJapan01', 'DemoClosed1'] as const;
const REELS = ['DemoReel_01', 'DemoArabic1', 'DemoSpeech1', 'DemoSilent1', 'DemoHosted1', 'DemoThread1'] as const;

/** Targets that fail in different ways, without a delay. */
const FAILING = [
  'Fault500___',
  'Fault503___',
  'FaultGone__',
  'FaultPriv__',
  'FaultFirst_',
  'FaultCmts__',
  'FaultTrans_',
  'FaultPage2_',
  'FaultCredit',
  'FaultBroken',
  'Achro500___',
  'AchroGarble',
] as const;

/** Returns the order with this number; a repeat is an earlier order with the same Idempotency-Key. */
export function paidOrder(seed: number, round: number, number: number): PaidOrder {
  const random = randomFrom(Math.imul(seed, 0x85ebca6b) ^ number);
  if (random.below(100) < 12 && number > REPEATS_WITHIN) {
    const before = freshOrder(seed, round, number - 1 - random.below(REPEATS_WITHIN));
    // Sometimes the key is reused for another request, which must be refused.
    if (random.below(20) > 0) return before;
    return { ...before, query: { ...before.query, maxStaleSeconds: '1' } };
  }
  return freshOrder(seed, round, number);
}

function freshOrder(seed: number, round: number, number: number): PaidOrder {
  const random = randomFrom(Math.imul(seed, 0xc2b2ae35) ^ number);
  const hasKey = random.below(100) < 45;
  return {
    customer: random.below(CUSTOMERS),
    key: random.below(4) === 0 ? 'budgeted' : 'root',
    idempotencyKey: hasKey ? `drill-${seed}-${round}-${number}` : null,
    ...target(random),
  };
}

function target(random: Random): Pick<PaidOrder, 'endpoint' | 'query'> {
  const dice = random.below(100);
  const freshness: Record<string, string> = random.below(100) < 35 ? { maxAgeSeconds: '0' } : {};
  if (random.below(30) === 0) freshness['maxStaleSeconds'] = '86400';
  if (random.below(60) === 0) freshness['dryRun'] = 'true';
  if (random.below(40) === 0) freshness['maxCostMicroCredits'] = '5000';
  if (dice < 40) return { endpoint: '/v1/post', query: { url: postUrl(random), ...mediaOptions(random), ...freshness } };
  if (dice < 68) {
    const transcript = random.pick(['false', 'provider', 'true', 'true']);
    const url = pickTarget(random, REELS);
    return { endpoint: '/v1/reel', query: { url, transcript, ...mediaOptions(random), ...freshness } };
  }
  const limit = random.pick(['20', '20', '20', '20', '20', '100', '100', '500']);
  const parse: Record<string, string> = random.below(4) === 0 ? { parse: random.pick(['themes', 'sentiment', 'questions']) } : {};
  const replies: Record<string, string> = random.below(4) === 0 ? { includeReplies: 'true' } : {};
  const url = pickTarget(random, ['DemoThread1', ...REELS, ...POSTS]);
  return { endpoint: '/v1/comments', query: { url, limit, ...parse, ...replies, ...freshness } };
}

function postUrl(random: Random): string {
  const shortcode = pickTarget(random, [...POSTS, ...REELS]);
  switch (random.below(10)) {
    case 0:
      return `https://www.instagram.com/share/p/Share${shortcode}`;
    case 1:
      return `https://www.instagram.com/p/${shortcode}/?img_index=1`;
    default:
      return shortcode;
  }
}

/** Mostly a readable target. */
function pickTarget(random: Random, good: readonly [string, ...string[]]): string {
  return random.below(100) < 15 ? random.pick(FAILING) : random.pick(good);
}

function mediaOptions(random: Random): Record<string, string> {
  const comments: Record<string, string> =
    random.below(5) === 0 ? { comments: 'latest', commentLimit: random.pick(['20', '20', '20', '100']) } : {};
  const parse: Record<string, string> = random.below(3) === 0 ? { parse: random.pick(['summary', 'tldr', 'json']) } : {};
  return { ...comments, ...parse };
}

export function pathOf(order: PaidOrder): string {
  return `${order.endpoint}?${new URLSearchParams(order.query).toString()}`;
}
