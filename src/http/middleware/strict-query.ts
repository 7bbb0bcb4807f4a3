import type { z } from '@hono/zod-openapi';
import { createMiddleware } from 'hono/factory';
import { closestName } from '../../core/closest-name.ts';
import type { Refusal } from '../../errors.ts';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';
import { plainValue } from './spelling.ts';

/**
 * Parameters of Instagram's own links, which arrive as ours when a caller pastes a URL without encoding it. They never change which post
 * is meant, so they are ignored.
 */
const LEAKED_PARAMS =
  /^(?:__a|__d|comment_id|fbclid|gclid|hl|ig_[a-z_]{1,30}|igsh|igshid|img_index|mibextid|taken-at|taken-by|utm_[a-z_]{1,30})$/;

/** The start of a name that makes it a misspelt parameter of ours: `maxCost` may limit the price, so it is never ignored. */
const RESEMBLING_CHARACTERS = 4;

/** Only a plain name is repeated in the error: anything else might be a secret in the wrong place. */
const PLAIN_NAME = /^[A-Za-z0-9_.[\]-]{1,40}$/;

/** The parameters of a route, by name, as its schema has them. */
type Parameters = Readonly<Record<string, z.ZodType>>;

/**
 * Refuses unknown and repeated parameters, instead of ignoring what the caller meant, and rewrites the others to the one spelling that the
 * schema describes. Whatever comes later, the fingerprint of a request included, sees that spelling.
 */
export function strictQuery(parameters: Parameters) {
  const schemas = new Map(Object.entries(parameters));
  const known = [...schemas.keys()];
  return createMiddleware<AppEnv>(async function strictQuery(c, next) {
    const spilled = known.includes('url') ? spilledParams(c.req.url) : new Set<string>();
    const given = Object.entries(c.req.queries());
    for (const [name, values] of given) {
      const refusal = schemas.has(name) ? repeatedRefusal(name, values) : unknownRefusal(name, known, spilled);
      if (refusal !== null) return refuse(c, refusal);
    }
    const sent = given.flatMap(([name, values]) => values.map((value) => ({ name, value })));
    const plain = sent.map(({ name, value }) => {
      const schema = schemas.get(name);
      return { name, value: schema === undefined ? value : plainValue(schema, value) };
    });
    if (plain.some(({ value }, index) => value !== sent[index]?.value)) c.req.raw = withQuery(c.req.raw, plain);
    return next();
  });
}

/** The names behind a `url` with a question mark of its own: nobody encoded it, so its parameters arrive as ours. */
function spilledParams(requestUrl: string): Set<string> {
  const search = new URL(requestUrl).search.slice(1);
  const [, behind] = /(?:^|&)url=[^&?]*\?[^&]*&(.*)$/s.exec(search) ?? [];
  return new Set(new URLSearchParams(behind ?? '').keys());
}

function resembles(name: string, parameter: string): boolean {
  const start = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z]/g, '')
      .slice(0, RESEMBLING_CHARACTERS);
  return start(name) === start(parameter);
}

function repeatedRefusal(name: string, values: readonly string[]): Refusal<'invalid_request'> | null {
  if (values.length <= 1) return null;
  return { code: 'invalid_request', message: `The parameter "${name}" is given more than once.`, details: { parameter: name } };
}

function unknownRefusal(name: string, known: readonly string[], spilled: ReadonlySet<string>): Refusal<'invalid_request'> | null {
  const takesUrl = known.includes('url');
  if (takesUrl && LEAKED_PARAMS.test(name)) return null;
  const meant = closestName(name, known);
  const isOurs = meant !== null || known.some((parameter) => resembles(name, parameter));
  if (spilled.has(name) && !isOurs) return null;
  const problem = PLAIN_NAME.test(name)
    ? `This endpoint has no parameter "${name}".`
    : 'This endpoint does not take one of the parameters.';
  if (meant !== null) {
    return { code: 'invalid_request', message: `${problem} Did you mean \`${meant}\`?`, details: { didYouMean: meant, known } };
  }
  const hint = takesUrl ? ' If it belongs to the Instagram URL, percent-encode the whole value of `url`.' : '';
  return { code: 'invalid_request', message: `${problem}${hint}`, details: { known } };
}

/** The same request with these parameters; one whose value is null is left out. */
function withQuery(request: Request, parameters: readonly { readonly name: string; readonly value: string | null }[]): Request {
  const url = new URL(request.url);
  const kept = new URLSearchParams();
  for (const { name, value } of parameters) if (value !== null) kept.append(name, value);
  url.search = kept.toString();
  return new Request(url, request);
}
