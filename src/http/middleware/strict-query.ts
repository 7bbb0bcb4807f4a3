import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

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

/** Refuses unknown and repeated parameters, instead of ignoring what the caller meant. */
export function strictQuery(known: readonly string[]) {
  return createMiddleware<AppEnv>(async function strictQuery(c, next) {
    const spilled = known.includes('url') ? spilledParams(c.req.url) : new Set<string>();
    for (const [name, values] of Object.entries(c.req.queries())) {
      if (known.includes(name)) {
        if (values.length > 1) {
          return refuse(c, {
            code: 'invalid_request',
            message: `The parameter "${name}" is given more than once.`,
            details: { parameter: name },
          });
        }
      } else if (!isOfInstagram(name, known, spilled)) {
        const problem = PLAIN_NAME.test(name)
          ? `This endpoint has no parameter "${name}".`
          : 'This endpoint does not take one of the parameters.';
        const hint = known.includes('url') ? ' If it belongs to the Instagram URL, percent-encode the whole value of `url`.' : '';
        return refuse(c, { code: 'invalid_request', message: `${problem}${hint}`, details: { known } });
      }
    }
    return next();
  });
}

function isOfInstagram(name: string, known: readonly string[], spilled: ReadonlySet<string>): boolean {
  if (!known.includes('url')) return false;
  return LEAKED_PARAMS.test(name) || (spilled.has(name) && !known.some((parameter) => resembles(name, parameter)));
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
