/** The token of an Authorization header, whatever it opens; undefined where there is none of the kind. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
}
