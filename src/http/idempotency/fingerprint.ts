import { sha256Hex } from '../../core/sha256.ts';

/** SHA-256, in hex, of what makes two requests the same. Parameters count in any order. */
export function fingerprint(method: string, path: string, query: Readonly<Record<string, string>>, body: unknown = null): string {
  return sha256Hex(
    JSON.stringify([method, path, Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1)), ...(body === null ? [] : [body])]),
  );
}
