import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_COMMENT_CALLS, MIN_PAGE_TIME_MS } from '../../../../src/providers/comments/call-budget.ts';
import { readComments } from '../../../../src/providers/comments/batch.ts';
import type { CommentBatch, CommentsOrder, CommentsPosition } from '../../../../src/providers/provider.ts';
import { commentsOrder } from '../answers.ts';
import { type Happening, listOf, type Pages, pagesOf } from './comment-list.ts';

const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `n${from + index}`);

/** Pages of 15, like the vendors'. */
function pagesOfFifteen(count: number): Pages {
  return pagesOf(Array.from({ length: Math.ceil(count / 15) }, (_, page) => names(Math.min(15, count - page * 15), page * 15)));
}

async function read(pages: Pages, order: CommentsOrder, happening?: (call: number) => Happening) {
  const list = listOf(pages, happening);
  const fetched = await readComments(list.source, order, list.budget(), list.clock);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return { batch: fetched.value.value, ids: idsOf(fetched.value.value), attempts: fetched.value.attempts, asked: list.asked };
}

const idsOf = (batch: CommentBatch): string[] => batch.comments.map(({ id }) => id);

describe('where a batch ends', () => {
  test('500 comments take 34 pages, and the next position is inside the last', async () => {
    const { batch, ids, attempts } = await read(pagesOfFifteen(600), commentsOrder(500));
    expect(ids).toEqual(names(500));
    expect(attempts).toHaveLength(34);
    expect(batch).toMatchObject({ shortfall: null, next: { cursor: 'c33', skip: 5, lastId: 'n499' }, order: 'ranked' });
  });

  test('at the limit at the end of a page, and continues at the next page, if any', async () => {
    const twenty = pagesOf([names(10), names(10, 10), names(1, 20)]);
    expect((await read(twenty, commentsOrder(20))).batch).toMatchObject({
      shortfall: null,
      next: { cursor: 'c2', skip: 0, lastId: 'n19' },
    });
    expect((await read(pagesOf([names(10), names(10, 10)]), commentsOrder(20))).batch).toMatchObject({ shortfall: null, next: null });
  });

  test('at the end of the thread', async () => {
    const { batch, ids } = await read(pagesOfFifteen(37), commentsOrder(100));
    expect(ids).toEqual(names(37));
    expect(batch).toMatchObject({ shortfall: 'end_of_thread', next: null });
  });

  test('when the calls are used up', async () => {
    const { batch, ids, asked } = await read(pagesOf(names(60).map((name) => [name])), commentsOrder(500));
    expect(asked).toHaveLength(MAX_COMMENT_CALLS);
    expect(ids).toEqual(names(MAX_COMMENT_CALLS));
    expect(batch).toMatchObject({ shortfall: 'deadline', next: { cursor: 'c40', skip: 0, lastId: 'n39' } });
  });

  test.each([
    [MIN_PAGE_TIME_MS, 2],
    [MIN_PAGE_TIME_MS - 1, 1],
  ])('with %i ms left after %i pages', async (leftMs, pages) => {
    const { batch, asked } = await read(pagesOfFifteen(30), commentsOrder(100), () => ({ takesMs: 25_000 - leftMs }));
    expect(asked).toHaveLength(pages);
    expect(batch.shortfall).toBe(pages === 2 ? 'end_of_thread' : 'deadline');
  });

  test('when a later page fails, with time as a separate reason', async () => {
    const fails = (kind: NonNullable<Happening['fails']>, takesMs: number) => (call: number) =>
      call === 2 ? { fails: kind, takesMs } : {};
    const failed = await read(pagesOfFifteen(90), commentsOrder(100), fails('server_error', 100));
    expect(failed.ids).toEqual(names(30));
    expect(failed.batch).toMatchObject({ shortfall: 'provider_failed', next: { cursor: 'c2', skip: 0, lastId: 'n29' } });
    expect(failed.attempts).toHaveLength(3);
    expect((await read(pagesOfFifteen(90), commentsOrder(100), fails('timed_out', 10_000))).batch.shortfall).toBe('provider_failed');
    expect((await read(pagesOfFifteen(90), commentsOrder(100), fails('timed_out', 24_800))).batch.shortfall).toBe('deadline');
    expect((await read(pagesOfFifteen(90), commentsOrder(100), fails('server_error', 24_800))).batch.shortfall).toBe('provider_failed');
  });

  test('when a page repeats a cursor or adds nothing', async () => {
    const circle: Pages = new Map([
      [null, { ids: names(3), next: 'a' }],
      ['a', { ids: names(3, 3), next: 'b' }],
      ['b', { ids: names(3, 6), next: 'a' }],
    ]);
    const around = await read(circle, commentsOrder(100));
    expect(around.ids).toEqual(names(9));
    expect(around.asked).toEqual([null, 'a', 'b']);
    expect(around.batch).toMatchObject({ shortfall: 'provider_limit', next: null });
    const stale = await read(pagesOf([names(5), names(5), names(5, 5)]), commentsOrder(100));
    expect(stale.asked).toHaveLength(2);
    expect(stale.batch).toMatchObject({ shortfall: 'provider_limit', next: null });
    const empty = await read(pagesOf([[], names(5)]), commentsOrder(100));
    expect(empty.batch).toMatchObject({ comments: [], shortfall: 'provider_limit', next: null });
  });
});

describe('nothing to deliver', () => {
  test('a failed first page fails the batch, with its receipt', async () => {
    const list = listOf(pagesOfFifteen(30), () => ({ fails: 'blocked' }));
    const fetched = await readComments(list.source, commentsOrder(20), list.budget(), list.clock);
    expect(fetched).toMatchObject({ ok: false, error: { kind: 'blocked', attempts: [{ endpoint: '/list' }] } });
  });

  test('too little time for a first page is a timeout without a call', async () => {
    const list = listOf(pagesOfFifteen(30));
    const fetched = await readComments(list.source, commentsOrder(20), { deadlineAt: list.clock() + MIN_PAGE_TIME_MS - 1 }, list.clock);
    expect(fetched).toMatchObject({ ok: false, error: { kind: 'timed_out', attempts: [{ billedUnits: 0, httpStatus: null }] } });
    expect(list.asked).toEqual([]);
  });
});

describe('a continued batch', () => {
  const after = (skip: number, lastId: string): CommentsPosition => ({ cursor: 'c1', skip, lastId });

  test('starts after the last comment when the page has shifted', async () => {
    const shifted = pagesOf([names(5), ['new1', 'new2', ...names(5, 5)]]);
    expect((await read(shifted, commentsOrder(20, false, after(2, 'n6')))).ids).toEqual(names(3, 7));
  });

  test('starts after the number delivered when the last comment was deleted', async () => {
    const without = pagesOf([names(5), ['n5', 'n7', 'n8', 'n9']]);
    expect((await read(without, commentsOrder(20, false, after(1, 'n6')))).ids).toEqual(names(3, 7));
  });

  test('continues on the next page when the rest of its page was deleted', async () => {
    const pages = pagesOf([names(5), names(2, 5), names(3, 7)]);
    expect((await read(pages, commentsOrder(20, false, after(2, 'n6')))).ids).toEqual(names(3, 7));
  });

  test('loses nothing when the previous page ended with a pinned comment that this one repeats', async () => {
    const pages = pagesOf([['p1'], ['n1', 'p1', 'n2']]);
    expect((await read(pages, commentsOrder(20, false, { cursor: 'c1', skip: 0, lastId: 'p1' }))).ids).toEqual(['n1', 'n2']);
  });
});

/** A thread paged like a vendor's: pages overlap, repeat pinned comments and repeat themselves. `expected` has every comment once. */
const anyThread = fc
  .record({
    pins: fc.integer({ min: 0, max: 3 }),
    pages: fc.array(
      fc.record({ fresh: fc.integer({ min: 1, max: 18 }), overlap: fc.nat(4), pinAt: fc.option(fc.nat(20)), again: fc.option(fc.nat(20)) }),
      { minLength: 1, maxLength: 14 },
    ),
  })
  .map(({ pins, pages }) => {
    const pinned = Array.from({ length: pins }, (_, index) => `p${index}`);
    const expected = [...pinned];
    const lists: string[][] = [];
    for (const { fresh, overlap, pinAt, again } of pages) {
      const isFirst = lists.length === 0;
      const before = [...new Set(lists.at(-1))].filter((id) => id.startsWith('n'));
      const added = names(fresh, expected.length);
      expected.push(...added);
      const list = [...(isFirst ? pinned : before.slice(before.length - Math.min(overlap, before.length))), ...added];
      if (!isFirst && pinAt !== null && pins > 0) list.splice(pinAt % (list.length + 1), 0, `p${pinAt % pins}`);
      if (again !== null) list.push(list[again % list.length] ?? '');
      lists.push(list);
    }
    return { pages: pagesOf(lists), expected };
  });

const anyHappenings = fc.array(
  fc.record(
    { takesMs: fc.constantFrom(50, 2_000, 9_000), fails: fc.constantFrom('server_error' as const, 'timed_out' as const) },
    { requiredKeys: ['takesMs'] },
  ),
  { maxLength: 40 },
);

describe('any thread', () => {
  test('is read in one batch, every comment once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(anyThread, async ({ pages, expected }) => {
        expect((await read(pages, commentsOrder(500))).ids).toEqual(expected);
      }),
    );
  });

  test('is read in any sequence of batches, every comment once and in order', async () => {
    const limits = fc.array(fc.constantFrom(20 as const, 100 as const), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyThread, limits, anyHappenings, async ({ pages, expected }, limits, happenings) => {
        const list = listOf(pages, (call) => happenings[call] ?? {});
        const ids: string[] = [];
        let position: CommentsPosition | null = null;
        // Each batch takes at least one call, and each scripted failure happens once.
        for (let batches = 0; batches < 120; batches += 1) {
          const limit = limits[batches % limits.length] ?? 20;
          const fetched = await readComments(list.source, commentsOrder(limit, false, position), list.budget(), list.clock);
          if (!fetched.ok) continue;
          const { value } = fetched.value;
          expect(value.comments.length).toBeLessThanOrEqual(limit);
          expect(value.shortfall === null).toBe(value.comments.length === limit);
          ids.push(...idsOf(value));
          position = value.next;
          if (position === null) break;
        }
        expect(ids).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
