import type { z } from '@hono/zod-openapi';
import type { Settings } from '../../src/env.ts';
import type { Api } from './api.ts';

/** A paid endpoint, as the guarantees that all of them share need to know it. Prices in micro-credits. */
export type MeteredRoute = {
  readonly name: string;
  readonly start: (settings?: Partial<Record<keyof Settings, string>>) => Api;
  /** A path that reads this target. */
  readonly read: (shortcode: string) => string;
  /** A target the fakes deliver. */
  readonly good: string;
  readonly schema: z.ZodType;
  readonly freshPrice: number;
  readonly cachedPrice: number;
};
