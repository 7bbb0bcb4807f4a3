import { countTokens } from 'gpt-tokenizer';
import { expect, test } from 'vitest';
import { budget, sampleAnswers, sampleProvider, type Sized, sizedPost } from '../../local/docs/tokens.ts';
import { SAMPLE_POSTS } from '../../local/samples/posts.ts';
import { estimatedTokens } from '../../src/core/text.ts';

const textsOf = ({ json, markdown }: Sized) => [...Object.values(json), markdown];

test('a hundred comments fit into a context window', async () => {
  const hundred = (await sampleAnswers()).find(({ name }) => name === '100 comments');
  if (hundred === undefined) throw new Error('no comments');
  expect(countTokens(hundred.markdown)).toBeLessThanOrEqual(3_000);
  expect(countTokens(hundred.json.minimal)).toBeLessThanOrEqual(6_500);
});

test('an estimate is never below what a tokenizer counts', async () => {
  const posts = await Promise.all(
    SAMPLE_POSTS.map(async ({ shortcode }) => {
      const read = await sampleProvider.fetchMedia({ kind: 'media', shortcode, hint: 'unknown' }, budget);
      if (!read.ok) throw new Error(read.error.kind);
      return sizedPost(shortcode, read.value.value);
    }),
  );
  for (const sized of [...(await sampleAnswers()), ...posts]) {
    for (const text of textsOf(sized))
      expect(estimatedTokens(text), `${sized.name}: ${text.slice(0, 80)}`).toBeGreaterThanOrEqual(countTokens(text));
  }
  for (const text of ['今朝の雲パンが焼けました☁️🍞', 'قطفنا أول تمر هذا العام', '🏮🌊🏮🌊', 'नदी किनारे की शाम', 'שלום', 'aaaaaaaaaa']) {
    expect(estimatedTokens(text)).toBeGreaterThanOrEqual(countTokens(text));
  }
});
