import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../context.ts';
import { refuse } from '../error-response.ts';

/**
 * Parameters of Instagram's own links, which arrive as ours when a caller pastes a URL without encoding it. They never change which post
 * is meant, so they are ignored.
 */
const LEAKED_PARAMS = /^(img_index|igsh|igshid|hl|utm_[a-z_]{1,30})$/;

/** Only a plain name is repeated in the error: anything else might be a secret in the wrong place. */
const PLAIN_NAME = /^[A-Za-z0-9_.[\]-]{1,40}$/;

/** Refuses unknown and repeated parameters, instead of ignoring what the caller meant. */
export function strictQuery(known: readonly string[]) {
  return createMiddleware<AppEnv>(async function strictQuery(c, next) {
    for (const [name, values] of Object.entries(c.req.queries())) {
      if (known.includes(name)) {
        if (values.length > 1) {
          return refuse(c, {
            code: 'invalid_request',
            message: `The parameter "${name}" is given more than once.`,
            details: { parameter: name },
          });
        }
      } else if (!(known.includes('url') && LEAKED_PARAMS.test(name))) {
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
