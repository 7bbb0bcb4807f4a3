import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../src/core/result.ts';

/** The default port of `wrangler dev`, so that the URLs in guides work. */
const DEFAULT_PORT = 8_787;

const MAX_PORT = 65_535;

/** Each shard is a separate server. */
const MOST_SHARDS = 9;

export type StackOptions = {
  readonly port: number;
  /** Absolute; null serves the project's samples. */
  readonly recordingsFolder: string | null;
  /** Absolute. Assigns recordings that do not name their post. */
  readonly mapFile: string | null;
  /** Absolute. */
  readonly dataFolder: string;
  readonly fresh: boolean;
  /** Number of databases that accounts are spread over, from 1. */
  readonly shards: number;
};

export const USAGE = `Runs all of igskill on this machine: the database, fakes of the remote services, and the Worker.

  npm run dev -- [options]

  --port N          port of the API on 127.0.0.1 (${DEFAULT_PORT})
  --recordings DIR  serve provider responses recorded in DIR instead of the project's samples
  --map FILE        with --recordings: the post of each recording of comments, replies or a transcript,
                    as JSON: { "file.json": "SHORTCODE" }
  --data DIR        keep the database, keys and logs in DIR (.local)
  --shards N        spread new accounts over N databases (1); an existing stack never gets fewer
  --fresh           start with an empty database and new keys
  --help            show this help
`;

/** Parses the arguments after `npm run dev --`. Relative folders are resolved against `cwd`. Fails with one sentence. */
export function parseStackOptions(args: readonly string[], cwd: string): Result<StackOptions | 'help', string> {
  let given;
  try {
    given = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        recordings: { type: 'string' },
        map: { type: 'string' },
        data: { type: 'string' },
        shards: { type: 'string' },
        fresh: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (cause) {
    const reason = cause instanceof Error ? firstSentence(cause.message) : 'The options cannot be read';
    return err(`${reason}: the options are --port N, --recordings DIR, --map FILE, --data DIR, --shards N, --fresh and --help.`);
  }
  if (given.help === true) return ok('help');
  const port = given.port === undefined ? DEFAULT_PORT : Number(given.port);
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT)
    return err(`--port must be a whole number from 1 to ${MAX_PORT}, not "${given.port}".`);
  const shards = Number(given.shards ?? 1);
  if (!Number.isInteger(shards) || shards < 1 || shards > MOST_SHARDS)
    return err(`--shards must be a whole number from 1 to ${MOST_SHARDS}, not "${given.shards}".`);
  for (const name of ['recordings', 'data'] as const) {
    if (given[name] === '') return err(`--${name} needs a folder.`);
  }
  if (given.map === '') return err('--map needs a file.');
  if (given.map !== undefined && given.recordings === undefined) return err('--map requires --recordings.');
  return ok({
    port,
    recordingsFolder: given.recordings === undefined ? null : resolve(cwd, given.recordings),
    mapFile: given.map === undefined ? null : resolve(cwd, given.map),
    dataFolder: given.data === undefined ? join(cwd, '.local') : resolve(cwd, given.data),
    fresh: given.fresh ?? false,
    shards,
  });
}

function firstSentence(message: string): string {
  return (message.split(/\.\s|\n/)[0] ?? message).replace(/[.\s]+$/, '');
}
