import { createMiddleware } from 'hono/factory';
import { accepts } from 'hono/accepts';
import { isJsonObject } from '../../core/json.ts';
import { estimatedTokens } from '../../core/text.ts';
import type { AppContext, AppEnv } from '../context.ts';
import { frontMatter, outline } from './outline.ts';
import { problemOf } from './problem.ts';
import { readingMarkdown } from './reading.ts';

const JSON_TYPE = 'application/json';
const MARKDOWN_TYPE = 'text/markdown';
const PROBLEM_TYPE = 'application/problem+json';

/** Whether the caller prefers Markdown to JSON. */
export function prefersMarkdown(c: AppContext): boolean {
  return acceptedBy(c) === MARKDOWN_TYPE;
}

function acceptedBy(c: AppContext): string {
  return accepts(c, { header: 'Accept', supports: [JSON_TYPE, MARKDOWN_TYPE, PROBLEM_TYPE], default: JSON_TYPE });
}

/** Answers in the format that `Accept` prefers: an answer of JSON as Markdown, an error as a problem of RFC 9457. JSON stays the default. */
export const negotiatedFormat = createMiddleware<AppEnv>(async function negotiatedFormat(c, next) {
  await next();
  // The description of the API and the root are for programs alone.
  const isConvertible = c.req.path.startsWith('/v1/') || !c.res.ok;
  if (!isConvertible || !c.res.headers.get('Content-Type')?.startsWith(JSON_TYPE)) return;
  c.header('Vary', 'Accept', { append: true });
  const wanted = acceptedBy(c);
  if (wanted === JSON_TYPE || (wanted === PROBLEM_TYPE && c.res.ok)) return;
  const json = await c.res.text();
  const body: unknown = JSON.parse(json);
  const text = wanted === MARKDOWN_TYPE ? markdownOf(body, json) : JSON.stringify(problemOf(body, c.res.status));
  c.res = new Response(text, c.res);
  c.header('Content-Type', wanted === MARKDOWN_TYPE ? `${MARKDOWN_TYPE}; charset=utf-8` : PROBLEM_TYPE);
  if (wanted === MARKDOWN_TYPE) c.header('X-Markdown-Tokens', String(estimatedTokens(text)));
});

function markdownOf(body: unknown, json: string): string {
  if (isJsonObject(body) && body['kind'] === 'reading') return `${readingMarkdown(body, json)}\n`;
  if (isJsonObject(body) && isJsonObject(body['error'])) return `${errorMarkdown(body['error'])}\n`;
  return `${outline(body)}\n`;
}

function errorMarkdown({ message, details, ...facts }: Readonly<Record<string, unknown>>): string {
  // safe because the rest of an error is flat
  const head = frontMatter(facts as Readonly<Record<string, string | number | boolean | null>>);
  return [head, String(message), ...(details === undefined ? [] : [outline(details)])].join('\n\n');
}
