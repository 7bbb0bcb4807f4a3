import { hash } from 'node:crypto';

/** SHA-256 of a text, in hex: 64 digits. At once: a digest of WebCrypto takes longer to come back than to be made. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex');
}
