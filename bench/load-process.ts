// The process of the load generator: receives one order at a time and sends back its result.
import { type Caller, createCaller } from './caller.ts';
import { type LoadOrder, type LoadResult, shortcodeOf } from './load.ts';
import { percentile } from './statistics.ts';

/** The most latencies kept per measurement; further ones are only counted. */
const MOST_LATENCIES = 1_000_000;

/** A slow case with many callers is extended until each has this many responses, up to a multiple of its time. */
const FEWEST_ANSWERS_EACH = 3;
const LONGEST_STRETCH = 4;

async function run(order: LoadOrder): Promise<LoadResult> {
  const { callers, warmMs, measureMs, wanted } = order;
  const latencies = new Float64Array(MOST_LATENCIES);
  const wrong: Record<string, number> = {};
  let [answers, total, taken] = [0, 0, 0];
  const requestFor = requests(order);
  const from = performance.now() + warmMs;
  const until = from + measureMs;
  const cap = order.mostRequests === null ? from + measureMs * LONGEST_STRETCH : until;
  let endedAt: number | null = null;
  const isOver = (now: number) => {
    if (endedAt === null && order.mostRequests !== null && taken >= order.mostRequests) endedAt = now;
    if (endedAt === null && now >= until && (answers >= callers * FEWEST_ANSWERS_EACH || now >= cap)) endedAt = now;
    return endedAt !== null;
  };

  const keepAsking = async (caller: Caller, index: number) => {
    for (let sentAt = performance.now(); !isOver(sentAt); sentAt = performance.now()) {
      const { status, raw } = await caller.ask(requestFor(taken++, index));
      const answeredAt = performance.now();
      const isWanted = status === wanted.status && (wanted.text === null || raw.includes(wanted.text));
      if (!isWanted) {
        const name = String(status === wanted.status ? -1 : status);
        wrong[name] = (wrong[name] ?? 0) + 1;
        continue;
      }
      total++;
      if (answeredAt < from || endedAt !== null) continue;
      if (answers < MOST_LATENCIES) latencies[answers] = answeredAt - sentAt;
      answers++;
    }
    caller.close();
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => keepAsking(createCaller(order.port), index)));
  const kept = latencies.subarray(0, Math.min(answers, MOST_LATENCIES));
  return {
    answers,
    seconds: ((endedAt ?? until) - from) / 1_000,
    p50Ms: percentile(kept, 0.5),
    p99Ms: percentile(kept, 0.99),
    total,
    wrong,
    taken,
  };
}

function requests(order: LoadOrder): (count: number, caller: number) => string {
  const { path, headers, keys, targets } = order;
  const fixed = Object.entries({ Host: 'bench.local', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const heads = keys.length === 0 ? [fixed] : keys.map((key) => `${fixed}Authorization: Bearer ${key}\r\n`);
  const query = (count: number) => {
    switch (targets.kind) {
      case 'none':
        return '';
      case 'turn':
        return `?url=${shortcodeOf(targets.first + (count % targets.count))}`;
      case 'once':
        return `?url=${shortcodeOf(targets.first + count)}`;
    }
  };
  return (count, caller) => `GET ${path}${query(count)} HTTP/1.1\r\n${heads[(count + caller) % heads.length]}\r\n`;
}

process.on('message', (order) => {
  // safe because load.ts sends nothing else
  void run(order as LoadOrder).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
