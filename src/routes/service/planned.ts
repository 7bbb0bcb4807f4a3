import { AVAILABLE_PATHS, PLANNED_PATHS } from '../../endpoints.ts';
import type { App } from '../../http/context.ts';
import { refuse } from '../../http/error-response.ts';

/** Planned endpoints are not in the API description, because there is no way to use them yet. */
export function registerDeferred(app: App): void {
  for (const path of PLANNED_PATHS) {
    app.all(path, (c) =>
      refuse(c, {
        code: 'endpoint_deferred',
        message: `${path} is planned but does not exist yet. To read a post by its URL, use /v1/post.`,
        details: { available: AVAILABLE_PATHS },
      }),
    );
  }
}
