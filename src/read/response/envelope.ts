import type { z } from 'zod';
import type { Payment } from '../pricing/payer.ts';
import { commentsData, mediaData } from './data.ts';
import { pickFields } from './fields.ts';
import { commentParse, mediaParse } from './interpretation.ts';
import { minimalComments, minimalMedia } from './minimal-view.ts';
import type { commentsReadings, mediaReadings, Usage, View } from './readings.ts';
import type { ReadResult } from './result.ts';
import { standardComments, standardMedia } from './standard-view.ts';
import { untrustedIn } from './untrusted.ts';

/** The two kinds of read, by their main part. */
export type Main = 'media' | 'comments';

/** What an answer shows of a read: a view, or these fields of the full one. */
export type Shape = { readonly view: View } | { readonly view: 'fields'; readonly fields: readonly string[] };

type Bodies = {
  readonly media: z.infer<ReturnType<typeof mediaReadings>['any']>;
  readonly comments: z.infer<ReturnType<typeof commentsReadings>['any']>;
};

/** The body of a delivered read. */
export type ReadBody<M extends Main> = Bodies[M];

const RENDERERS = {
  media: (result: ReadResult, shape: Shape) => viewsOf(mediaData(result), shape, { standard: standardMedia, minimal: minimalMedia }),
  comments: (result: ReadResult, shape: Shape) =>
    viewsOf(commentsData(result), shape, { standard: standardComments, minimal: minimalComments }),
} as const satisfies Record<Main, unknown>;

const INTERPRETATIONS = { media: mediaParse, comments: commentParse } as const satisfies Record<Main, unknown>;

/** What an answer shows of a read, whatever that costs. */
export type Content = {
  readonly view: Shape['view'];
  readonly data: unknown;
  readonly untrusted: readonly string[];
  readonly parse: unknown;
};

/** Renders what an answer shows of a result. */
export function contentOf({ main, shape }: { readonly main: Main; readonly shape: Shape }, result: ReadResult): Content {
  const data = RENDERERS[main](result, shape);
  const parse = INTERPRETATIONS[main](result);
  return { view: shape.view, data, untrusted: untrustedIn({ data, parse }), parse };
}

/**
 * Puts what a read cost and where it is from around its content. The order of the fields is part of a stored response, so it must not
 * change.
 */
export function readBody<M extends Main>({ view, data, ...shared }: Content, result: ReadResult, priceCardVersion: string): ReadBody<M> {
  const { provider, cache, payment, limitations } = result;
  const usage = usageOf(payment, priceCardVersion);
  const head = { kind: 'reading', view, data } as const;
  const body =
    view === 'minimal'
      ? {
          ...head,
          cache: { status: cache.status, ageSeconds: cache.ageSeconds },
          usage: {
            settledMicroCredits: usage.settledMicroCredits,
            balanceMicroCredits: usage.balanceMicroCredits,
            receiptId: usage.receiptId,
          },
          limitations: limitations.map(({ code, path, reason }) => ({ code, path, reason })),
          ...shared,
        }
      : { ...head, provider, cache, usage, limitations: [...limitations], ...shared };
  // safe because the renderer of a kind and a view makes what the schema of both says, which the tests of every view check
  return body as ReadBody<M>;
}

function viewsOf<T, S, M>(
  full: T,
  shape: Shape,
  { standard, minimal }: { readonly standard: (full: T) => S; readonly minimal: (full: T) => M },
): unknown {
  switch (shape.view) {
    case 'full':
      return full;
    case 'standard':
      return standard(full);
    case 'minimal':
      return minimal(full);
    case 'fields':
      return pickFields(full, shape.fields);
  }
}

function usageOf(payment: Payment, priceCardVersion: string): z.infer<typeof Usage> {
  return {
    priceCardVersion,
    reservedMicroCredits: payment.reserved,
    settledMicroCredits: payment.settled,
    refundedMicroCredits: payment.refunded,
    balanceMicroCredits: payment.available,
    receiptId: payment.receiptId,
    lines: payment.lines.map((line) => ({
      item: line.item,
      reservedMicroCredits: line.reserved,
      settledMicroCredits: line.settled,
      refundedMicroCredits: line.refunded,
      ...(line.reason === null ? {} : { reason: line.reason }),
    })),
  };
}
