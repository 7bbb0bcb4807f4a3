import { z } from 'zod';

/** V8's inspector of a Worker's isolate (chromedevtools.github.io/devtools-protocol). `send` resolves with a method's result. */
export type Inspector = { send(method: string): Promise<unknown>; close(): void };

const Targets = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
const Message = z.object({ id: z.int().optional(), result: z.unknown().optional() });
const HeapUsage = z.object({ usedSize: z.number(), embedderHeapUsedSize: z.number(), backingStorageSize: z.number() });

/** Connects to the first isolate that the inspector lists. Throws when there is none. */
export async function openInspector(url: string): Promise<Inspector> {
  const listed = Targets.parse(await (await fetch(new URL('/json', url.replace(/^ws/, 'http')))).json());
  const target = listed[0];
  if (target === undefined) throw new Error('the inspector knows no Worker');
  // wrangler's inspector accepts only local pages.
  const socket = new WebSocket(target.webSocketDebuggerUrl, { headers: { Origin: 'http://localhost' } });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')), { once: true });
  });
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = Message.parse(JSON.parse(String(data)));
    if (message.id !== undefined) waiting.get(message.id)?.(message.result);
  });
  let count = 0;
  return {
    send: (method) =>
      new Promise((resolve) => {
        waiting.set(++count, resolve);
        socket.send(JSON.stringify({ id: count, method }));
      }),
    close: () => socket.close(),
  };
}

/** Returns the bytes that an isolate holds after a garbage collection. */
export async function heldByIsolate(inspectorUrl: string): Promise<number> {
  const inspector = await openInspector(inspectorUrl);
  try {
    await inspector.send('HeapProfiler.collectGarbage');
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = HeapUsage.parse(await inspector.send('Runtime.getHeapUsage'));
    return usedSize + embedderHeapUsedSize + backingStorageSize;
  } finally {
    inspector.close();
  }
}
