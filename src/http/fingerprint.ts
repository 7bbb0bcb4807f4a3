/** SHA-256, in hex, of what makes two requests the same: method, path and the parameters in a fixed order. */
export async function fingerprint(method: string, path: string, query: Readonly<Record<string, string>>): Promise<string> {
  const canonical = JSON.stringify([method, path, Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
