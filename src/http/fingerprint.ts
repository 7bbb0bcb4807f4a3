/** SHA-256, in hex, of what makes two requests the same: method, path, the parameters in a fixed order, and the body where there is one. */
export async function fingerprint(
  method: string,
  path: string,
  query: Readonly<Record<string, string>>,
  body: unknown = null,
): Promise<string> {
  return sha256Hex(
    JSON.stringify([method, path, Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1)), ...(body === null ? [] : [body])]),
  );
}

/** SHA-256 of a text, in hex. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
