import { createHash } from 'node:crypto';
import { type Agent, request } from 'node:http';
import { z } from 'zod';
import { ERROR_ROWS, type ErrorCode } from '../../src/errors.ts';
import { ErrorBody } from '../../src/http/error-response.ts';

/** How a call ended for its caller. */
export type Outcome =
  /** A 200 with its stated cost. `digest` is the SHA-256 of the body without the balance. */
  | { readonly kind: 'paid'; readonly receiptId: string; readonly settled: number; readonly isReplay: boolean; readonly digest: string }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly requestId: string }
  /** No response. `mayHaveArrived` is false if there was no connection; `endedBy` says which side ended it. */
  | { readonly kind: 'unanswered'; readonly mayHaveArrived: boolean; readonly endedBy: 'service' | 'caller' }
  /** No response within the bound; the caller disconnected. */
  | { readonly kind: 'hung' }
  /** A response that the error taxonomy doesn't allow; `what` says why. */
  | { readonly kind: 'foreign'; readonly what: string };

/** One paid read. Times are unix milliseconds. */
export type Call = {
  readonly accountId: string;
  readonly apiKey: string;
  readonly path: string;
  readonly shortcode: string;
  readonly onceKey: string | null;
  /** The active fault when it began. */
  readonly during: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
};

/** The raw response. */
export type WireAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string }
  | Extract<Outcome, { kind: 'unanswered' | 'hung' }>;

/** Sends one request on a keep-alive socket, without retries. Gives up after `patienceMs`. */
export function send(
  url: string,
  options: {
    readonly agent: Agent;
    readonly patienceMs: number;
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<WireAnswer> {
  const { agent, patienceMs, method = 'GET', headers = {}, body } = options;
  return new Promise((resolve) => {
    let hasConnected = false;
    const outgoing = request(url, { agent, method, headers });
    const patience = setTimeout(() => {
      resolve({ kind: 'hung' });
      outgoing.destroy();
    }, patienceMs);
    const finish = (answer: WireAnswer) => {
      clearTimeout(patience);
      resolve(answer);
    };
    const isCut = () => finish({ kind: 'unanswered', mayHaveArrived: hasConnected, endedBy: 'service' });
    outgoing.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (hasConnected = true));
      else hasConnected = true;
    });
    outgoing.on('error', isCut);
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', isCut);
      incoming.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        finish({ kind: 'answer', status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.end(body);
  });
}

const PaidBody = z.object({ usage: z.object({ receiptId: z.string().nullable(), settledMicroCredits: z.int().nonnegative() }) });

/** Classifies a response to a paid read: paid, a refusal of the taxonomy, or neither. */
export function judge(answer: WireAnswer): Outcome {
  if (answer.kind !== 'answer') return answer;
  const { status, headers, text } = answer;
  const foreign = (what: string): Outcome => ({ kind: 'foreign', what: `${status}: ${what}` });
  const body = jsonOf(text);
  if (body === undefined || !String(headers['content-type']).startsWith('application/json')) return foreign('no JSON');
  if (status === 200) {
    const paid = PaidBody.safeParse(body);
    if (!paid.success || paid.data.usage.receiptId === null) return foreign('no receipt');
    const { receiptId, settledMicroCredits: settled } = paid.data.usage;
    const isReplay = headers['idempotency-replayed'] === 'true';
    return { kind: 'paid', receiptId, settled, isReplay, digest: digestOf(text) };
  }
  const refused = ErrorBody.safeParse(body);
  if (!refused.success) return foreign('no error of ours');
  const { code, requestId } = refused.data.error;
  if (ERROR_ROWS[code].status !== status) return foreign(`${code} with the status of another error`);
  if (!/^req_\w+$/.test(requestId)) return foreign(`${code} without a request id`);
  if ((status === 503 || status === 429) && !/^\d+$/.test(String(headers['retry-after']))) return foreign(`${code} without Retry-After`);
  return { kind: 'refused', code, requestId };
}

/** The balance is the database's at the time of the settlement, which a caller whose settlement had to be repeated is told a moment later. */
function digestOf(text: string): string {
  return createHash('sha256')
    .update(text.replace(/"balanceMicroCredits":\d+/, ''))
    .digest('hex');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
