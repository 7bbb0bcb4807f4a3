import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/**
 * Parameters that belong to Instagram's own links and arrive here as ours when a caller pastes a URL without encoding it.
 * They never change which post is meant.
 */
const SPILLED = /^(img_index|igsh|igshid|hl|utm_[a-z_]{1,30})$/;

/** Only a plain name is repeated to the caller: anything else might be a secret in the wrong place. */
const PLAIN_NAME = /^[A-Za-z0-9_.[\]-]{1,40}$/;

/** Lets through the parameters a route knows, each at most once, and refuses the rest instead of ignoring what the caller meant. */
export function onlyQuery(known: readonly string[]) {
  return createMiddleware<AppEnv>(async function onlyQuery(c, next) {
    for (const [name, values] of Object.entries(c.req.queries())) {
      if (known.includes(name)) {
        if (values.length > 1) {
          return refuse(c, { code: 'invalid_request', message: `The parameter "${name}" is given twice.`, details: { parameter: name } });
        }
      } else if (!(known.includes('url') && SPILLED.test(name))) {
        const shown = PLAIN_NAME.test(name) ? `"${name}"` : 'one of the parameters';
        const hint = known.includes('url') ? ' If it is part of the Instagram URL, percent-encode the whole value of `url`.' : '';
        return refuse(c, { code: 'invalid_request', message: `This endpoint does not know ${shown}.${hint}`, details: { known } });
      }
    }
    return next();
  });
}
