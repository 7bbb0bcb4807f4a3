import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { sqldBinary } from '../local/sqld.ts';

/** What the figures depend on, by name. Contains no host names and no paths. */
export type Machine = Readonly<Record<string, string>>;

/** Describes the machine and the software under measurement. `loadBefore` is from before the benchmark. */
export function describeMachine(loadBefore: number): Machine {
  const processors = cpus();
  return {
    Processor: `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} of them`,
    Memory: `${Math.round(totalmem() / 1_000_000_000)} GB`,
    System: `${platform()} ${release()}, ${process.arch}`,
    Node: process.version,
    workerd: versionOf('workerd'),
    Miniflare: versionOf('miniflare'),
    sqld: /\d+\.\d+\.\d+/.exec(execFileSync(sqldBinary(), ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown',
    'Load before the run': loadBefore.toFixed(2),
  };
}

/** Returns the load of the last minute, in processes. */
export function currentLoad(): number {
  return loadavg()[0] ?? 0;
}

function versionOf(name: string): string {
  const file = createRequire(createRequire(import.meta.url).resolve('miniflare')).resolve(`${name}/package.json`);
  const { version }: { version?: unknown } = JSON.parse(readFileSync(file, 'utf8'));
  return String(version);
}
