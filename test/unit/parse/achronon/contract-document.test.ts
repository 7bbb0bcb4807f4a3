import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  attemptKey,
  GATEWAY_CODES,
  GATEWAY_HEADERS,
  GATEWAY_VERSION,
  GatewayError,
  MAX_ATTEMPTS,
  MAX_GATEWAY_REQUEST_BYTES,
  MAX_TRANSCRIPT_CHARACTERS,
  MAX_TRANSCRIPT_SEGMENTS,
  ParseAnswer,
  ParseBody,
  readTranscript,
  TranscribeBody,
} from '../../../../src/parse/achronon/client.ts';
import { MAX_COMMENT_CHARACTERS } from '../../../../src/instagram/comment-ranking.ts';
import { CommentThemes } from '../../../../src/parse/prompts/comment-outputs.ts';
import { fenceEnd, fenceStart, MAX_CAPTION_CHARACTERS, MAX_PARSED_TRANSCRIPT_CHARACTERS } from '../../../../src/parse/prompts/fence.ts';
import { modeOf, promptVersionOf } from '../../../../src/parse/prompts/modes.ts';

const document = readFileSync(join(import.meta.dirname, '../../../../docs/reference/achronon-gateway.md'), 'utf8');
const plain = document.replace(/\s+/g, ' ');

function example(name: string): unknown {
  const text = new RegExp(`<!-- example:${name} -->\\s+\`\`\`json\\n([^\`]+)\`\`\``).exec(document)?.[1];
  if (text === undefined) throw new Error(`no example ${name}`);
  return JSON.parse(text);
}

test('the examples are requests and responses of the client', () => {
  TranscribeBody.parse(example('transcribe-request'));
  expect(readTranscript(example('transcribe-answer'), 180)).toEqual(example('transcribe-answer'));
  const request = ParseBody.parse(example('parse-request'));
  const themes = { subject: 'comments', mode: 'themes' } as const;
  expect(request.promptVersion).toBe(promptVersionOf(themes));
  expect(modeOf(themes).instructions.startsWith(request.instructions.replace(' […]', ''))).toBe(true);
  const answer = ParseAnswer.parse(example('parse-answer'));
  CommentThemes.parse(answer.output);
  GatewayError.parse(example('error'));
});

test('the table of codes is the client’s', () => {
  const rows = [...document.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (\w+) \| `([a-z_]+)` \|$/gm)];
  const table = Object.fromEntries(rows.map(([, code = '', status, task, failure]) => [code, { status: Number(status), task, failure }]));
  expect(table).toEqual(GATEWAY_CODES);
});

test.each([
  `at most ${MAX_GATEWAY_REQUEST_BYTES / 1024} KiB`,
  `at most ${MAX_TRANSCRIPT_CHARACTERS.toLocaleString('en-US')} characters`,
  `at most ${MAX_TRANSCRIPT_SEGMENTS.toLocaleString('en-US')} segments`,
  `A caption has at most ${MAX_CAPTION_CHARACTERS.toLocaleString('en-US')} characters, a transcript ${MAX_PARSED_TRANSCRIPT_CHARACTERS.toLocaleString('en-US')}, a comment ${MAX_COMMENT_CHARACTERS}.`,
  `\`${fenceStart('').trim()}\` with a nonce`,
  `\`${fenceEnd('').trim()}\` with the same nonce`,
  `| \`Boundary-Version\` | \`${GATEWAY_VERSION}\``,
  `\`${attemptKey('…', 1)}\` and \`${attemptKey('…', MAX_ATTEMPTS)}\``,
])('the document says: %s', (said) => {
  expect(plain).toContain(said);
});

test('the document names every header', () => {
  for (const header of Object.values(GATEWAY_HEADERS)) expect(plain.toLowerCase()).toContain(`| \`${header}\` |`);
});
