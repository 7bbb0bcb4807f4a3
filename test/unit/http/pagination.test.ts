import { describe, expect, test } from 'vitest';
import { listCursor, listNumber, listPosition, pageOf, pageSize } from '../../../src/http/pagination.ts';

describe('a cursor', () => {
  test('comes back as the position it was made of', () => {
    expect(listPosition(listCursor(1_770_000_000_000, 'pay_01JZ'))).toEqual({ ok: true, value: { at: 1_770_000_000_000, id: 'pay_01JZ' } });
    expect(listNumber(listCursor(17))).toEqual({ ok: true, value: 17 });
    expect(listPosition(undefined)).toEqual({ ok: true, value: null });
    expect(listNumber(undefined)).toEqual({ ok: true, value: null });
  });

  test('is refused by a list of the other kind, and where no list has made it', () => {
    for (const read of [listPosition, listNumber]) {
      for (const text of ['AAAA', 'pay_01JZ0000000000000000000000', '17', `${listCursor(1, 'a')}=`, btoa('1 a b')]) {
        expect(read(text), text).toMatchObject({ ok: false, error: { code: 'invalid_cursor' } });
      }
    }
    expect(listNumber(listCursor(1, 'pay_1')).ok).toBe(false);
    expect(listPosition(listCursor(1)).ok).toBe(false);
  });
});

test('a page is 50 items where nothing is said, and names its last item where there are more', () => {
  expect([pageSize({}), pageSize({ limit: 200 })]).toEqual([50, 200]);
  expect(pageOf([1, 2, 3], 2)).toEqual({ items: [1, 2], last: 2 });
  expect(pageOf([1, 2], 2)).toEqual({ items: [1, 2], last: null });
  expect(pageOf([], 2)).toEqual({ items: [], last: null });
});
