import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { commentsReadings, mediaReadings } from '../../../src/read/response/readings.ts';
import { untrustedIn } from '../../../src/read/response/untrusted.ts';
import { isOwnText } from '../../support/words.ts';

/** The fields of a schema that take any text, by path. */
function textsOf(schema: z.core.$ZodType, path: string): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return textsOf(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return textsOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodString) return [path];
  if (!(schema instanceof z.ZodObject)) return [];
  // safe because the schemas of answers are classic ones
  return Object.entries(schema.shape).flatMap(([name, field]) => textsOf(field as z.ZodType, path === '' ? name : `${path}.${name}`));
}

/** An answer with words in one field alone. */
function answerWith(path: string): { readonly data: unknown; readonly parse: unknown } {
  const built = path
    .replaceAll('[]', '.*')
    .split('.')
    .reduceRight<unknown>((value, step) => (step === '*' ? ['', value] : { [step]: value }), 'words of a stranger');
  return { data: null, parse: null, ...Object(built) };
}

/** Ids are digits, and the addresses of comments hold nothing else. */
const isId = (path: string) => /(?:^|\.)(?:id|\w+Id)$/.test(path);

const { full, standard, minimal } = mediaReadings('Post');
const comments = commentsReadings('Comments');
const texts = new Set([full, standard, minimal, comments.full, comments.standard, comments.minimal].flatMap((view) => textsOf(view, '')));
const words = [...texts].filter((path) => !isOwnText(path) && !isId(path) && !path.startsWith('parse.output'));

describe('words of strangers', () => {
  test('can stand in some fields of each view', () => {
    expect(words).toEqual(
      expect.arrayContaining(['data.caption', 'data.transcript', 'data.comments[].thread[].text', 'data.location.city']),
    );
  });

  test.each(words)('are listed: %s', (path) => {
    expect(untrustedIn(answerWith(path))).toEqual([path]);
  });

  test('of a model are listed with its whole output', () => {
    expect(untrustedIn({ data: {}, parse: { output: { summary: 'x' } } })).toEqual(['parse.output']);
    expect(untrustedIn({ data: {}, parse: { output: null } })).toEqual([]);
  });

  test('that are not there are not listed', () => {
    expect(untrustedIn({ data: { caption: null, owner: { username: '' }, hashtags: [], comments: [] }, parse: null })).toEqual([]);
  });
});
