import type { RequestOf } from '../model/part.ts';
import { commentsPart } from './comments.ts';
import { mediaPart } from './media.ts';
import { parsePart } from './parse.ts';
import { repliesPart } from './replies.ts';
import { transcriptPart } from './transcript.ts';

/** Every part of a read, in the order of its lines and limitations; each stands behind those it needs. */
export const PARTS = [mediaPart, commentsPart, repliesPart, transcriptPart, parsePart] as const;
export type Parts = typeof PARTS;

/** What a read asks for. */
export type ReadRequest = RequestOf<Parts>;
