// `npm run bench`: runs all measurements and writes bench/RESULTS.md.
import '../local/require-node.mjs';
import { writeFileSync } from 'node:fs';
import { bundle, makeWorkFolder } from './build.ts';
import { type CallResults, measureCalls } from './calls.ts';
import { type GrowthResults, measureGrowth } from './growth.ts';
import { currentLoad, describeMachine } from './machine.ts';
import { type MemoryRow, measureMemory } from './memory.ts';
import { type BenchOptions, parseBenchOptions, type Section, USAGE } from './options.ts';
import { childrenCalled } from './processes.ts';
import { type ProfileResult, profileWorker } from './profile.ts';
import { report } from './report.ts';
import { openSite } from './site.ts';
import { measureStartup, type StartupResults } from './startup.ts';
import { callTargets, growthTargets } from './targets.ts';
import { countTrips, type TripsRow } from './trips.ts';

async function run(options: BenchOptions): Promise<void> {
  const startedAt = performance.now();
  const say = (line: string) => console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
  const machine = describeMachine(currentLoad());
  const deployed = bundle('worker', 'src/worker.ts');
  const measured = bundle('bench', 'bench/worker.ts');
  const folder = makeWorkFolder();
  endWithSignals(() => folder.remove());
  const results = {
    options,
    machine,
    date: new Date(),
    bundle: deployed,
    calls: null as CallResults | null,
    trips: null as readonly TripsRow[] | null,
    memory: null as readonly MemoryRow[] | null,
    startup: null as StartupResults | null,
    growth: null as GrowthResults | null,
    profiles: null as readonly ProfileResult[] | null,
  };
  const wants = (section: Section) => {
    if (options.sections.includes(section)) say(`${section} …`);
    return options.sections.includes(section);
  };
  try {
    const site = await openSite(measured, folder.path);
    try {
      say('the database and the accounts are ready');
      if (wants('calls')) results.calls = await measureCalls(site, options, say);
      if (wants('trips')) results.trips = await countTrips(site);
      if (wants('memory')) results.memory = await measureMemory(site);
      if (options.isProfiled) results.profiles = await profileWorker(site, measured.file);
    } finally {
      await site.stop();
    }
    if (wants('startup')) results.startup = await measureStartup(measured, folder.path);
    if (wants('growth')) results.growth = await measureGrowth(folder.path, options, say);
  } finally {
    folder.remove();
  }
  writeFileSync(options.outFile, report({ ...results, minutes: (performance.now() - startedAt) / 60_000 }));
  const targets = [
    ...(results.calls === null ? [] : callTargets(results.calls)),
    ...(results.growth === null ? [] : growthTargets(results.growth)),
  ];
  for (const { what, wanted, measured, isReached } of targets) {
    say(`${isReached ? 'reached    ' : 'NOT reached'}  ${what}: ${measured.median.toFixed(2)} (${wanted})`);
  }
}

/** Ends started processes on a signal or a bug; the load generator and the provider notice by themselves that this process is gone. */
function endWithSignals(remove: () => void): void {
  const end = () => {
    for (const pid of [...childrenCalled('workerd'), ...childrenCalled('sqld')]) process.kill(pid, 'SIGKILL');
    remove();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  process.once('uncaughtException', (error) => {
    console.error(error);
    end();
  });
}

const options = parseBenchOptions(process.argv.slice(2), import.meta.dirname);
if (!options.ok) {
  console.error(options.error);
  process.exitCode = 1;
} else if (options.value === 'help') {
  console.log(USAGE);
} else {
  await run(options.value);
  process.exit();
}
