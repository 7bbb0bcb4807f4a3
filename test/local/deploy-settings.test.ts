import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { deploymentProblems } from '../../local/deploy-settings.ts';

const config = join(import.meta.dirname, '..', '..', 'wrangler.toml');
const variablesOf = (env: string) => unstable_readConfig({ config, env }).vars;

test.each(['staging', 'production'])('wrangler.toml has the right variables for %s', (environment) => {
  expect(Object.keys(variablesOf(environment)).length).toBeGreaterThan(10);
  expect(deploymentProblems(environment, variablesOf(environment))).toEqual([]);
});

test.each([
  ['production', 'test', 'live'],
  ['production', undefined, 'live'],
  ['staging', 'live', 'test'],
])('refuses %s with STRIPE_MODE %s', (environment, given, right) => {
  const problems = deploymentProblems(environment, { ...variablesOf(environment), STRIPE_MODE: given });
  expect(problems).toEqual([expect.stringContaining(`[env.${environment}.vars] STRIPE_MODE must be "${right}"`)]);
});

test.each([undefined, '', 'http://api.example.com'])('refuses production at PUBLIC_ORIGIN %s', (origin) => {
  const problems = deploymentProblems('production', { ...variablesOf('production'), PUBLIC_ORIGIN: origin });
  expect(problems).toEqual(['[env.production.vars] PUBLIC_ORIGIN must be the https origin of the deployment.']);
});

test('names a malformed variable, not its value', () => {
  const problems = deploymentProblems('production', { ...variablesOf('production'), READ_DEADLINE_MS: 'canary' });
  expect(problems).toEqual(['[env.production.vars] READ_DEADLINE_MS is malformed.']);
});
