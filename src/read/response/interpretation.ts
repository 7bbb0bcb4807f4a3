import { z } from 'zod';
import { CommentSample } from '../../instagram/comment-ranking.ts';
import { CommentParseOutput } from '../../parse/prompts/comment-outputs.ts';
import { MediaParseOutput } from '../../parse/prompts/media-outputs.ts';
import { COMMENT_PARSE_MODES, MEDIA_PARSE_MODES } from '../../parse/ports.ts';
import type { ReadResult } from './result.ts';

function blockOf<T extends z.ZodType, const M extends readonly [string, ...string[]]>(output: T, modes: M) {
  return z.object({
    mode: z.enum(modes),
    status: z.enum(['ok', 'failed']).meta({ description: 'A failed interpretation is not charged and does not fail the read.' }),
    output: output.nullable(),
    model: z.string().nullable().meta({ description: 'The model that answered, by its own name.' }),
    promptVersion: z.string().nullable(),
    cache: z.object({ status: z.enum(['hit', 'miss']), key: z.string() }).nullable(),
    sample: CommentSample.optional(),
  });
}

/** Null when no interpretation was requested. */
export const MediaParseBlock = blockOf(MediaParseOutput, MEDIA_PARSE_MODES).meta({ id: 'MediaParse' }).nullable();

/** Null when no interpretation was requested. */
export const CommentParseBlock = blockOf(CommentParseOutput, COMMENT_PARSE_MODES).meta({ id: 'CommentParse' }).nullable();

export function mediaParse(reading: ReadResult): z.infer<typeof MediaParseBlock> {
  const { parse } = reading.request.parts;
  if (parse?.subject !== 'media') return null;
  return { mode: parse.mode, ...made<z.infer<typeof MediaParseOutput>>(reading) };
}

export function commentParse(reading: ReadResult): z.infer<typeof CommentParseBlock> {
  const { parse } = reading.request.parts;
  if (parse?.subject !== 'comments') return null;
  return { mode: parse.mode, ...made<z.infer<typeof CommentParseOutput>>(reading) };
}

function made<Output>({ outcome: { parse } }: ReadResult) {
  if (parse === null || parse.kind === 'missing') {
    return { status: 'failed' as const, output: null, model: null, promptVersion: parse?.promptVersion ?? null, cache: null };
  }
  const { model, promptVersion, status, key, sample } = parse;
  // safe because an output is checked against its mode's schema when it is made and again when it comes from the cache
  const output = parse.output as Output;
  return { status: 'ok' as const, output, model, promptVersion, cache: { status, key }, ...(sample === null ? {} : { sample }) };
}
