import { err, ok, type Result } from '../../core/result.ts';
import { sha256Hex } from '../../core/sha256.ts';

/** Lets secret scanners recognise a key in a log or a commit. */
export const API_KEY_PREFIX = 'igsk_';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 190 random bits: too many to search, so a plain SHA-256 suffices as the stored hash. */
const RANDOM_CHARACTERS = 32;

/** 62^6 exceeds 2^32, so six characters hold any CRC32. */
const CHECK_CHARACTERS = 6;

/** Larger bytes are drawn again, because they would favour the first characters: 248 is the largest multiple of 62 in a byte. */
const UNBIASED_BYTES = 248;

/** Live keys spend money, test keys never do. A key without an infix is live. */
export type KeyMode = 'live' | 'test';

/**
 * A well-formed secret with correct check characters, its mode, and the shard whose database would know it. It need not be the secret of
 * an existing key.
 */
export type ParsedKey = { readonly text: string; readonly mode: KeyMode; readonly shard: number };

/** Returns `length` random bytes. */
export type RandomBytes = (length: number) => Uint8Array;

/** The runtime's cryptographic randomness. */
export const secureRandomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

// The random part is 30 to 64 characters, so that it can become longer. Shards above the first are named: s1 to s99.
const KEY_SHAPE = /^igsk_(?:(live|test)_)?(?:s([1-9]\d?)_)?[0-9A-Za-z]{36,70}$/;

const VISIBLE_CHARACTERS = 4;

/** Returns the last four characters of a secret, by which customers tell keys apart. */
export function lastCharacters(text: string): string {
  return text.slice(-VISIBLE_CHARACTERS);
}

/** Generates a secret: prefix, mode, shard, random characters, and the CRC32 of everything before it. */
export function mintApiKey(randomBytes: RandomBytes = secureRandomBytes, mode: KeyMode = 'live', shard = 0): string {
  // Neither live keys nor the first shard have an infix, because the earliest keys had none.
  const infix = (mode === 'test' ? 'test_' : '') + (shard === 0 ? '' : `s${shard}_`);
  const body = API_KEY_PREFIX + infix + randomBase62(RANDOM_CHARACTERS, randomBytes);
  return body + checkCharacters(body);
}

/**
 * Parses a secret without any I/O. Refuses a malformed one and one with wrong check characters, so that typos and guesses never reach the
 * database.
 */
export function parseApiKey(text: string): Result<ParsedKey, { readonly kind: 'malformed' } | { readonly kind: 'wrong_checksum' }> {
  const shape = KEY_SHAPE.exec(text);
  if (shape === null) return err({ kind: 'malformed' });
  const body = text.slice(0, -CHECK_CHARACTERS);
  if (checkCharacters(body) !== text.slice(-CHECK_CHARACTERS)) return err({ kind: 'wrong_checksum' });
  return ok({ text, mode: shape[1] === 'test' ? 'test' : 'live', shard: Number(shape[2] ?? 0) });
}

/** Returns the SHA-256 of a secret as 64 hex digits, the only form in which it is stored or looked up. */
export function hashApiKey(text: string): string {
  return sha256Hex(text);
}

/** Compares two hashes in a time that doesn't depend on where they differ. Their length is not secret. */
export function equalInConstantTime(hexA: string, hexB: string): boolean {
  if (hexA.length !== hexB.length) return false;
  let difference = 0;
  for (let index = 0; index < hexA.length; index++) difference |= hexA.charCodeAt(index) ^ hexB.charCodeAt(index);
  return difference === 0;
}

/** Whether the hash belongs to an operator's key (lower-case hex). Compares with all of them, so that timing doesn't reveal which. */
export function isOperatorHash(hash: string, operatorHashes: readonly string[]): boolean {
  let found = false;
  for (const operatorHash of operatorHashes) found = equalInConstantTime(hash, operatorHash) || found;
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

/** The CRC32 of zip and PNG (reflected polynomial 0xEDB88320), for ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
