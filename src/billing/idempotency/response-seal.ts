import { fromBase64, toBase64 } from '../../core/base64.ts';
import { type StoredResponse, LARGEST_STORED_RESPONSE_CHARS } from './idempotency.ts';

/** NIST SP 800-38D, 8.2.1. */
const NONCE_BYTES = 12;

export type ResponseText = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/**
 * Encrypts stored responses. The encryption key derives from the service's secret and the caller's Idempotency-Key, which is stored
 * nowhere: neither the database alone nor the secret alone opens a response.
 */
export interface ResponseCipher {
  /** Compresses and encrypts. Of a response that is too large only the status is kept. */
  seal(answer: ResponseText, idempotencyKey: string): Promise<StoredResponse>;
  /** Null when the response was too large to keep, or the service's secret has changed since. */
  open(kept: StoredResponse, idempotencyKey: string): Promise<ResponseText | null>;
}

/** AES-256-GCM under a key from HKDF-SHA256. */
export function createResponseCipher(secret: string): ResponseCipher {
  let made: ReturnType<typeof crypto.subtle.importKey> | undefined;
  const master = () => (made ??= crypto.subtle.importKey('raw', new TextEncoder().encode(secret), 'HKDF', false, ['deriveKey']));
  const keyFor = async (idempotencyKey: string) =>
    crypto.subtle.deriveKey(
      {
        name: 'HKDF',
        hash: 'SHA-256',
        salt: new TextEncoder().encode(idempotencyKey),
        info: new TextEncoder().encode('kept answer'),
      },
      await master(),
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    );
  return {
    async seal({ status, headers, body }, idempotencyKey) {
      const packed = await pipe(new TextEncoder().encode(JSON.stringify({ headers, body })), new CompressionStream('gzip'));
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const closed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, await keyFor(idempotencyKey), packed);
      const sealed = `${toBase64(nonce)}.${toBase64(new Uint8Array(closed))}`;
      return { status, sealed: sealed.length > LARGEST_STORED_RESPONSE_CHARS ? null : sealed };
    },
    async open({ status, sealed }, idempotencyKey) {
      const [nonce, closed] = sealed?.split('.').map(fromBase64) ?? [];
      if (nonce == null || closed == null) return null;
      try {
        const key = await keyFor(idempotencyKey);
        const packed = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, key, closed);
        const text = new TextDecoder().decode(await pipe(new Uint8Array(packed), new DecompressionStream('gzip')));
        // safe because the encryption is authenticated: nobody but seal() has written it
        return { status, ...(JSON.parse(text) as Pick<ResponseText, 'headers' | 'body'>) };
      } catch {
        return null;
      }
    },
  };
}

async function pipe(bytes: Uint8Array, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(through)).arrayBuffer());
}
