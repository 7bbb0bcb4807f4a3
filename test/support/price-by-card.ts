import { z } from 'zod';

/*
 * The price of a read, worked out from what any caller can see: GET /v1/pricing, the answer, and its receipt. The rules are those of
 * docs/reference/prices.md, written again here; nothing of src is used.
 */

const amount = z.int().nonnegative();

/** The body of GET /v1/pricing. */
export const Card = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      upTo: z.int().optional(),
      freshMicroCredits: amount,
      cachedMicroCredits: amount,
      staleMicroCredits: amount.nullable(),
    }),
  ),
  minimums: z.array(z.object({ provider: z.string(), unit: z.string(), callMicroCredits: amount, unitMicroCredits: amount })),
});
export type Card = z.infer<typeof Card>;

/** What a paid read answers, as far as its price goes. */
export const PricedAnswer = z.object({
  data: z.object({
    comments: z.array(z.object({ replies: z.array(z.unknown()).optional() })).optional(),
    transcript: z
      .object({ source: z.enum(['provider', 'hosted']) })
      .nullable()
      .optional(),
  }),
  cache: z.object({ status: z.enum(['miss', 'hit', 'stale']) }),
  usage: z.object({
    reservedMicroCredits: amount,
    settledMicroCredits: amount,
    refundedMicroCredits: amount,
    receiptId: z.string().nullable(),
    lines: z.array(z.object({ item: z.string(), reservedMicroCredits: amount, settledMicroCredits: amount, refundedMicroCredits: amount })),
  }),
  limitations: z.array(z.object({ code: z.string(), path: z.string(), reason: z.string() })),
  parse: z
    .object({
      status: z.enum(['ok', 'failed']),
      cache: z.object({ status: z.enum(['hit', 'miss']) }).nullable(),
      sample: z.object({ included: amount }).nullish(),
    })
    .nullable(),
});
export type PricedAnswer = z.infer<typeof PricedAnswer>;

/** The calls of a receipt. */
export const Calls = z.array(
  z.object({ item: z.string().nullable(), provider: z.string(), billedUnit: z.string(), units: z.number(), billed: z.boolean() }),
);
export type Calls = z.infer<typeof Calls>;

export type AskedFor = { readonly endpoint: string; readonly query: Readonly<Record<string, string>> };

type State = 'fresh' | 'cached' | 'stale';

/** Returns what each line of an answer must have been settled at. */
export function pricesByCard(card: Card, asked: AskedFor, answer: PricedAnswer, calls: Calls): ReadonlyMap<string, number> {
  return new Map(answer.usage.lines.map((line) => [line.item, lineByCard(card, asked, answer, calls, line)]));
}

/** What the calls for one line cost, or for all of them: the least that a fresh line is settled at. */
export function minimumByCard({ minimums }: Card, calls: Calls, item: string | null = null): number {
  return calls
    .filter((call) => call.billed && (item === null || call.item === item))
    .reduce((sum, { provider, units }) => {
      const row = minimums.find((minimum) => minimum.provider === provider);
      if (row === undefined) throw new Error(`no minimum for ${provider}`);
      return sum + row.callMicroCredits + units * row.unitMicroCredits;
    }, 0);
}

function lineByCard(
  card: Card,
  { endpoint, query }: AskedFor,
  { data, cache, limitations, parse }: PricedAnswer,
  calls: Calls,
  { item, reservedMicroCredits: reserved }: PricedAnswer['usage']['lines'][number],
): number {
  const isMain = item === (endpoint === '/v1/comments' ? 'comments' : 'media');
  const price = (id: string, state: State): number => {
    const row = card.items.find((candidate) => candidate.id === id);
    if (row === undefined) throw new Error(`no price ${id}`);
    return state === 'fresh' ? row.freshMicroCredits : state === 'cached' ? row.cachedMicroCredits : (row.staleMicroCredits ?? 0);
  };
  const atLeastItsCalls = (state: State, settled: number): number => {
    return state === 'fresh' ? Math.min(reserved, Math.max(settled, minimumByCard(card, calls, item))) : settled;
  };
  const ofCache = { miss: 'fresh', hit: 'cached', stale: 'stale' } as const;
  const limit = Number(endpoint === '/v1/comments' ? (query['limit'] ?? 100) : (query['commentLimit'] ?? 20));
  // Beside a post, a part is cached when it was reserved at less than its fresh price.
  const stateOfBatch = (): State => {
    if (endpoint === '/v1/comments') return ofCache[cache.status];
    if (limitations.some(({ code, path }) => code === 'stale_copy' && path === 'data.comments')) return 'stale';
    return reserved < price(`comments_${limit}`, 'fresh') ? 'cached' : 'fresh';
  };
  const share = (id: string, state: State, count: number) => Math.floor((price(id, state) * Math.min(count, limit)) / limit);
  switch (item) {
    case 'media': {
      const state = isMain ? ofCache[cache.status] : 'fresh';
      return atLeastItsCalls(state, price('media', state));
    }
    case 'comments': {
      if (data.comments === undefined) return 0;
      const state = stateOfBatch();
      return atLeastItsCalls(state, share(`comments_${limit}`, state, data.comments.length));
    }
    case 'replies': {
      const state = stateOfBatch();
      const count = (data.comments ?? []).reduce((sum, { replies }) => sum + (replies?.length ?? 0), 0);
      return atLeastItsCalls(state, share(`replies_${limit}`, state, count));
    }
    case 'transcript': {
      const isKnown = reserved === price('transcript_provider', 'cached');
      if (data.transcript != null) {
        const state = isKnown ? 'cached' : 'fresh';
        return atLeastItsCalls(state, price(`transcript_${data.transcript.source}`, state));
      }
      const hasFailed = limitations.some(({ code, reason }) => code === 'transcript_unavailable' && reason === 'provider_failed');
      return hasFailed ? 0 : atLeastItsCalls('fresh', 0);
    }
    case 'media_parse':
    case 'comment_parse': {
      const state = parse?.status === 'ok' && parse.cache !== null ? ofCache[parse.cache.status] : null;
      if (state === null) return 0;
      if (item === 'media_parse') return price(`media_parse_${query['parse']}`, state);
      const included = parse?.sample?.included ?? 0;
      const steps = card.items.filter(({ id }) => id.startsWith('comment_parse_')).sort((a, b) => (a.upTo ?? 0) - (b.upTo ?? 0));
      const step = steps.find(({ upTo = 0 }) => included <= upTo);
      return included === 0 || step === undefined ? 0 : price(step.id, state);
    }
    default:
      throw new Error(`an unknown line ${item}`);
  }
}
