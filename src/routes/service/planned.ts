import type { App } from '../../http/context.ts';
import { refuse } from '../../http/error-response.ts';

/** Planned endpoints. They are not in the API description, because there is no way to use them yet. */
const DEFERRED = ['/v1/profile', '/v1/search'] as const;

/** What a caller who wanted one of them can use today. */
const AVAILABLE = [
  '/v1/post',
  '/v1/reel',
  '/v1/comments',
  '/v1/me',
  '/v1/keys',
  '/v1/usage',
  '/v1/ledger',
  '/v1/pricing',
  '/v1/signup',
] as const;

export function registerDeferred(app: App): void {
  for (const path of DEFERRED) {
    app.all(path, (c) =>
      refuse(c, {
        code: 'endpoint_deferred',
        message: `${path} is planned, but does not exist yet. Reads start from the URL of a post: use /v1/post.`,
        details: { available: AVAILABLE },
      }),
    );
  }
}
