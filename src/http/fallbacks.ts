import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { PAID_PATHS } from '../endpoints.ts';
import type { App, AppEnv } from './context.ts';
import { refuse } from './error-response.ts';
import { meantField } from './json-body.ts';

/** Enough to correct a request, too few to echo a hostile body. */
const MOST_ISSUES = 5;

const MOST_FRAMES = 10;

/** Refuses a request that does not fit its schema. Names places and rules, never values, which could be secrets. */
export function refuseInvalid(result: { success: boolean; error?: z.core.$ZodError }, c: Context<AppEnv>) {
  if (result.success || result.error === undefined) return undefined;
  // A misspelled field comes first: that it is missing under its real name follows from it.
  const unknownFirst = [...result.error.issues].sort((a, b) => Number(isUnknown(b)) - Number(isUnknown(a)));
  const issues = unknownFirst.slice(0, MOST_ISSUES).map((issue) => ({ path: issue.path.join('.'), ...problemOf(issue) }));
  const first = issues[0];
  const message = first === undefined ? undefined : `${first.path === '' ? '' : `${first.path}: `}${first.problem}`;
  return refuse(c, { code: 'invalid_request', ...(message === undefined ? {} : { message }), details: { issues } });
}

function isUnknown(issue: z.core.$ZodIssue): issue is z.core.$ZodIssueUnrecognizedKeys {
  return issue.code === 'unrecognized_keys';
}

function problemOf(issue: z.core.$ZodIssue): { readonly problem: string; readonly didYouMean?: string } {
  if (!isUnknown(issue)) return { problem: issue.message };
  // The names of unknown fields are the caller's own text, so they are counted, not repeated.
  const problem = `${issue.keys.length} unknown field(s)`;
  const meant = meantField(issue);
  return meant === null ? { problem } : { problem: `${problem}. Did you mean \`${meant}\`?`, didYouMean: meant };
}

/** Answers requests that no route handles: OPTIONS, 405 with `Allow` where another method exists, else 404. */
export function registerFallbacks(app: App): void {
  const allowed = (path: string) => methodsAt(app, path);
  app.options('*', (c) => {
    const methods = allowed(c.req.path);
    if (methods.length === 0) return refuse(c, { code: 'not_found' });
    c.header('Allow', methods.join(', '));
    return c.body(null, 204);
  });
  app.notFound((c) => {
    const methods = allowed(c.req.path);
    if (methods.length === 0) return refuse(c, { code: 'not_found' });
    c.header('Allow', methods.join(', '));
    return refuse(c, { code: 'method_not_allowed', details: { allowed: methods } });
  });
  app.onError((error, c) => {
    // The validators throw 400 for a body that is not JSON, and 415 for another content type.
    if (error instanceof HTTPException && error.status === 400) {
      return refuse(c, { code: 'invalid_request', message: 'The body is not valid JSON.' });
    }
    if (error instanceof HTTPException && error.status === 415) return refuse(c, { code: 'unsupported_media_type' });
    c.get('event').bug = { name: error.name, at: framesOf(error) };
    return refuse(c, { code: 'internal' });
  });
}

/** Leaves out the message, which could quote a secret or a caption. */
function framesOf(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line.startsWith('at ')).slice(0, MOST_FRAMES);
}

/** Includes HEAD and OPTIONS. */
function methodsAt(app: App, path: string): string[] {
  const methods = new Set<string>();
  for (const route of app.routes) {
    if (route.method !== 'ALL' && route.method !== 'OPTIONS' && matches(route.path, path)) methods.add(route.method);
  }
  if (methods.size === 0) return [];
  if (methods.has('GET') && !PAID_PATHS.includes(path)) methods.add('HEAD');
  return [...methods, 'OPTIONS'].sort();
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index]);
}
