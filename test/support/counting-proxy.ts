import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the flush of the counters begins: it comes every few seconds by itself and belongs to no request. */
const COUNTERS_FLUSH = 'INSERT INTO metric ';

/** A plain HTTP proxy in front of one server that counts the requests that pass, save the flushes of the counters. */
export type CountingProxy = {
  readonly url: string;
  /** Requests since the last call. */
  take(): number;
  /** Whether requests are carried out and their answers lost from now on. */
  loseAnswers(isLosing: boolean): void;
  stop(): Promise<void>;
};

/** Starts a proxy on a free loopback port in front of `target`, e.g. `http://127.0.0.1:8080`. `see` is shown the body of each counted request. */
export async function countRequestsTo(target: string, see: (body: string) => void = () => undefined): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  let count = 0;
  let isLosing = false;
  const server = createServer((incoming, outgoing) => {
    let sent = '';
    incoming.on('data', (chunk: Buffer) => (sent += chunk.toString('latin1')));
    incoming.on('end', () => {
      if (sent.includes(COUNTERS_FLUSH)) return;
      count++;
      see(sent);
    });
    const forwarded = httpRequest({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (answer) => {
      if (isLosing) {
        answer.resume().on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // safe because a server that listens on a TCP port has such an address
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    take: () => {
      const taken = count;
      count = 0;
      return taken;
    },
    loseAnswers: (losing) => {
      isLosing = losing;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
