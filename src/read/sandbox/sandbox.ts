import type { Clock } from '../../core/clock.ts';
import { type MicroCredits, ZERO } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { spendRefusal } from '../../errors/from-database.ts';
import { type ReadRefusal, targetRefusal } from '../../errors/from-read.ts';
import { findTarget } from '../../instagram/pasted/find-target.ts';
import type { MediaTarget } from '../../instagram/target.ts';
import { type Delivery, deliveryOf, limitationsOf, outcomesOf } from '../deliver.ts';
import type { RequestOf } from '../model/part.ts';
import type { ReadTrace } from '../model/trace.ts';
import type { ReadOrder } from '../order.ts';
import { PARTS, type Parts } from '../parts/parts.ts';
import { neededBy, planUnlocated } from '../plan.ts';
import { nothingPaid } from '../pricing/payer.ts';
import type { Reader, Stop } from '../reader.ts';
import type { ReadResult } from '../response/result.ts';
import { SAMPLE_AGE_SECONDS, SAMPLE_PROVIDER, SAMPLE_TTL_SECONDS } from '../samples/copy.ts';
import { SANDBOX_SAMPLES, type SandboxSample } from './samples.ts';

/**
 * Reads samples in the same envelope as posts: nothing is billed, and no provider, cache or language model is called. Only the key is
 * identified. A target that is not a sample is `post_not_found`.
 */
export function createSandbox({ clock }: { readonly clock: Clock }): Reader {
  return {
    async read(order, trace) {
      const found = await findSample(order, trace, clock());
      if (!found.ok) return found;
      if (order.onlyIfCached && found.value.result.cache.status !== 'hit') return err({ code: 'cache_miss' });
      return ok({ ...found.value.result, payment: { ...nothingPaid, available: found.value.available } });
    },

    async dryRun(order, trace) {
      const found = await findSample(order, trace, clock());
      if (!found.ok) return found;
      const { status, ageSeconds } = found.value.result.cache;
      // Samples cost nothing. A read does not start from a stale entry.
      const cache = status === 'hit' ? ({ status, ageSeconds } as const) : ({ status: 'miss', ageSeconds: null } as const);
      return ok({ maximum: ZERO, expected: ZERO, lines: [], cache, affordable: true, available: found.value.available });
    },
  };
}

type Found = { readonly result: ReadResult; readonly available: MicroCredits | null };

async function findSample(order: ReadOrder, trace: ReadTrace, now: number): Promise<Result<Found, Stop>> {
  const pasted = findTarget(order.input);
  if (!pasted.ok) return err(targetRefusal(pasted.error));
  const known = await order.payer.identify();
  if (!known.ok) return err(spendRefusal(known.error, now));
  trace.accountId = known.value.accountId;
  trace.available = known.value.available;
  const { target, mirror } = pasted.value;
  if (target.kind === 'share') return err(notASample);
  trace.shortcode = target.shortcode;
  const sample = Object.hasOwn(SANDBOX_SAMPLES, target.shortcode) ? SANDBOX_SAMPLES[target.shortcode] : undefined;
  if (sample === undefined) return err(notASample);
  const delivery = deliverSample(order.request, { ...sample, target, mirror, now }, trace);
  if (!delivery.ok) return delivery;
  return ok({ result: resultOf(order.request, { ...sample, target, mirror, now }, delivery.value), available: known.value.available });
}

const notASample: ReadRefusal = {
  code: 'post_not_found',
  message: 'Test keys read samples only. `details.samples` names some; docs/guides/sandbox.md has all of them.',
  details: { reason: 'not_a_sample', samples: ['TestImage01', 'TestCarous1', 'TestReel_01', 'TestNone_01'] },
};

type SampleRead = SandboxSample & { readonly target: MediaTarget; readonly mirror: string | null; readonly now: number };

/** Lets each part invent what it would deliver. */
function deliverSample(request: RequestOf<Parts>, sample: SampleRead, trace: ReadTrace): Result<Delivery, ReadRefusal> {
  if (sample.refusal !== undefined) return err(sample.refusal);
  const { shortcode } = sample.target;
  const { status = 'miss', now } = sample;
  const variants: Readonly<Record<string, unknown>> = sample.parts ?? {};
  const plan = planUnlocated(PARTS, request);
  const outcomes = new Map<string, unknown>();
  for (const planned of plan.parts) {
    const { part, options } = planned;
    const needed = neededBy(part, plan.parts, (need) => outcomes.get(need.part.name) ?? null);
    const sampled = part.sample({ options, needed }, { shortcode, status, now, variant: variants[part.name] });
    if (planned === plan.main) {
      const refusal = sampled.ok ? (part.refusal?.(options, { ...part.nothingKnown, hit: sampled.value }) ?? null) : null;
      if (refusal !== null) return err(refusal);
      trace.cache = status;
      if (!sampled.ok) return err(sampled.error.refusal);
    }
    outcomes.set(part.name, sampled.ok ? sampled.value : sampled.error.missing);
  }
  return ok(deliveryOf(sample.target, plan, outcomes));
}

function resultOf(request: RequestOf<Parts>, { target, mirror, status = 'miss', now }: SampleRead, delivery: Delivery): ReadResult {
  return {
    target,
    request,
    outcome: outcomesOf(PARTS, delivery),
    provider: SAMPLE_PROVIDER,
    cache: {
      status,
      key: `sandbox:${target.shortcode}`,
      ttlSeconds: Math.max(0, SAMPLE_TTL_SECONDS - SAMPLE_AGE_SECONDS[status]),
      ageSeconds: SAMPLE_AGE_SECONDS[status],
    },
    payment: nothingPaid,
    limitations: limitationsOf(delivery, mirror, now),
  };
}
