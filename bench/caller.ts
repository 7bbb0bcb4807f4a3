import { connect, type Socket } from 'node:net';

const seconds = 1_000;

/** Longer than the longest read. */
const ANSWER_DEADLINE_MS = 40 * seconds;

const HEADERS_END = '\r\n\r\n';
const CHUNKS_END = '0\r\n\r\n';

/** A response: its status and the raw bytes with headers. Status 0: no response. */
export type Answer = { readonly status: number; readonly raw: Buffer };

const NO_ANSWER: Answer = { status: 0, raw: Buffer.alloc(0) };

/** A keep-alive connection with one request at a time. */
export type Caller = {
  /** Sends a complete HTTP/1.1 request without a body. */
  ask(request: string): Promise<Answer>;
  close(): void;
};

/**
 * Creates a caller on a bare socket: Node's HTTP client uses as much processor time as the measured Worker and would distort the result. A
 * broken connection returns status 0 and is reopened with the next request.
 */
export function createCaller(port: number): Caller {
  let socket: Socket | null = null;
  let pending: Buffer | null = null;
  let resolve: ((answer: Answer) => void) | null = null;
  let timer: NodeJS.Timeout | undefined;

  const finish = (answer: Answer) => {
    clearTimeout(timer);
    const done = resolve;
    [resolve, pending] = [null, null];
    done?.(answer);
  };
  const drop = () => {
    socket?.destroy();
    socket = null;
    finish(NO_ANSWER);
  };
  const open = (): Socket => {
    const opened = connect({ host: '127.0.0.1', port, noDelay: true });
    opened.on('data', (chunk: Buffer) => {
      pending = pending === null ? chunk : Buffer.concat([pending, chunk]);
      const status = statusOfWhole(pending);
      if (status !== null) finish({ status, raw: pending });
    });
    const end = () => {
      if (socket === opened) drop();
    };
    opened.on('error', end);
    opened.on('close', end);
    return opened;
  };
  return {
    ask: (request) =>
      new Promise<Answer>((settle) => {
        resolve = settle;
        timer = setTimeout(drop, ANSWER_DEADLINE_MS);
        socket ??= open();
        socket.write(request);
      }),
    close: () => {
      const open = socket;
      socket = null;
      open?.destroy();
      finish(NO_ANSWER);
    },
  };
}

/** Returns the status of a complete response, or null while it is incomplete. Only one request is open, so nothing follows it. */
function statusOfWhole(raw: Buffer): number | null {
  const headersEnd = raw.indexOf(HEADERS_END);
  if (headersEnd < 0) return null;
  const head = raw.toString('latin1', 0, headersEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isWhole =
    length === undefined
      ? raw.length > headersEnd + HEADERS_END.length && raw.subarray(-CHUNKS_END.length).toString('latin1') === CHUNKS_END
      : raw.length >= headersEnd + HEADERS_END.length + Number(length);
  return isWhole ? Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)) : null;
}
