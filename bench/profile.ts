import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { openInspector } from '../local/inspector.ts';
import { type AskedCase, askedIn, FIRST_FRESH_TARGET } from './cases.ts';
import { startLoadGenerator } from './load.ts';
import type { Site } from './site.ts';

const CALLERS = 64;
const PROFILE_MS = 3_000;
const WARM_MS = 1_000;

const SHOWN = 12;

const PROFILED = ['nothingInApp', 'malformed', 'hot', 'fresh'] as const satisfies readonly AskedCase[];

/** Shares of the Worker thread's time, by module and by function. */
export type ProfileResult = {
  readonly name: AskedCase;
  readonly modules: readonly Share[];
  readonly functions: readonly Share[];
};
type Share = { readonly what: string; readonly share: number };

const Profile = z.object({
  profile: z.object({
    nodes: z.array(z.object({ id: z.int(), callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int() }) })),
    samples: z.array(z.int()),
    timeDeltas: z.array(z.number()),
  }),
});
type Profile = z.infer<typeof Profile>['profile'];

/** Profiles the Worker's isolate under load through V8's inspector. Needs the bundle's file to name modules. */
export async function profileWorker(site: Site, bundleFile: string): Promise<readonly ProfileResult[]> {
  const worker = await site.startWorker('profiled', { isInspected: true });
  const generator = startLoadGenerator();
  const inspector = await openInspector(worker.inspectorUrl ?? '');
  const moduleAt = modulesByLine(readFileSync(bundleFile, 'utf8'));
  const results: ProfileResult[] = [];
  let nextFresh = FIRST_FRESH_TARGET;
  const load = async (name: AskedCase, ms: number) => {
    const asked = {
      ...askedIn(name, site.keys, nextFresh),
      wanted: { status: name === 'malformed' ? 401 : 200, text: null },
    };
    const result = await generator.run({ ...asked, port: worker.port, callers: CALLERS, warmMs: 0, measureMs: ms, mostRequests: null });
    nextFresh += result.taken;
  };
  try {
    await inspector.send('Profiler.enable');
    for (const name of PROFILED) {
      await load(name, WARM_MS);
      await inspector.send('Profiler.start');
      await load(name, PROFILE_MS);
      const { profile } = Profile.parse(await inspector.send('Profiler.stop'));
      results.push({ name, ...sharesOf(profile, moduleAt) });
    }
    return results;
  } finally {
    inspector.close();
    generator.stop();
  }
}

/** Self time by module and function. Time outside code (idle, garbage collection, runtime) keeps V8's name. */
function sharesOf(profile: Profile, moduleAt: (line: number) => string): Pick<ProfileResult, 'modules' | 'functions'> {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const modules = new Map<string, number>();
  const functions = new Map<string, number>();
  let all = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const micros = profile.timeDeltas[index] ?? 0;
    if (frame === undefined) continue;
    const module = frame.url === '' ? frame.functionName || '(runtime)' : moduleAt(frame.lineNumber);
    all += micros;
    modules.set(module, (modules.get(module) ?? 0) + micros);
    const named = `${frame.functionName || '(anonymous)'} ${frame.url === '' ? '' : module}`.trim();
    functions.set(named, (functions.get(named) ?? 0) + micros);
  }
  const most = (sums: ReadonlyMap<string, number>) =>
    [...sums]
      .map(([what, micros]) => ({ what, share: all === 0 ? 0 : micros / all }))
      .sort((a, b) => b.share - a.share)
      .slice(0, SHOWN);
  return { modules: most(modules), functions: most(functions) };
}

/** The bundler precedes each module with a comment that names its file. Packages are named by package, own code by file. */
function modulesByLine(code: string): (line: number) => string {
  const names: string[] = [];
  let name = 'bundle';
  for (const line of code.split('\n')) {
    const file = /^\s*\/\/ ((?:\.\.\/)*(?:[\w@.-]+\/)+[\w.@-]+\.[cm]?[jt]s)$/.exec(line)?.[1];
    if (file !== undefined) name = /node_modules\/((?:@[\w.-]+\/)?[\w.-]+)/.exec(file)?.[1] ?? file.replace(/^(?:\.\.\/)+/, '');
    names.push(name);
  }
  return (line) => names[line] ?? 'bundle';
}
