import { z } from '@hono/zod-openapi';

/** Describes the same answer as Markdown. */
export function inMarkdown(example: string) {
  const description = 'The same as Markdown, where `Accept` prefers it. Words of strangers stand between two marks with a nonce.';
  return { 'text/markdown': { schema: z.string().openapi({ description }), example } } as const;
}
