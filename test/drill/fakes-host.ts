// Runs the fakes in a separate process, so that all of them can be stopped at once. It ends with its parent.
import { startFakes } from '../../local/fakes/fakes.ts';

const webhookUrl = process.argv[2];
const started = await startFakes(webhookUrl === undefined ? {} : { webhookUrl });
if (!started.ok) {
  console.error(started.error);
  process.exit(1);
}
process.on('disconnect', () => process.exit(0));
// Ignores Ctrl-C, which the parent handles: it still needs the fakes to clean up.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.send?.({ baseUrls: started.value.baseUrls });
