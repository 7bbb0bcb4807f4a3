// Runs the stand-ins in a process of its own, so that all of them can be stopped at once. It ends when its parent does.
import { startStandIns } from '../../local/stand-ins/stand-ins.ts';

const webhookUrl = process.argv[2];
const started = await startStandIns(webhookUrl === undefined ? {} : { webhookUrl });
if (!started.ok) {
  console.error(started.error);
  process.exit(1);
}
process.on('disconnect', () => process.exit(0));
// A Ctrl-C is the drill's to handle: it still needs these to put everything in order.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.send?.({ baseUrls: started.value.baseUrls });
