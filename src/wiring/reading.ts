import { PRICE_CARD } from '../billing/price-card.ts';
import { type Env, type Settings, withKey } from '../env.ts';
import { createSharedParser } from '../parse/flight.ts';
import type { Parser } from '../parse/parser.ts';
import { createParser } from '../parse/parser-client.ts';
import { createTranscriber } from '../parse/transcriber.ts';
import { createApify } from '../providers/apify.ts';
import { createCommentsFailover, createFailover, createTranscriptFailover } from '../providers/failover.ts';
import { createHikerApi } from '../providers/hikerapi.ts';
import type { Provider, ProviderId } from '../providers/provider.ts';
import { createScrapeCreators } from '../providers/scrapecreators.ts';
import { createShareLinkResolver } from '../providers/share-link.ts';
import { type ContentCache, createContentCache } from '../read/content-cache.ts';
import { createCursorSeal } from '../read/cursor.ts';
import { createReader, type Reader } from '../read/reader.ts';
import { type Runtime, settingsFrom, workerd } from './runtime.ts';

/** The reader of one request, with everything it asks. */
export function buildReader(settings: Settings, env: Env, background: (work: Promise<unknown>) => void, runtime: Runtime): Reader {
  const adapters = adaptersOf(settings, runtime);
  return createReader({
    clock: runtime.clock,
    cache: contentCache(env),
    seal: createCursorSeal(settings.CURSOR_SIGNING_SECRET),
    media: createFailover(
      withKey(settings.PROVIDER_ORDER_MEDIA, settings).map((id) => adapters[id]()),
      runtime.clock,
    ),
    comments: createCommentsFailover(
      withKey(settings.PROVIDER_ORDER_COMMENTS, settings).map((id) => adapters[id]()),
      runtime.clock,
    ),
    transcripts: createTranscriptFailover(
      withKey(settings.PROVIDER_ORDER_TRANSCRIPT, settings).map((id) => adapters[id]()),
      runtime.clock,
    ),
    transcriber: createTranscriber({
      ...boundary(settings, runtime),
      path: settings.ACHRONON_AI_TRANSCRIBE_PATH,
      model: settings.ACHRONON_AI_TRANSCRIBE_MODEL,
      timeoutMs: settings.ACHRONON_AI_TRANSCRIBE_TIMEOUT_MS,
      maxDurationSeconds: settings.ACHRONON_AI_TRANSCRIBE_MAX_DURATION_SEC,
    }),
    parser: createSharedParser(directParser(settings, runtime), env.PARSE_FLIGHTS),
    shareLinks: createShareLinkResolver({ baseUrl: settings.INSTAGRAM_BASE_URL, fetch: runtime.fetch, clock: runtime.clock }),
    priceCard: PRICE_CARD,
    deadlineMs: settings.READ_DEADLINE_MS,
    contentTtlSeconds: settings.CONTENT_TTL_SECONDS,
    absentTtlSeconds: settings.NOT_FOUND_TTL_SECONDS,
    background,
  });
}

/** Where the hosted boundary is, if it is. */
function boundary(settings: Settings, { fetch, clock }: Runtime) {
  return { endpoint: settings.ACHRONON_AI_ENDPOINT, token: settings.ACHRONON_AI_SERVICE_TOKEN, fetch, clock };
}

function directParser(settings: Settings, runtime: Runtime): Parser {
  return createParser({
    ...boundary(settings, runtime),
    path: settings.ACHRONON_AI_PARSE_PATH,
    model: settings.ACHRONON_AI_PARSE_MODEL,
    timeoutMs: settings.ACHRONON_AI_PARSE_TIMEOUT_MS,
  });
}

/** The parser that asks the boundary itself: what a flight is flown with. Throws while settings are missing; no read gets that far. */
export function parserFor(env: Env, runtime: Runtime = workerd): Parser {
  const settings = settingsFrom(env);
  if (!settings.ok) throw new Error('the settings are not complete');
  return directParser(settings.value, runtime);
}

function contentCache(env: Env): ContentCache {
  return createContentCache({
    get: (key) => env.CONTENT_CACHE.get(key, 'text'),
    put: (key, value, options) => env.CONTENT_CACHE.put(key, value, options),
  });
}

/** How each adapter is made; only those with a key ever are. */
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
