import { z } from '@hono/zod-openapi';
import type { JournalEntry } from '../../billing/usage/usage.ts';
import { isoTime } from '../../core/clock.ts';
import { nextCursor } from '../../http/pagination.ts';

export const JournalPage = z
  .object({
    items: z.array(
      z
        .object({
          seq: z.int().positive(),
          kind: z.enum(['usage', 'topup', 'grant', 'clawback', 'reinstate', 'adjust']),
          ref: z.string().openapi({ description: 'What caused the change: the id of a request or a payment, or the name of a grant.' }),
          deltaMicroCredits: z.int(),
          balanceAfterMicroCredits: z.int(),
          createdAt: z.iso.datetime(),
        })
        .openapi('JournalEntry'),
    ),
    nextCursor,
  })
  .openapi('JournalPage', {
    example: {
      items: [
        {
          seq: 2,
          kind: 'usage',
          ref: 'req_01JZ0000000000000000000000',
          deltaMicroCredits: -3_000,
          balanceAfterMicroCredits: 4_997_000,
          createdAt: '2026-06-28T00:00:00.000Z',
        },
      ],
      nextCursor: null,
    },
  });

export function journalLine(entry: JournalEntry): z.infer<typeof JournalPage>['items'][number] {
  return {
    seq: entry.seq,
    // safe because the column's CHECK names the same kinds
    kind: entry.kind as z.infer<typeof JournalPage>['items'][number]['kind'],
    ref: entry.ref,
    deltaMicroCredits: entry.delta,
    balanceAfterMicroCredits: entry.balanceAfter,
    createdAt: isoTime(entry.createdAt),
  };
}
