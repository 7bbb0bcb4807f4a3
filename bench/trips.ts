import { z } from 'zod';
import { countRequestsTo } from '../test/support/counting-proxy.ts';
import { type AskedCase, askedIn, FIRST_FRESH_TARGET } from './cases.ts';
import { startLoadGenerator } from './load.ts';
import type { Site } from './site.ts';

/** The least number of counted reads, in total and per caller: enough that the first and the last do not matter. */
const FEWEST_READS = 20;
const READS_EACH = 4;

/** One caller, and several that share batches, which the baseline never does. */
const COUNTED = [
  { callers: 1, names: ['hot', 'fresh', 'hotBaseline', 'freshBaseline'] },
  { callers: 64, names: ['hot', 'fresh'] },
] as const satisfies readonly { readonly callers: number; readonly names: readonly AskedCase[] }[];

const DEADLINE_MS = 60_000;

/** Database requests and statements per read, without BEGIN, COMMIT and ROLLBACK. */
export type TripsRow = { readonly name: AskedCase; readonly callers: number; readonly requests: number; readonly statements: number };

const Statement = z.object({ sql: z.string().optional() });
const Pipeline = z.object({
  requests: z.array(
    z.object({ stmt: Statement.optional(), batch: z.object({ steps: z.array(z.object({ stmt: Statement })) }).optional() }),
  ),
});

/** Counts the database requests of reads through a proxy. */
export async function countTrips(site: Site): Promise<readonly TripsRow[]> {
  let statements = 0;
  const proxy = await countRequestsTo(site.sqld().url, (body) => (statements += statementsIn(body)));
  const generator = startLoadGenerator();
  try {
    const worker = await site.startWorker('trips', { settings: { LIBSQL_URL: proxy.url } });
    const rows: TripsRow[] = [];
    let nextFresh = FIRST_FRESH_TARGET;
    const read = async (name: AskedCase, callers: number) => {
      const result = await generator.run({
        ...askedIn(name, site.keys, nextFresh),
        port: worker.port,
        callers,
        warmMs: 0,
        measureMs: DEADLINE_MS,
        mostRequests: Math.max(FEWEST_READS, callers * READS_EACH),
      });
      nextFresh += result.taken;
      return result;
    };
    // Fills the cache for the cached case, and runs everything that happens only once.
    const { targets: hotTargets } = askedIn('hot', [], nextFresh);
    await generator.run({
      ...askedIn('fresh', site.keys, nextFresh),
      targets: hotTargets,
      wanted: { status: 200, text: null },
      port: worker.port,
      callers: 1,
      warmMs: 0,
      measureMs: DEADLINE_MS,
      mostRequests: FEWEST_READS,
    });
    for (const { callers, names } of COUNTED) {
      for (const name of names) {
        proxy.take();
        statements = 0;
        const { total } = await read(name, callers);
        rows.push({ name, callers, requests: proxy.take() / total, statements: statements / total });
      }
    }
    return rows;
  } finally {
    generator.stop();
    await proxy.stop();
  }
}

/** Counts the statements in a request of libSQL's HTTP protocol (Hrana). */
function statementsIn(body: string): number {
  const parsed = Pipeline.safeParse(parseJson(body));
  if (!parsed.success) return 0;
  const sent = parsed.data.requests.flatMap(({ stmt, batch }) => [
    ...(stmt === undefined ? [] : [stmt]),
    ...(batch?.steps ?? []).map((step) => step.stmt),
  ]);
  return sent.filter(({ sql }) => sql === undefined || !/^\s*(?:BEGIN|COMMIT|ROLLBACK)\b/i.test(sql)).length;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
