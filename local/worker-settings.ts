import { readSettings, Settings, stripeKeyProblem } from '../src/env.ts';
import { PROVIDER_IDS, type ProviderId } from '../src/providers/provider.ts';
import { err, ok, type Result } from '../src/core/result.ts';

/** The settings of a provider's key and base URL. */
export const PROVIDER_SETTINGS = {
  scrapecreators: { key: 'SCRAPECREATORS_API_KEY', baseUrl: 'SCRAPECREATORS_BASE_URL' },
  hikerapi: { key: 'HIKERAPI_ACCESS_KEY', baseUrl: 'HIKERAPI_BASE_URL' },
  apify: { key: 'APIFY_TOKEN', baseUrl: 'APIFY_BASE_URL' },
} as const satisfies Readonly<Record<ProviderId, { readonly key: keyof Settings; readonly baseUrl: keyof Settings }>>;

/** The settings of the gateway's URL and token, only used together. */
export const BOUNDARY_SETTINGS = { endpoint: 'ACHRONON_AI_ENDPOINT', token: 'ACHRONON_AI_SERVICE_TOKEN' } as const;

/** The settings of Stripe's key and URL. Like a provider, the real service is used when a key is given. */
const STRIPE_SETTINGS = { key: 'STRIPE_SECRET_KEY', baseUrl: 'STRIPE_API_BASE_URL' } as const;

/** The stack always uses its own database, so that local work cannot book in a real ledger. */
const NEVER_TAKEN = ['LIBSQL_URL', 'LIBSQL_AUTH_TOKEN', 'LIBSQL_SHARDS', 'SIGNUP_SHARDS'] as const satisfies readonly (keyof Settings)[];

type Values = Readonly<Record<string, string>>;

/** The Worker's settings, and notes on their origin for a person. */
export type WorkerSettings = {
  readonly values: Values;
  /** Providers whose real service is used, because their key was given. */
  readonly realProviders: readonly ProviderId[];
  /** Whether the real gateway is used, because its URL and token were given. */
  readonly isBoundaryReal: boolean;
  /** Whether the real Stripe is used, because its key was given. */
  readonly isStripeReal: boolean;
  readonly notes: readonly string[];
};

/**
 * Overrides the launcher's settings with those of .dev.vars and then of the process environment. Ignores unknown names and empty values. A
 * provider whose key is given uses its real URL unless a URL is given too; giving the fake's own key in the environment restores the fake.
 * The gateway has no default URL: the real one is used when URL and token are given. Fails, in one sentence without values, on settings
 * that the Worker would refuse.
 */
export function layerSettings(defaults: Values, devVars: Values, environment: Values): Result<WorkerSettings, string> {
  const given: Record<string, string> = {};
  const notes: string[] = [];
  for (const name of Object.keys(Settings.shape)) {
    const value = [environment[name], devVars[name]].find((text) => text !== undefined && text !== '');
    if (value === undefined) continue;
    if (isNeverTaken(name)) notes.push(`${name} is ignored: the local stack uses its own database.`);
    else given[name] = value;
  }
  const values: Record<string, string> = { ...defaults, ...given };
  // The printed key works besides the given ones.
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
  const keyProblem = stripeKeyProblem(read.value);
  if (keyProblem !== null) return err(`STRIPE_SECRET_KEY ${keyProblem}: correct one of them in .dev.vars or in the environment.`);
  return ok({ values, realProviders, isBoundaryReal: boundary.value, isStripeReal, notes });
}

/** Formats settings for wrangler's --env-file. Fails on values with line breaks or all kinds of quotes, which no setting needs. */
export function envFileText(values: Values): Result<string, string> {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const quote = ["'", '"', '`'].find((mark) => !value.includes(mark));
    if (quote === undefined || /[\r\n]/.test(value))
      return err(`${name} cannot be passed to the Worker: it contains a line break or all kinds of quotes.`);
    // wrangler expands $NAME inside values; a backslash prevents it.
    lines.push(`${name}=${quote}${value.replaceAll('$', '\\$')}${quote}`);
  }
  return ok(`${lines.join('\n')}\n`);
}

/** Whether the real gateway is used. Fails when only half of its settings is given. */
function layerBoundary(defaults: Values, given: Values): Result<boolean, string> {
  const { endpoint, token } = BOUNDARY_SETTINGS;
  if (given[token] !== undefined && given[token] === defaults[token]) return ok(false);
  if (given[token] !== undefined && given[endpoint] === undefined)
    return err(`${token} is given without ${endpoint}: give both for the real gateway, or neither for the fake.`);
  if (given[endpoint] !== undefined && given[token] === undefined)
    return err(`${endpoint} is given without ${token}: give both for the real gateway, or neither for the fake.`);
  return ok(given[endpoint] !== undefined);
}

function setOrLeaveOut(values: Record<string, string>, name: string, value: string | undefined): void {
  if (value === undefined) delete values[name];
  else values[name] = value;
}

function isNeverTaken(name: string): boolean {
  return NEVER_TAKEN.some((taken) => taken === name);
}
