import { PRICE_CARD } from '../billing/price-card.ts';
import { type Env, type Settings, withKey } from '../env.ts';
import { createCoalescingClient } from '../coalescing/client.ts';
import { createReadCoalescer, type DirectSources, type ReadCoalescer } from '../coalescing/read-coalescer.ts';
import {
  createSharedComments,
  createSharedMedia,
  createSharedParser,
  createSharedTranscriber,
  createSharedTranscripts,
} from '../coalescing/shared-sources.ts';
import { createParser } from '../parse/achronon/parser.ts';
import { createTranscriber } from '../parse/achronon/transcriber.ts';
import { createApify } from '../providers/apify/apify.ts';
import { type CircuitMemory, createCircuit } from '../providers/circuit-breaker.ts';
import { createCommentsFailover, createFailover, createTranscriptFailover } from '../providers/failover.ts';
import { createHikerApi } from '../providers/hikerapi/hikerapi.ts';
import type { Provider, ProviderId } from '../providers/provider.ts';
import { createScrapeCreators } from '../providers/scrapecreators/scrapecreators.ts';
import { createShareLinkResolver } from '../providers/share-link.ts';
import { type ContentCache, createContentCache } from '../read/cache/content-cache.ts';
import { createMemoryCache, type MemoryCache, memoryLimits } from '../read/cache/memory.ts';
import { createCursorSeal } from '../read/model/comments-cursor.ts';
import type { ReadDeps } from '../read/model/deps.ts';
import { PARTS } from '../read/parts/parts.ts';
import { createReader, type Reader } from '../read/reader.ts';
import { count } from './counters.ts';
import { type RequestContext, type Runtime, settingsFrom, workerd } from './runtime.ts';

/** `account` tells apart who shares the objects of the coalescer. */
export function buildReader(context: RequestContext, account: string): Reader {
  const { settings, env, background, runtime } = context;
  const { clock } = runtime;
  const direct = directSources(context);
  const coalesce = createCoalescingClient({
    coalescers: env.READ_FLIGHTS,
    clock,
    beganAt: clock(),
    account,
    salt: settings.CURSOR_SIGNING_SECRET,
  });
  const deps: ReadDeps = {
    clock,
    cache: contentCache(settings, env, runtime),
    seal: createCursorSeal(settings.CURSOR_SIGNING_SECRET),
    media: createSharedMedia(direct.media, coalesce),
    comments: createSharedComments(direct.comments, coalesce),
    transcripts: createSharedTranscripts(direct.transcripts, coalesce),
    transcriber: createSharedTranscriber(direct.transcriber, coalesce),
    parser: createSharedParser(direct.parser, coalesce),
    shareLinks: createShareLinkResolver({ baseUrl: settings.INSTAGRAM_BASE_URL, fetch: runtime.fetch, clock: runtime.clock }),
    priceCard: PRICE_CARD,
    deadlineMs: settings.READ_DEADLINE_MS,
    contentTtlSeconds: settings.CONTENT_TTL_SECONDS,
    absentTtlSeconds: settings.NOT_FOUND_TTL_SECONDS,
    background,
  };
  return createReader(deps, PARTS);
}

function gateway(settings: Settings, { fetch, clock }: Runtime) {
  return { endpoint: settings.ACHRONON_AI_ENDPOINT, token: settings.ACHRONON_AI_SERVICE_TOKEN, fetch, clock };
}

const circuitMemory = new WeakMap<Env, CircuitMemory>();

/** The providers and the gateway without coalescing. */
function directSources({ settings, env, background, runtime }: RequestContext): DirectSources {
  const { clock } = runtime;
  const memory = circuitMemory.get(env) ?? new Map();
  circuitMemory.set(env, memory);
  const onDeprioritized = (provider: ProviderId) =>
    count(env, background, [{ name: 'provider_passed_over', labels: { provider }, value: 1 }], runtime);
  const circuit = (part: Parameters<typeof createCircuit>[0]['part']) => createCircuit({ part, memory, onDeprioritized });
  const adapters = adaptersOf(settings, runtime);
  return {
    media: createFailover(
      withKey(settings.PROVIDER_ORDER_MEDIA, settings).map((id) => adapters[id]()),
      clock,
      circuit('media'),
    ),
    comments: createCommentsFailover(
      withKey(settings.PROVIDER_ORDER_COMMENTS, settings).map((id) => adapters[id]()),
      clock,
      circuit('comments'),
    ),
    transcripts: createTranscriptFailover(
      withKey(settings.PROVIDER_ORDER_TRANSCRIPT, settings).map((id) => adapters[id]()),
      clock,
      circuit('transcript'),
    ),
    transcriber: createTranscriber({
      ...gateway(settings, runtime),
      path: settings.ACHRONON_AI_TRANSCRIBE_PATH,
      model: settings.ACHRONON_AI_TRANSCRIBE_MODEL,
      timeoutMs: settings.ACHRONON_AI_TRANSCRIBE_TIMEOUT_MS,
      maxDurationSeconds: settings.ACHRONON_AI_TRANSCRIBE_MAX_DURATION_SEC,
    }),
    parser: createParser({
      ...gateway(settings, runtime),
      path: settings.ACHRONON_AI_PARSE_PATH,
      model: settings.ACHRONON_AI_PARSE_MODEL,
      timeoutMs: settings.ACHRONON_AI_PARSE_TIMEOUT_MS,
    }),
  };
}

/** Assembles the inside of one object of the coalescer. Its runs throw while settings are missing; no read gets that far. */
export function readCoalescerFor(env: Env, runtime: Runtime = workerd): ReadCoalescer {
  const sources = () => {
    const settings = settingsFrom(env);
    if (!settings.ok) throw new Error('the settings are not complete');
    // An object completes its runs by itself, so nothing has to be kept alive.
    return directSources({ settings: settings.value, env, background: () => undefined, runtime });
  };
  return createReadCoalescer(sources, runtime.clock);
}

/** The memory cache, one for each isolate. */
const memoryCaches = new WeakMap<Env, MemoryCache>();

function contentCache(settings: Settings, env: Env, { clock }: Runtime): ContentCache {
  const store = {
    get: (key: string) => env.CONTENT_CACHE.get(key, 'text'),
    put: (key: string, value: string, options: { readonly expirationTtl: number }) => env.CONTENT_CACHE.put(key, value, options),
  };
  if (settings.HOT_CACHE_SECONDS === 0) return createContentCache(store, null, clock);
  const memory = memoryCaches.get(env) ?? createMemoryCache(memoryLimits(settings.HOT_CACHE_SECONDS), clock);
  memoryCaches.set(env, memory);
  return createContentCache(store, memory, clock);
}

/** Adapters are created only when they have a key. */
function adaptersOf(settings: Settings, { fetch, clock }: Runtime) {
  const common = { fetch, clock };
  return {
    apify: () => createApify({ ...common, baseUrl: settings.APIFY_BASE_URL, key: settings.APIFY_TOKEN ?? '' }),
    hikerapi: () =>
      createHikerApi({
        ...common,
        baseUrl: settings.HIKERAPI_BASE_URL,
        key: settings.HIKERAPI_ACCESS_KEY ?? '',
        mediaVersion: settings.HIKERAPI_MEDIA_VERSION,
      }),
    scrapecreators: () =>
      createScrapeCreators({ ...common, baseUrl: settings.SCRAPECREATORS_BASE_URL, key: settings.SCRAPECREATORS_API_KEY ?? '' }),
  } as const satisfies Record<ProviderId, () => Provider>;
}
