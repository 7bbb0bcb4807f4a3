import { readSettings, Settings } from '../src/env.ts';
import { PROVIDER_IDS, type ProviderId } from '../src/providers/provider.ts';
import { err, ok, type Result } from '../src/core/result.ts';

/** What a provider's key and base URL are called in the configuration. */
export const PROVIDER_SETTINGS = {
  scrapecreators: { key: 'SCRAPECREATORS_API_KEY', baseUrl: 'SCRAPECREATORS_BASE_URL' },
  hikerapi: { key: 'HIKERAPI_ACCESS_KEY', baseUrl: 'HIKERAPI_BASE_URL' },
  apify: { key: 'APIFY_TOKEN', baseUrl: 'APIFY_BASE_URL' },
} as const satisfies Readonly<Record<ProviderId, { readonly key: keyof Settings; readonly baseUrl: keyof Settings }>>;

/** The hosted boundary's address and token: only of use together. */
export const BOUNDARY_SETTINGS = { endpoint: 'ACHRONON_AI_ENDPOINT', token: 'ACHRONON_AI_SERVICE_TOKEN' } as const;

/** Stripe's key and address: like a provider, it is asked for real when a key is given. */
const STRIPE_SETTINGS = { key: 'STRIPE_SECRET_KEY', baseUrl: 'STRIPE_API_BASE_URL' } as const;

/** The stack's database is always its own: a test of something must not be able to book in a real ledger. */
const NEVER_TAKEN = ['LIBSQL_URL', 'LIBSQL_AUTH_TOKEN', 'LIBSQL_SHARDS', 'SIGNUP_SHARDS'] as const satisfies readonly (keyof Settings)[];

type Values = Readonly<Record<string, string>>;

/** The Worker's settings, and what a person should know about where they came from. */
export type WorkerSettings = {
  readonly values: Values;
  /** Providers that are asked for real, because a key for them was given. */
  readonly realProviders: readonly ProviderId[];
  /** Whether transcription and parsing are asked for at the real boundary, because its address and token were given. */
  readonly isBoundaryReal: boolean;
  /** Whether top-ups go to the real Stripe, because its key was given. */
  readonly isStripeReal: boolean;
  readonly notes: readonly string[];
};

/**
 * Lays settings over the launcher's own: first those of .dev.vars, then those of the process environment. Only names that the
 * Worker knows count, and empty ones count as not given. A provider whose key is given is asked at its real address, unless
 * that is given as well; the stand-in's own key, given in the environment, brings it back. The hosted boundary has no address of its own: it is real when
 * address and token are given. Refuses, in one sentence and without values, what the Worker would refuse.
 */
export function layerSettings(defaults: Values, devVars: Values, environment: Values): Result<WorkerSettings, string> {
  const given: Record<string, string> = {};
  const notes: string[] = [];
  for (const name of Object.keys(Settings.shape)) {
    const value = [environment[name], devVars[name]].find((text) => text !== undefined && text !== '');
    if (value === undefined) continue;
    if (isNeverTaken(name)) notes.push(`${name} is not used here: the local stack has a database of its own.`);
    else given[name] = value;
  }
  const values: Record<string, string> = { ...defaults, ...given };
  // The key that is printed works beside those that were given.
  const owners = [defaults['OWNER_ADMIN_KEY_SHA256'], given['OWNER_ADMIN_KEY_SHA256']].filter((hash) => hash !== undefined);
  if (owners.length > 0) values['OWNER_ADMIN_KEY_SHA256'] = owners.join(',');
  const realProviders = PROVIDER_IDS.filter((id) => {
    const { key, baseUrl } = PROVIDER_SETTINGS[id];
    return given[key] !== undefined && given[key] !== defaults[key] && given[baseUrl] === undefined;
  });
  for (const id of realProviders) values[PROVIDER_SETTINGS[id].baseUrl] = Settings.shape[PROVIDER_SETTINGS[id].baseUrl].parse(undefined);
  const { key, baseUrl } = STRIPE_SETTINGS;
  const isStripeReal = given[key] !== undefined && given[key] !== defaults[key] && given[baseUrl] === undefined;
  if (isStripeReal) values[baseUrl] = Settings.shape[baseUrl].parse(undefined);
  const boundary = layerBoundary(defaults, given);
  if (!boundary.ok) return boundary;
  if (!boundary.value) for (const name of Object.values(BOUNDARY_SETTINGS)) setOrLeaveOut(values, name, defaults[name]);
  const read = readSettings(values);
  if (!read.ok)
    return err(
      `${read.error.map(({ name, problem }) => `${name} is ${problem}`).join(', ')}: correct it in .dev.vars or in the environment.`,
    );
  return ok({ values, realProviders, isBoundaryReal: boundary.value, isStripeReal, notes });
}

/** The settings as a file for wrangler's --env-file. Values with line breaks or with all kinds of quotes are refused; no setting needs them. */
export function envFileText(values: Values): Result<string, string> {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const quote = ["'", '"', '`'].find((mark) => !value.includes(mark));
    if (quote === undefined || /[\r\n]/.test(value))
      return err(`${name} cannot be handed to the Worker: it has a line break or too many kinds of quotes.`);
    // wrangler replaces $NAME inside values; a backslash keeps the sign as it is.
    lines.push(`${name}=${quote}${value.replaceAll('$', '\\$')}${quote}`);
  }
  return ok(`${lines.join('\n')}\n`);
}

/** Whether the real boundary is asked. Half of what it takes is refused. */
function layerBoundary(defaults: Values, given: Values): Result<boolean, string> {
  const { endpoint, token } = BOUNDARY_SETTINGS;
  if (given[token] !== undefined && given[token] === defaults[token]) return ok(false);
  if (given[token] !== undefined && given[endpoint] === undefined)
    return err(`${token} is given without ${endpoint}: give both for the real boundary, or neither for the stand-in.`);
  if (given[endpoint] !== undefined && given[token] === undefined)
    return err(`${endpoint} is given without ${token}: give both for the real boundary, or neither for the stand-in.`);
  return ok(given[endpoint] !== undefined);
}

function setOrLeaveOut(values: Record<string, string>, name: string, value: string | undefined): void {
  if (value === undefined) delete values[name];
  else values[name] = value;
}

function isNeverTaken(name: string): boolean {
  return NEVER_TAKEN.some((taken) => taken === name);
}
