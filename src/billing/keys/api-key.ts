import { err, ok, type Result } from '../../core/result.ts';
import { sha256Hex } from '../../core/sha256.ts';

/** Every key starts with it, so that a key is recognised in a log, a commit or a secret scan. */
export const API_KEY_PREFIX = 'igsk_';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 32 characters of 62 are 190 random bits; a search of that space is hopeless, so a plain SHA-256 is hash enough. */
const RANDOM_CHARACTERS = 32;

/** 62^6 is above 2^32: six characters hold any CRC32. */
const CHECK_CHARACTERS = 6;

/** Bytes from here on would favour the first characters of the alphabet; they are drawn again. 248 is the last multiple of 62 in a byte. */
const UNBIASED_BYTES = 248;

/** Live keys spend money, test keys never will. Both infixes are reserved; a key without one is live. */
export type KeyMode = 'live' | 'test';

/**
 * The text of a key whose check characters are right, and the shard whose database knows it. Nothing is known yet about whether it opens
 * anything.
 */
export type ParsedKey = { readonly text: string; readonly mode: KeyMode; readonly shard: number };

/** Hands out `length` random bytes. Tests hand in their own. */
export type RandomBytes = (length: number) => Uint8Array;

/** The runtime's cryptographic randomness. */
export const secureRandomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

// The random part is 30 to 64 characters, so that a longer one needs no new parser. Shards above the first are named: s1 to s99.
const KEY_SHAPE = /^igsk_(?:(live|test)_)?(?:s([1-9]\d?)_)?[0-9A-Za-z]{36,70}$/;

/** How much of a key its owner sees again. */
const VISIBLE_CHARACTERS = 4;

/** The last characters of a key's text, by which its owner tells keys apart. */
export function lastCharacters(text: string): string {
  return text.slice(-VISIBLE_CHARACTERS);
}

/** Makes the text of a new key: prefix, shard, random characters, and the CRC32 of everything before it. */
export function mintApiKey(randomBytes: RandomBytes = secureRandomBytes, mode: KeyMode = 'live', shard = 0): string {
  // A live key has no infix, as the keys of the first days have none; nor has the first shard.
  const infix = (mode === 'test' ? 'test_' : '') + (shard === 0 ? '' : `s${shard}_`);
  const body = API_KEY_PREFIX + infix + randomBase62(RANDOM_CHARACTERS, randomBytes);
  return body + checkCharacters(body);
}

/**
 * Reads the text of a key without any I/O. Refuses what isn't shaped like one, and what doesn't carry its check characters: a typo or a
 * guess ends here, before the database hears of it.
 */
export function parseApiKey(text: string): Result<ParsedKey, { readonly kind: 'malformed' } | { readonly kind: 'wrong_checksum' }> {
  const shape = KEY_SHAPE.exec(text);
  if (shape === null) return err({ kind: 'malformed' });
  const body = text.slice(0, -CHECK_CHARACTERS);
  if (checkCharacters(body) !== text.slice(-CHECK_CHARACTERS)) return err({ kind: 'wrong_checksum' });
  return ok({ text, mode: shape[1] === 'test' ? 'test' : 'live', shard: Number(shape[2] ?? 0) });
}

/** SHA-256 of a key's text as 64 hex digits: the only form in which a key is stored or looked up. */
export function hashApiKey(text: string): string {
  return sha256Hex(text);
}

/** Compares two hex texts in a time that tells nothing about where they differ. Their length is no secret: hashes all have one. */
export function equalInConstantTime(hexA: string, hexB: string): boolean {
  if (hexA.length !== hexB.length) return false;
  let difference = 0;
  for (let index = 0; index < hexA.length; index++) difference |= hexA.charCodeAt(index) ^ hexB.charCodeAt(index);
  return difference === 0;
}

/** Whether the hash of a key is one of the owner's (hex, lower case). Looks at all of them, so time doesn't tell which one. */
export function isOwnerHash(hash: string, ownerHashes: readonly string[]): boolean {
  let found = false;
  for (const ownerHash of ownerHashes) found = equalInConstantTime(hash, ownerHash) || found;
  return found;
}

function randomBase62(length: number, randomBytes: RandomBytes): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED_BYTES && text.length < length) text += BASE62.charAt(byte % BASE62.length);
    }
  }
  return text;
}

function checkCharacters(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let index = 0; index < CHECK_CHARACTERS; index++) {
    text = BASE62.charAt(rest % BASE62.length) + text;
    rest = Math.floor(rest / BASE62.length);
  }
  return text;
}

/** The CRC32 of zip and PNG (reflected polynomial 0xEDB88320), of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
