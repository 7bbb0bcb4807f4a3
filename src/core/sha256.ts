import { hash } from 'node:crypto';

/** Hashes a text to 64 hex digits. Synchronous, because WebCrypto's promise costs more than the digest. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex');
}
