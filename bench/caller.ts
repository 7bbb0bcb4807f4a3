import { connect, type Socket } from 'node:net';

const seconds = 1_000;

/** Longer than the longest read; who gets no answer by then gets none. */
const ANSWER_DEADLINE_MS = 40 * seconds;

const HEADERS_END = '\r\n\r\n';
const CHUNKS_END = '0\r\n\r\n';

/** An answer: its status, and the whole of it with its headers as it came. Status 0: none came. */
export type Answer = { readonly status: number; readonly raw: Buffer };

const NO_ANSWER: Answer = { status: 0, raw: Buffer.alloc(0) };

/** One connection that sends a request and waits for its answer before the next, as a keep-alive client does. */
export type Caller = {
  /** Sends the text of a whole HTTP/1.1 request without a body. */
  ask(request: string): Promise<Answer>;
  close(): void;
};

/**
 * A caller made of a bare socket: Node's own HTTP client takes as much of a core as the Worker under measurement, and would be what is
 * measured. A connection that breaks answers with status 0 and is opened anew with the next request.
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

/** The status of an answer that is all there; null while it isn't. One request is open at a time, so nothing follows it. */
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
