import { MICRO_CREDITS_PER_USD } from '../src/money.ts';
import { PROVIDER_IDS, type ProviderId } from '../src/providers/provider.ts';
import type { DemoKey } from './demo-key.ts';
import { FAULTS } from './faults.ts';
import type { PayloadKind, Payloads } from './payloads.ts';
import type { StandIns } from './stand-ins/stand-ins.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** What is read by the printed curl when nothing else is known. */
const FALLBACK_SHORTCODE = 'SHORTCODE';

export type Running = {
  readonly baseUrl: string;
  readonly sqldUrl: string;
  readonly ownerKey: string;
  readonly customer: DemoKey;
  readonly standIns: StandIns;
  readonly settings: WorkerSettings;
  readonly dataFolder: string;
};

/** What stack.json holds. */
export function stackFile({ baseUrl, customer, ownerKey, sqldUrl, standIns }: Running) {
  const { apify, hikerapi, scrapecreators, achronon, stripe } = standIns.baseUrls;
  return { baseUrl, customerKey: customer.apiKey, ownerKey, sqldUrl, standIns: { apify, hikerapi, scrapecreators, achronon, stripe } };
}

/** What is printed when everything runs. */
export function summary(running: Running): string {
  const { baseUrl, customer, settings, standIns } = running;
  const dollars = (customer.availableMicroCredits / MICRO_CREDITS_PER_USD).toFixed(2);
  const order = orderOf(settings);
  const lines = [
    '',
    'igskill runs on this machine. Ctrl-C ends it; its data stays.',
    '',
    `  API            ${baseUrl}`,
    `  documentation  ${baseUrl}/docs`,
    `  customer key   ${customer.apiKey}  (US$${dollars} to spend)`,
    `  owner key      ${running.ownerKey}  (reads are not billed)`,
    `  database       ${running.sqldUrl}`,
    ...PROVIDER_IDS.map(
      (id) => `  ${id.padEnd(14)} ${providerLine(running, id)}${order.includes(id) ? '' : ', not in PROVIDER_ORDER_MEDIA'}`,
    ),
    `  keys and logs  ${running.dataFolder}`,
    ...settings.notes.map((note) => `  note           ${note}`),
    '',
    'Try it:',
    '',
    `  curl -s '${baseUrl}/v1/post?url=${exampleShortcode(standIns.payloads, settings, order)}' -H 'Authorization: Bearer ${customer.apiKey}'`,
    '',
    `Failures can be asked for by shortcode, such as ${Object.keys(FAULTS).slice(0, 3).join(', ')}; the README lists them.`,
    '',
  ];
  return lines.join('\n');
}

/** What the folder of recordings held, with its warnings; or what is served instead. */
export function payloadLines(standIns: StandIns): readonly string[] {
  const { recordings } = standIns;
  if (recordings === null) return [`Serving the project's own ${standIns.payloads.shortcodes('apify').length} sample posts.`];
  const { apify, hikerapi_v1: v1, hikerapi_v2: v2, scrapecreators } = recordings.counts;
  return [
    `Recordings: ${scrapecreators} posts of ScrapeCreators, ${v1} of HikerAPI v1, ${v2} of HikerAPI v2, ${apify} of Apify; ${recordings.ignoredFiles} other files left aside.`,
    ...recordings.warnings.map((warning) => `Warning: ${warning}`),
  ];
}

function providerLine({ settings, standIns }: Running, id: ProviderId): string {
  return settings.realProviders.includes(id) ? 'the real service, because its key is configured' : `stand-in at ${standIns.baseUrls[id]}`;
}

function orderOf(settings: WorkerSettings): readonly ProviderId[] {
  const order = settings.values['PROVIDER_ORDER_MEDIA'];
  return order === undefined
    ? PROVIDER_IDS
    : PROVIDER_IDS.filter((id) => order.split(',').some((name) => name.trim() === id)).toSorted(
        (a, b) => order.indexOf(a) - order.indexOf(b),
      );
}

/** A shortcode that the provider asked first can answer. Real services are not guessed at. */
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
