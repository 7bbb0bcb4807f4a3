import { describe, expect, test } from 'vitest';
import { commentsReadings, mediaReadings } from '../../src/read/response/readings.ts';
import { balanceOf, signUp, useWorker } from '../support/worker.ts';

const worker = useWorker();
const ReelReading = mediaReadings('ReelReading').full;
const CommentsReading = commentsReadings('CommentsReading').full;

async function get(path: string, key: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${worker().url}${path}`, { headers: { Authorization: `Bearer ${key}` } });
  return { status: response.status, body: await response.json() };
}

describe('reading parts in workerd', () => {
  test('delivers a reel with provided words, with hosted words and with none', async () => {
    const { key } = await signUp(worker().url);
    const supplied = ReelReading.parse((await get('/v1/reel?url=DemoSpeech1&transcript=true', key)).body);
    expect(supplied.data.transcript).toMatchObject({ source: 'provider' });
    const hosted = ReelReading.parse((await get('/v1/reel?url=DemoHosted1&transcript=true', key)).body);
    expect(hosted.data.transcript).toMatchObject({ source: 'hosted' });
    const none = ReelReading.parse((await get('/v1/reel?url=DemoSilent1&transcript=true', key)).body);
    expect(none.data.transcript).toBeNull();
    const spent = [supplied, hosted, none].reduce((sum, reading) => sum + reading.usage.settledMicroCredits, 0);
    expect(await balanceOf(worker().url, key)).toEqual({ available: 5_000_000 - spent, held: 0 });
  });

  test('reads 500 comments of a long thread in two round trips to the database, and goes on by cursor', async () => {
    const { url, proxy } = worker();
    const { key } = await signUp(url);
    proxy.take();
    const first = CommentsReading.parse((await get('/v1/comments?url=DemoThread1&limit=500', key)).body);
    expect(proxy.take()).toBe(2);
    expect(first.data.comments).toHaveLength(500);
    expect(first.usage.settledMicroCredits).toBe(70_000);
    const cursor = encodeURIComponent(first.data.nextCursor ?? '');
    const rest = CommentsReading.parse((await get(`/v1/comments?url=DemoThread1&limit=500&cursor=${cursor}`, key)).body);
    expect(rest.data.comments).toHaveLength(120);
    expect(rest.data.nextCursor).toBeNull();
    const ids = [...first.data.comments, ...rest.data.comments].map((comment) => comment.id);
    expect(new Set(ids).size).toBe(620);
  });

  test('interprets in every mode, fresh and from the cache', async () => {
    const { key } = await signUp(worker().url);
    for (const mode of ['summary', 'tldr', 'json']) {
      for (const state of ['miss', 'hit']) {
        const reading = ReelReading.parse((await get(`/v1/reel?url=DemoSpeech1&transcript=provider&parse=${mode}`, key)).body);
        expect(reading.parse, mode).toMatchObject({ mode, status: 'ok', cache: { status: state } });
      }
    }
    const modes = ['themes', 'sentiment', 'json', 'questions', 'objections', 'consensus', 'notable_replies', 'spam_low_signal', 'entities'];
    for (const mode of modes) {
      for (const state of ['miss', 'hit']) {
        const answer = await get(`/v1/comments?url=DemoReel_01&limit=20&includeReplies=true&parse=${mode}`, key);
        const reading = CommentsReading.parse(answer.body);
        expect(reading.parse, mode).toMatchObject({ mode, status: 'ok', cache: { status: state } });
      }
    }
  });

  test('interprets once for parallel identical asks, in one Durable Object, and charges each', async () => {
    const { url, fakes } = worker();
    const customers = await Promise.all([signUp(url), signUp(url), signUp(url), signUp(url)]);
    await get('/v1/reel?url=AchroSlow__', customers[0].key);
    const calls = `${fakes.baseUrls.achronon}/__calls`;
    await fetch(calls, { method: 'DELETE' });
    const answers = await Promise.all(customers.map(({ key }) => get('/v1/reel?url=AchroSlow__&parse=tldr', key)));
    for (const answer of answers) expect(ReelReading.parse(answer.body).parse?.status).toBe('ok');
    // safe because the fakes' own tests check this shape
    expect((await (await fetch(calls)).json()) as unknown[]).toHaveLength(1);
    const settled = answers.map((answer) => ReelReading.parse(answer.body).usage.lines.find((line) => line.item === 'media_parse'));
    expect(settled.map((line) => line?.settledMicroCredits)).toEqual([2_000, 2_000, 2_000, 2_000]);
  });
});
