import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unstable_getVarsForDev } from 'wrangler';
import { envFileText, layerSettings } from '../../local/worker-settings.ts';

const defaults = {
  LIBSQL_URL: 'http://127.0.0.1:5000',
  OWNER_ADMIN_KEY_SHA256: 'a'.repeat(64),
  APIFY_BASE_URL: 'http://127.0.0.1:5001',
  APIFY_TOKEN: 'local-fake',
  CURSOR_SIGNING_SECRET: 'c'.repeat(32),
  ACHRONON_AI_ENDPOINT: 'http://127.0.0.1:5002/sandboxes/local',
  ACHRONON_AI_SERVICE_TOKEN: 'local-fake',
};

function layered(devVars: Record<string, string>, environment: Record<string, string>) {
  const result = layerSettings(defaults, devVars, environment);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe('settings of the local Worker', () => {
  test('the environment wins over .dev.vars, which wins over the launcher', () => {
    const { values } = layered({ READ_DEADLINE_MS: '2000', CONTENT_TTL_SECONDS: '120' }, { READ_DEADLINE_MS: '3000' });
    expect(values).toMatchObject({ READ_DEADLINE_MS: '3000', CONTENT_TTL_SECONDS: '120', APIFY_TOKEN: 'local-fake' });
  });

  test('takes only names that the Worker knows, and takes empty ones as not given', () => {
    const { values } = layered({ APIFY_TOKEN: '', SOMETHING: 'x' }, { PATH: '/bin' });
    expect(values).toEqual(defaults);
  });

  test('never takes the databases of another installation, and says so', () => {
    const given = { LIBSQL_URL: 'libsql://real.example', LIBSQL_SHARDS: '[{"url":"libsql://real-1.example","authToken":"canary"}]' };
    for (const { values, notes } of [layered({ ...given, SIGNUP_SHARDS: '1' }, {}), layered({}, { ...given, SIGNUP_SHARDS: '1' })]) {
      expect(values).toEqual(defaults);
      expect(notes.map((note) => note.split(' ')[0])).toEqual(['LIBSQL_URL', 'LIBSQL_SHARDS', 'SIGNUP_SHARDS']);
      expect(notes.join()).not.toContain('canary');
    }
  });

  test('a given key sends its provider to the real service, unless an address is given as well', () => {
    const real = layered({ APIFY_TOKEN: 'given' }, {});
    expect(real.realProviders).toEqual(['apify']);
    expect(real.values['APIFY_BASE_URL']).toBe('https://api.apify.com');
    const elsewhere = layered({ APIFY_TOKEN: 'given' }, { APIFY_BASE_URL: 'https://proxy.example' });
    expect(elsewhere.realProviders).toEqual([]);
    expect(elsewhere.values['APIFY_BASE_URL']).toBe('https://proxy.example');
  });

  test('the fake can be had back by giving its key in the environment', () => {
    const { realProviders, values } = layered({ APIFY_TOKEN: 'given' }, { APIFY_TOKEN: 'local-fake' });
    expect(realProviders).toEqual([]);
    expect(values['APIFY_BASE_URL']).toBe(defaults.APIFY_BASE_URL);
  });

  test.each([
    [{ STRIPE_SECRET_KEY: 'sk_live_canary' }, 'test'],
    [{ STRIPE_SECRET_KEY: 'sk_test_canary', STRIPE_MODE: 'live' }, 'live'],
    [{ STRIPE_SECRET_KEY: 'canary' }, 'test'],
  ])("a key of Stripe's other mode is refused without its value: %j", (devVars, mode) => {
    const result = layerSettings({ ...defaults, STRIPE_MODE: 'test', STRIPE_SECRET_KEY: 'sk_test_local_fake' }, devVars, {});
    expect(result).toEqual({ ok: false, error: expect.stringContaining(`STRIPE_SECRET_KEY is no ${mode} key`) });
    expect(JSON.stringify(result)).not.toContain('canary');
  });

  test('the boundary is real when its address and its token are given', () => {
    const real = layered({ ACHRONON_AI_ENDPOINT: 'https://boundary.example/sandboxes/1', ACHRONON_AI_SERVICE_TOKEN: 'given' }, {});
    expect(real.isBoundaryReal).toBe(true);
    expect(real.values['ACHRONON_AI_ENDPOINT']).toBe('https://boundary.example/sandboxes/1');
    expect(layered({}, {}).isBoundaryReal).toBe(false);
  });

  test.each([
    [{ ACHRONON_AI_SERVICE_TOKEN: 'secret-token' }, 'ACHRONON_AI_SERVICE_TOKEN is given without ACHRONON_AI_ENDPOINT'],
    [{ ACHRONON_AI_ENDPOINT: 'https://boundary.example' }, 'ACHRONON_AI_ENDPOINT is given without ACHRONON_AI_SERVICE_TOKEN'],
  ])('half of the boundary is refused without its value: %j', (devVars, beginning) => {
    expect(layerSettings(defaults, devVars, {})).toEqual({
      ok: false,
      error: `${beginning}: give both for the real gateway, or neither for the fake.`,
    });
  });

  test('the fake for the boundary can be had back by giving its token in the environment', () => {
    const devVars = { ACHRONON_AI_ENDPOINT: 'https://boundary.example', ACHRONON_AI_SERVICE_TOKEN: 'given' };
    const { isBoundaryReal, values } = layered(devVars, { ACHRONON_AI_SERVICE_TOKEN: 'local-fake' });
    expect(isBoundaryReal).toBe(false);
    expect(values).toMatchObject({
      ACHRONON_AI_ENDPOINT: defaults.ACHRONON_AI_ENDPOINT,
      ACHRONON_AI_SERVICE_TOKEN: 'local-fake',
    });
  });

  test('never books in a database that was configured for something else', () => {
    const { values, notes } = layered({ LIBSQL_URL: 'libsql://production.example', LIBSQL_AUTH_TOKEN: 'secret' }, {});
    expect(values['LIBSQL_URL']).toBe(defaults.LIBSQL_URL);
    expect(values['LIBSQL_AUTH_TOKEN']).toBeUndefined();
    expect(notes).toHaveLength(2);
    expect(notes.join()).not.toContain('production');
  });

  test('the printed owner key works beside configured ones', () => {
    expect(layered({ OWNER_ADMIN_KEY_SHA256: 'b'.repeat(64) }, {}).values['OWNER_ADMIN_KEY_SHA256']).toBe(
      `${'a'.repeat(64)},${'b'.repeat(64)}`,
    );
  });

  test('names a malformed setting without its value', () => {
    const refused = layerSettings(defaults, { READ_DEADLINE_MS: 'soon' }, {});
    expect(refused).toEqual({ ok: false, error: 'READ_DEADLINE_MS is malformed: correct it in .dev.vars or in the environment.' });
  });
});

describe('the file that hands settings to wrangler', () => {
  test('arrives as written, and a .dev.vars beside the configuration is not read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'igskill-env-'));
    try {
      const values = { PLAIN: 'a b', DOLLAR: '$HOME and ${HOME} and a\\b', QUOTED: `it's "so"`, HASH: 'a#b', EMPTY: '' };
      const text = envFileText(values);
      if (!text.ok) throw new Error(text.error);
      const file = join(folder, 'worker.env');
      writeFileSync(file, text.value);
      writeFileSync(join(folder, 'wrangler.toml'), '');
      writeFileSync(join(folder, '.dev.vars'), 'STRAY=1\nPLAIN=stray\n');
      const vars = unstable_getVarsForDev(join(folder, 'wrangler.toml'), [file], {}, undefined, true);
      expect(Object.fromEntries(Object.entries(vars).map(([name, binding]) => [name, binding.value]))).toEqual(values);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('refuses what it cannot write', () => {
    expect(envFileText({ BROKEN: 'a\nb' }).ok).toBe(false);
    expect(envFileText({ QUOTES: `'"\`` }).ok).toBe(false);
  });
});
