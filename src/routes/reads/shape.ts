import { z } from '@hono/zod-openapi';
import { closestName } from '../../core/closest-name.ts';
import type { Shape } from '../../read/response/envelope.ts';
import { fieldsOf } from '../../read/response/fields.ts';
import { type View, VIEWS } from '../../read/response/readings.ts';

/** The parameters that choose what the answer shows of its `data`, which has this schema in the full view. */
export function shapeQuery(data: z.ZodType) {
  const known = new Set(fieldsOf(data));
  // What was sent is not repeated: it may be a secret in the wrong place.
  const unknownField = (index: number, field: string) => {
    const meant = closestName(field, [...known]);
    return `Number ${index + 1} of fields is no field of the full view.${meant === null ? '' : ` Did you mean \`${meant}\`?`}`;
  };
  return {
    view: z
      .enum(VIEWS)
      .optional()
      .openapi({
        description:
          'How much the answer shows, at the same price: `full`, the default, everything; `standard` leaves out avatars, permalinks, thumbnails and sizes; `minimal` is ' +
          'for a context window. Each has its own schema, named by `view` in the answer.',
      }),
    fields: z
      .string()
      .min(1, 'fields is empty.')
      .transform((list) => list.split(',').map((field) => field.trim()))
      .superRefine((fields, ctx) => {
        for (const [index, field] of fields.entries())
          if (!known.has(field)) ctx.addIssue({ code: 'custom', message: unknownField(index, field) });
      })
      .optional()
      .openapi({
        type: 'string',
        description:
          'Instead of a view, only these fields of `data` in the full view: paths with commas between them. A field stands for everything below it.',
        example: 'caption,owner.username',
      }),
  } as const;
}

type ShapeQuery = { readonly view?: View | undefined; readonly fields?: readonly string[] | undefined };

/** Whether a query chooses one thing to show. */
export function hasOneShape({ view, fields }: ShapeQuery): boolean {
  return view === undefined || view === 'full' || fields === undefined;
}

export const twoShapes = { path: ['fields'], error: 'Send either view or fields: fields are chosen from the full view.' };

/** What the answer shows. */
export function shapeOf({ view = 'full', fields }: ShapeQuery): Shape {
  return fields === undefined ? { view } : { view: 'fields', fields };
}
