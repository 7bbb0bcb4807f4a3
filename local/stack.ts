// `npm run dev`: runs igskill locally. Starts the fakes, the database and the Worker, and ends them in reverse order.
import './require-node.mjs';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { createDatabase } from '../src/db/client.ts';
import { err, ok, type Result } from '../src/core/result.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { demoKey } from './demo-key.ts';
import { startGuardian } from './guard.ts';
import { migrateDatabase, MigrationError } from './migrate.ts';
import { freePort, type Sqld, sqldBinary, SqldError, startSqld } from './sqld.ts';
import { parseStackOptions, type StackOptions, USAGE } from './stack-options.ts';
import { type Fakes, startFakes } from './fakes/fakes.ts';
import { FAKE_WEBHOOK_SECRET } from './fakes/stripe.ts';
import { payloadLines, type Running, stackFile, summary } from './summary.ts';
import { startWorker, untilReady, type WorkerProcess, wranglerScript } from './worker-process.ts';
import { envFileText, layerSettings, type WorkerSettings } from './worker-settings.ts';

const seconds = 1_000;

/** npm may pass on a Ctrl-C a second time; only a later one forces the end. */
const IMPATIENT_AFTER_MS = 1 * seconds;

/** The balance of a new local account: US$5. */
const LOCAL_GRANT_MICRO_CREDITS = '5000000';

/** High enough not to throttle local work, low enough to stop a runaway program eventually. */
const LOCAL_RATE_LIMIT_SCALE = '1000';

/** The fakes accept any key; this one is recognisable in logs. */
const FAKE_KEY = 'local-fake';

/** Names its mode, as Stripe's keys do. */
const FAKE_STRIPE_KEY = 'sk_test_local_fake';

/** A Ctrl-C ends the database directly as well; its end is only reported when no stop follows. */
const NEWS_AFTER_MS = 300;

const PROJECT_FOLDER = dirname(import.meta.dirname);

const PARENT_INTERVAL_MS = 200;

/** Why the stack ends. A sentence means failure. */
type Ending = { readonly kind: 'asked' } | { readonly kind: 'failed'; readonly sentence: string };

/** Shared by everything that starts: how to end it, and whether it is ending. */
type Stage = {
  /** Registers how to end what was just started; the last started ends first. */
  onEnd(end: (force: boolean) => Promise<void> | void): void;
  end(ending: Ending): void;
  isEnding(): boolean;
  /** Makes the guardian end a process if this one is killed. */
  watch(pid: number): () => void;
};

async function startEverything(options: StackOptions, data: DataFolder, stage: Stage): Promise<Result<Running, string>> {
  const script = wranglerScript();
  if (!script.ok) return script;
  sqldBinary();
  if (!(await isFree(options.port)))
    return err(`Port ${options.port} on 127.0.0.1 is taken: stop the program that listens there, or choose another port with --port.`);
  const recordings = options.recordingsFolder === null ? {} : { recordingsFolder: options.recordingsFolder };
  const map = options.mapFile === null ? {} : { mapFile: options.mapFile };
  const webhookUrl = `http://127.0.0.1:${options.port}/v1/stripe/webhook`;
  const fakes = await startFakes({ ...recordings, ...map, ports: data.memory.ports, webhookUrl });
  if (!fakes.ok) return fakes;
  stage.onEnd(() => fakes.value.stop());
  for (const line of payloadLines(fakes.value)) console.log(line);

  const shards = Math.max(options.shards, data.memory.shards ?? 1);
  const databases = await startDatabases(shards, data, stage);
  const operatorKey = data.memory.operatorKey ?? `igsk_owner_${randomBytes(24).toString('hex')}`;
  const cursorSecret = data.memory.cursorSecret ?? randomBytes(32).toString('hex');
  const secrets = { operatorKey, cursorSecret };
  const settings = layerSettings(defaultSettings(databases, fakes.value, secrets), devVars(), environment());
  if (!settings.ok) return settings;
  const worker = await startWorkerWith(settings.value, script.value, options, data, stage);
  if (!worker.ok) return worker;

  const baseUrl = `http://127.0.0.1:${options.port}`;
  const customer = await demoKey(baseUrl, data.memory.customerKey);
  if (!customer.ok) return customer;
  const ports = {
    ...fakes.value.ports,
    ...Object.fromEntries(databases.map(({ port }, shard) => [basename(data.databaseOf(shard)), port])),
  };
  data.remember({ ...secrets, customerKey: customer.value.apiKey, shards, ports });
  return ok({
    baseUrl,
    sqldUrls: databases.map(({ url }) => url),
    operatorKey,
    customer: customer.value,
    fakes: fakes.value,
    settings: settings.value,
    dataFolder: data.path,
  });
}

/** Sequentially, so that no two databases are offered the same port. */
async function startDatabases(shards: number, data: DataFolder, stage: Stage): Promise<readonly Sqld[]> {
  const databases: Sqld[] = [];
  for (let shard = 0; shard < shards; shard++) databases.push(await startDatabase(shard, data, stage));
  return databases;
}

async function startDatabase(shard: number, data: DataFolder, stage: Stage): Promise<Sqld> {
  const dataDir = data.databaseOf(shard);
  const wished = data.memory.ports[basename(dataDir)];
  const port = wished !== undefined && (await isFree(wished)) ? wished : await freePort();
  const sqld = await startSqld({ dataDir, port });
  const forget = stage.watch(sqld.pid);
  stage.onEnd(() => sqld.stop().then(forget));
  void endWith(sqld.ended, stage, () => 'The database (sqld) ended unexpectedly.');
  const client = createDatabase({ url: sqld.url });
  try {
    await migrateDatabase(client);
  } finally {
    client.close();
  }
  return sqld;
}

async function startWorkerWith(
  settings: WorkerSettings,
  script: string,
  options: StackOptions,
  data: DataFolder,
  stage: Stage,
): Promise<Result<WorkerProcess, string>> {
  const text = envFileText(settings.values);
  if (!text.ok) return text;
  data.writeSettings(text.value);
  if (stage.isEnding()) return err('The start was interrupted.');
  console.log('Starting the Worker; the first start takes a while.');
  const worker = startWorker({
    script,
    projectFolder: PROJECT_FOLDER,
    port: options.port,
    settingsFile: data.settings,
    stateFolder: data.workerState,
    logFile: join(data.logs, 'worker.log'),
  });
  if (!worker.ok) return worker;
  const forget = stage.watch(worker.value.pid);
  stage.onEnd((force) => worker.value.stop({ force }).then(forget));
  const trouble = await untilReady(`http://127.0.0.1:${options.port}`, worker.value, () => stage.isEnding());
  if (trouble !== null) return err(`${trouble}\n${worker.value.lastLines()}`);
  void endWith(worker.value.ended, stage, () => `The Worker (wrangler) ended unexpectedly.\n${worker.value.lastLines()}`);
  return worker;
}

/** Ends the stack when a process ends, unless the stack is already ending. */
async function endWith(ended: Promise<void>, stage: Stage, sentence: () => string): Promise<void> {
  await ended;
  await sleep(NEWS_AFTER_MS);
  if (!stage.isEnding()) stage.end({ kind: 'failed', sentence: sentence() });
}

function defaultSettings(
  databases: readonly Sqld[],
  fakes: Fakes,
  { operatorKey, cursorSecret }: { readonly operatorKey: string; readonly cursorSecret: string },
): Readonly<Record<string, string>> {
  return {
    LIBSQL_URL: databases[0]?.url ?? '',
    LIBSQL_SHARDS: databases.length === 1 ? '' : JSON.stringify(databases.slice(1).map(({ url }) => ({ url }))),
    SIGNUP_SHARDS: databases.map((_database, shard) => shard).join(','),
    OWNER_ADMIN_KEY_SHA256: createHash('sha256').update(operatorKey).digest('hex'),
    SIGNUP_GRANT_MICRO_CREDITS: LOCAL_GRANT_MICRO_CREDITS,
    APIFY_BASE_URL: fakes.baseUrls.apify,
    APIFY_TOKEN: FAKE_KEY,
    HIKERAPI_BASE_URL: fakes.baseUrls.hikerapi,
    HIKERAPI_ACCESS_KEY: FAKE_KEY,
    SCRAPECREATORS_BASE_URL: fakes.baseUrls.scrapecreators,
    SCRAPECREATORS_API_KEY: FAKE_KEY,
    INSTAGRAM_BASE_URL: fakes.baseUrls.instagram,
    CURSOR_SIGNING_SECRET: cursorSecret,
    STRIPE_API_BASE_URL: fakes.baseUrls.stripe,
    STRIPE_MODE: 'test',
    STRIPE_SECRET_KEY: FAKE_STRIPE_KEY,
    STRIPE_WEBHOOK_SECRET: FAKE_WEBHOOK_SECRET,
    ACHRONON_AI_ENDPOINT: fakes.baseUrls.achronon,
    ACHRONON_AI_SERVICE_TOKEN: FAKE_KEY,
    RATE_LIMIT_SCALE: LOCAL_RATE_LIMIT_SCALE,
  };
}

function devVars(): Readonly<Record<string, string>> {
  try {
    return definedOnly(parseEnv(readFileSync(join(PROJECT_FOLDER, '.dev.vars'), 'utf8')));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {};
    throw cause;
  }
}

function environment(): Readonly<Record<string, string>> {
  return definedOnly(process.env);
}

function definedOnly(values: NodeJS.Dict<string>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Starts everything and prints the summary. Any failure ends the stack with a sentence. */
async function start(options: StackOptions, data: DataFolder, stage: Stage): Promise<void> {
  try {
    const started = await startEverything(options, data, stage);
    if (!started.ok) return stage.end({ kind: 'failed', sentence: started.error });
    if (stage.isEnding()) return;
    data.writeStack(stackFile(started.value));
    console.log(summary(started.value));
  } catch (error) {
    stage.end({ kind: 'failed', sentence: explain(error) });
  }
}

/** Runs the stack until something ends it, then ends everything. Returns the exit code. */
async function run(options: StackOptions): Promise<number> {
  const opened = openDataFolder(options.dataFolder, options.fresh);
  if (!opened.ok) return fail(opened.error);
  const data = opened.value;
  const guardian = startGuardian();
  const ends: ((force: boolean) => Promise<void> | void)[] = [];
  const { promise: ending, resolve } = Promise.withResolvers<Ending>();
  const { promise: impatience, resolve: hurry } = Promise.withResolvers<void>();
  let endingSince: number | null = null;
  const end = (why: Ending) => {
    endingSince ??= Date.now();
    resolve(why);
  };
  const onSignal = () => {
    if (endingSince !== null && Date.now() - endingSince > IMPATIENT_AFTER_MS) hurry();
    else end({ kind: 'asked' });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.on('uncaughtException', (error) => end({ kind: 'failed', sentence: explain(error) }));

  endWithNpm(() => end({ kind: 'asked' }));

  const starting = start(options, data, {
    onEnd: (how) => void ends.unshift(how),
    end,
    isEnding: () => endingSince !== null,
    watch: (pid) => {
      guardian.watch(pid);
      return () => guardian.forget(pid);
    },
  });
  const why = await ending;
  const endInOrder = async (isForced: boolean) => {
    for (const how of ends) await how(isForced);
  };
  await Promise.race([starting.then(() => endInOrder(false)), impatience.then(() => endInOrder(true))]);
  data.close();
  guardian.dismiss();
  return why.kind === 'asked' ? 0 : fail(why.sentence);
}

/** npm passes a SIGTERM to the shell between it and this process, which does not pass it on; only the shell's end is visible. */
function endWithNpm(end: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, PARENT_INTERVAL_MS).unref();
}

function fail(sentence: string): number {
  console.error(sentence);
  return 1;
}

/** One sentence for the terminal, also for unexpected errors. */
function explain(error: unknown): string {
  if (error instanceof SqldError) return error.message;
  if (error instanceof MigrationError) return `${error.message} Add --fresh to start with an empty database.`;
  return `The local stack failed: ${error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : 'unknown error'}.`;
}

// A closed output must not end the stack.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const options = parseStackOptions(process.argv.slice(2), process.cwd());
if (!options.ok) {
  process.exitCode = fail(options.error);
} else if (options.value === 'help') {
  console.log(USAGE);
} else {
  process.exitCode = await run(options.value);
  process.exit();
}
