import { MICRO_CREDITS_PER_USD } from '../src/core/money.ts';
import { PROVIDER_IDS, type ProviderId } from '../src/providers/provider.ts';
import type { DemoKey } from './demo-key.ts';
import { FAULTS } from './faults.ts';
import type { PageKind, PayloadKind, Payloads } from './payloads.ts';
import type { PlacedPage } from './recorded-pages.ts';
import type { Fakes } from './fakes/fakes.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** The printed curl's shortcode when no post is known. */
const FALLBACK_SHORTCODE = 'SHORTCODE';

const VENDORS: Readonly<Record<PageKind, string>> = {
  hikerapi_v2_comments: 'HikerAPI',
  hikerapi_v1_comments: 'HikerAPI v1',
  hikerapi_gql_comments: 'HikerAPI gql',
  hikerapi_replies: 'HikerAPI',
  scrapecreators_comments: 'ScrapeCreators',
  scrapecreators_replies: 'ScrapeCreators',
  scrapecreators_transcript: 'ScrapeCreators',
  apify_comments: 'Apify',
  apify_transcript: 'Apify',
};

const POST_LINES: readonly { readonly title: string; readonly kinds: readonly PayloadKind[] }[] = [
  { title: 'Posts of ScrapeCreators', kinds: ['scrapecreators'] },
  { title: 'Posts of HikerAPI', kinds: ['hikerapi_v1', 'hikerapi_v2'] },
  { title: 'Posts of Apify', kinds: ['apify'] },
];

const PAGE_LINES: readonly { readonly title: string; readonly kinds: readonly PageKind[] }[] = [
  {
    title: 'Recorded comments',
    kinds: ['hikerapi_v2_comments', 'hikerapi_v1_comments', 'hikerapi_gql_comments', 'scrapecreators_comments', 'apify_comments'],
  },
  { title: 'Recorded replies', kinds: ['hikerapi_replies', 'scrapecreators_replies'] },
  { title: 'Recorded transcripts', kinds: ['scrapecreators_transcript', 'apify_transcript'] },
];

const HOW: Readonly<Record<PlacedPage['how'], string>> = {
  named: '',
  mapped: ', by the map',
  lent: ', a recorded post without one',
  derived: ', a shortcode derived from the file name',
};

export type Running = {
  readonly baseUrl: string;
  readonly sqldUrls: readonly string[];
  readonly operatorKey: string;
  readonly customer: DemoKey;
  readonly fakes: Fakes;
  readonly settings: WorkerSettings;
  readonly dataFolder: string;
};

export function stackFile({ baseUrl, customer, operatorKey, sqldUrls, fakes }: Running) {
  const { apify, hikerapi, scrapecreators, achronon, stripe } = fakes.baseUrls;
  return {
    baseUrl,
    customerKey: customer.apiKey,
    operatorKey,
    sqldUrl: sqldUrls[0],
    ...(sqldUrls.length === 1 ? {} : { sqldUrls }),
    fakes: { apify, hikerapi, scrapecreators, achronon, stripe },
  };
}

export function summary(running: Running): string {
  const { baseUrl, customer, settings, fakes } = running;
  const dollars = (customer.availableMicroCredits / MICRO_CREDITS_PER_USD).toFixed(2);
  const order = orderOf(settings);
  const lines = [
    '',
    'igskill is running on this machine. Press Ctrl-C to stop it; its data is kept.',
    '',
    `  API            ${baseUrl}`,
    `  documentation  ${baseUrl}/docs`,
    `  customer key   ${customer.apiKey}  (US$${dollars} to spend)`,
    `  operator key   ${running.operatorKey}  (reads are not billed)`,
    ...running.sqldUrls.map((url, shard) => `  ${(shard === 0 ? 'database' : `  of shard ${shard}`).padEnd(14)} ${url}`),
    ...PROVIDER_IDS.map(
      (id) => `  ${id.padEnd(14)} ${providerLine(running, id)}${order.includes(id) ? '' : ', not in PROVIDER_ORDER_MEDIA'}`,
    ),
    `  gateway        ${boundaryLine(running)}`,
    `  stripe         ${settings.isStripeReal ? 'the real service, because its key is configured' : `fake, with refunds and disputes at ${fakes.baseUrls.stripe}/dashboard`}`,
    `  keys and logs  ${running.dataFolder}`,
    ...settings.notes.map((note) => `  note           ${note}`),
    '',
    'Try it:',
    '',
    `  curl -s '${baseUrl}/v1/post?url=${exampleShortcode(fakes.payloads, settings, order)}' -H 'Authorization: Bearer ${customer.apiKey}'`,
    '',
    `Some shortcodes trigger failures, such as ${Object.keys(FAULTS).slice(0, 3).join(', ')}; docs/reference/local-stack.md lists them.`,
    '',
  ];
  return lines.join('\n');
}

/** Describes the folder of recordings with its warnings, or the samples that are served instead. */
export function payloadLines(fakes: Fakes): readonly string[] {
  const { recordings } = fakes;
  if (recordings === null) return [`Serving the project's own ${fakes.payloads.shortcodes('apify').length} sample posts.`];
  const { apify, hikerapi_v1: v1, hikerapi_v2: v2, scrapecreators } = recordings.counts;
  return [
    `Recordings: ${scrapecreators} posts of ScrapeCreators, ${v1} of HikerAPI v1, ${v2} of HikerAPI v2, ${apify} of Apify; ${recordings.ignoredFiles} other files ignored.`,
    ...POST_LINES.map(({ title, kinds }) => `${title}: ${listed(kinds.flatMap((kind) => fakes.payloads.shortcodes(kind)))}.`),
    ...PAGE_LINES.map(({ title, kinds }) =>
      pageLine(
        title,
        recordings.pages.filter((page) => kinds.includes(page.kind)),
      ),
    ),
    ...recordings.pages.filter((page) => page.how !== 'named').map(placeLine),
    ...recordings.warnings.map((warning) => `Warning: ${warning}`),
  ];
}

/** Each shortcode once, with the vendors that have it. */
function pageLine(title: string, pages: readonly PlacedPage[]): string {
  const byShortcode = Map.groupBy(pages, (page) => page.shortcode);
  const entries = [...byShortcode].map(
    ([shortcode, found]) => `${shortcode} (${[...new Set(found.map(({ kind }) => VENDORS[kind]))].join(', ')})`,
  );
  return `${title}: ${listed(entries)}.`;
}

function listed(entries: readonly string[]): string {
  return entries.length === 0 ? 'none' : [...new Set(entries)].join(', ');
}

function placeLine({ file, shortcode, how }: PlacedPage): string {
  return `${file} is served for ${shortcode}${HOW[how]}.`;
}

function providerLine({ settings, fakes }: Running, id: ProviderId): string {
  return settings.realProviders.includes(id) ? 'the real service, because its key is configured' : `fake at ${fakes.baseUrls[id]}`;
}

function boundaryLine({ settings, fakes }: Running): string {
  return settings.isBoundaryReal ? 'the real service, because its URL and token are configured' : `fake at ${fakes.baseUrls.achronon}`;
}

function orderOf(settings: WorkerSettings): readonly ProviderId[] {
  const order = settings.values['PROVIDER_ORDER_MEDIA'];
  return order === undefined
    ? PROVIDER_IDS
    : PROVIDER_IDS.filter((id) => order.split(',').some((name) => name.trim() === id)).toSorted(
        (a, b) => order.indexOf(a) - order.indexOf(b),
      );
}

/** A shortcode that the first provider can answer; none is guessed for real services. */
function exampleShortcode(payloads: Payloads, settings: WorkerSettings, order: readonly ProviderId[]): string {
  const [first] = order;
  if (first === undefined || settings.realProviders.includes(first)) return FALLBACK_SHORTCODE;
  const kinds: Readonly<Record<ProviderId, PayloadKind>> = {
    scrapecreators: 'scrapecreators',
    hikerapi: settings.values['HIKERAPI_MEDIA_VERSION'] === 'v2' ? 'hikerapi_v2' : 'hikerapi_v1',
    apify: 'apify',
  };
  return payloads.shortcodes(kinds[first])[0] ?? FALLBACK_SHORTCODE;
}
