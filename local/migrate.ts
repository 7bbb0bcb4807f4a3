import './require-node.mjs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { drizzle } from 'drizzle-orm/libsql/web';
import { migrate } from 'drizzle-orm/libsql/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { z } from 'zod';
import { createDatabase, type Database } from '../src/db/client.ts';
import { Settings } from '../src/env.ts';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations', import.meta.url));

/** Thrown when migrations cannot be applied. The message is one sentence for the terminal. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

type Migration = { readonly name: string; readonly hash: string; readonly madeAt: number };

/**
 * Applies the missing migrations in one transaction and returns their names in order. Throws MigrationError when an applied one was edited
 * since: an edit would never run.
 */
export async function migrateDatabase(
  client: ReturnType<typeof createDatabase>,
  folder: string = MIGRATIONS_FOLDER,
): Promise<readonly string[]> {
  const known = readMigrations(folder);
  const applied = await readApplied(client);
  for (const { hash, madeAt } of applied) {
    const migration = known.find((candidate) => candidate.madeAt === madeAt);
    if (migration === undefined)
      throw new MigrationError('The database has a migration that is missing from this checkout: update the checkout.');
    if (migration.hash !== hash)
      throw new MigrationError(`Migration ${migration.name} was edited after it had been applied: restore it and add a new migration.`);
  }
  await migrate(drizzle({ client }), { migrationsFolder: folder });
  const newest = Math.max(0, ...applied.map((row) => row.madeAt));
  return known.filter((migration) => migration.madeAt > newest).map((migration) => migration.name);
}

const Journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.int() })) });

function readMigrations(folder: string): readonly Migration[] {
  const journal = Journal.parse(JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')));
  const files = readMigrationFiles({ migrationsFolder: folder });
  return journal.entries.map(({ tag, when }) => {
    const hash = files.find((file) => file.folderMillis === when)?.hash;
    if (hash === undefined) throw new MigrationError(`Migration ${tag} has no file.`);
    return { name: tag, hash, madeAt: when };
  });
}

const AppliedRows = z.array(z.object({ hash: z.string(), created_at: z.coerce.number() }));

/** drizzle's record of applied migrations. Without its table the database is new. */
async function readApplied(client: Database): Promise<readonly { readonly hash: string; readonly madeAt: number }[]> {
  const table = await client.execute(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '__drizzle_migrations'`);
  if (table.rows.length === 0) return [];
  const answer = await client.execute('SELECT hash, created_at FROM __drizzle_migrations ORDER BY created_at');
  return AppliedRows.parse(answer.rows).map((row) => ({ hash: row.hash, madeAt: row.created_at }));
}

type Place = { readonly url: string; readonly authToken?: string | undefined };

/** All shards' databases in order, from the environment or else from .dev.vars. */
function readPlaces(): readonly Place[] {
  const settings = { ...readDevVars(), ...process.env };
  const url = settings['LIBSQL_URL'];
  if (url === undefined || url === '') throw new MigrationError('LIBSQL_URL is not set: put it in the environment or in .dev.vars.');
  const authToken = settings['LIBSQL_AUTH_TOKEN'] === '' ? undefined : settings['LIBSQL_AUTH_TOKEN'];
  const others = settings['LIBSQL_SHARDS'];
  const parsed = Settings.shape.LIBSQL_SHARDS.safeParse(others === '' ? undefined : others);
  // Without details, because it may contain tokens.
  if (!parsed.success) throw new MigrationError('LIBSQL_SHARDS is malformed: use JSON such as [{"url":"libsql://…","authToken":"…"}].');
  return [{ url }, ...parsed.data].map((place) => ({ authToken, ...place }));
}

function readDevVars(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.dev.vars', 'utf8'));
  } catch {
    return {};
  }
}

/** Migrates all shards, continuing after a failure: each migrated shard can be served. */
async function main(): Promise<void> {
  const places = readPlaces();
  for (const [shard, place] of places.entries()) {
    const prefix = places.length === 1 ? '' : `shard ${shard}: `;
    try {
      const applied = await migrateDatabase(createDatabase(place));
      for (const name of applied) console.log(`${prefix}applied ${name}`);
      if (applied.length === 0) console.log(`${prefix}nothing to apply: the database is up to date`);
    } catch (error) {
      console.error(`${prefix}${explain(error)}`);
      process.exitCode = 1;
    }
  }
}

/** One sentence without the URL, which may contain a token. */
function explain(error: unknown): string {
  if (error instanceof MigrationError) return error.message;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const words = cause instanceof Error ? cause.message.split('\n')[0] : 'unknown error';
  return `The database could not be migrated: ${words}.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
