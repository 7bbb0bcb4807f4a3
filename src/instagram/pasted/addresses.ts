import { INSTAGRAM_HOSTS } from '../url-shapes.ts';
import { mirrorOf } from './mirrors.ts';

/** An address in a text. `isOwn` where its host is the platform's or a mirror's. */
export type Address = { readonly text: string; readonly isOwn: boolean };

/**
 * Blanks, brackets, quotes, commas and most of Unicode separate words. Letters and signs that imitate those of an address do not: they make
 * it another address.
 */
const WORDS =
  /[[!#-&*+\-.\/0-;=?-Z\\_a-z~]\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{M}\u3002\uFF0E-\uFF19\uFF20-\uFF3A\uFF41-\uFF5A\uFF61]+/gv;

const SCHEME = /https?:\/\//gi;

/** What stands in front of an address without a blank: a label (`url=`), emphasis, the end of a sentence. */
const LABEL = /^(?:[A-Za-z_-]{1,30}(?:=|:(?!\/\/))|[*_~.:;=!>\-\u3002])+/;

const OWN_HOST = new RegExp(`^(?:(?:https?:)?//)?(?:${INSTAGRAM_HOSTS.join('|').replaceAll('.', '\\.')})(?=[:/?#%&]|$)`, 'i');

/** A URL, or a host with a path. A word with a dot or an e-mail address is none. */
const ANY_ADDRESS = /^(?:[a-z][a-z0-9+.-]*:)?\/\/|^[^/?#]+\.[a-z]{2,}(?::[0-9]+)?[/?#]/i;

/** Schemes that run or show what follows instead of opening it. */
const OTHER_PROGRAM = /^(?:blob|data|file|filesystem|intent|javascript|vbscript|view-source):/i;

/** Splits a text into words that may hold an address. */
export function wordsIn(text: string): string[] {
  return [...text.matchAll(WORDS)].map(([word]) => word);
}

/**
 * Finds the addresses in a word, in its order. One inside another address of the platform stands for itself, because people paste two in a
 * row; one inside the address of another host belongs to that host.
 */
export function addressesIn(word: string): Address[] {
  if (OTHER_PROGRAM.test(word)) return [{ text: word, isOwn: false }];
  const starts = [...word.matchAll(SCHEME)].map(({ index }) => index);
  const urls = starts.map((start, index) => word.slice(start, starts[index + 1]));
  const front = word.slice(0, starts[0]).replace(LABEL, '');
  if (isOwn(front)) return [front, ...urls].filter(isOwn).map((text) => ({ text, isOwn: true }));
  if (starts.length === 0) return ANY_ADDRESS.test(front) ? [{ text: front, isOwn: false }] : [];
  const rest = word.slice(starts[0]);
  if (/[/?#@\\%]/.test(front)) return [{ text: front + rest, isOwn: false }];
  return isOwn(rest) ? urls.filter(isOwn).map((text) => ({ text, isOwn: true })) : [{ text: rest, isOwn: false }];
}

function isOwn(address: string): boolean {
  return OWN_HOST.test(address) || mirrorOf(address) !== null;
}
