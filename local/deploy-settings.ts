import { Settings } from '../src/env.ts';

/** The mode in which each deployed environment takes payments: only production sells credit for real money. */
const STRIPE_MODES: Readonly<Record<string, Settings['STRIPE_MODE']>> = { staging: 'test', production: 'live' };

/**
 * Returns, as sentences, what is wrong with the variables that wrangler.toml gives to an environment. Secrets are not in it; /ready checks
 * them.
 */
export function deploymentProblems(environment: string, variables: Readonly<Record<string, unknown>>): readonly string[] {
  const problems: string[] = [];
  for (const [name, schema] of Object.entries(Settings.shape)) {
    const value = variables[name];
    if (value !== undefined && value !== '' && !schema.safeParse(value).success) problems.push(`${name} is malformed.`);
  }
  const mode = STRIPE_MODES[environment];
  if (mode !== undefined && variables['STRIPE_MODE'] !== mode) {
    problems.push(`STRIPE_MODE must be "${mode}": ${mode === 'live' ? 'test cards must not buy credit' : 'nobody pays real money'} there.`);
  }
  const origin = variables['PUBLIC_ORIGIN'];
  if (typeof origin !== 'string' || !origin.startsWith('https://'))
    problems.push('PUBLIC_ORIGIN must be the https origin of the deployment.');
  return problems.map((problem) => `[env.${environment}.vars] ${problem}`);
}
