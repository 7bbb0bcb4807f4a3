import { createRequire } from 'node:module';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { createApp } from '../../src/app.ts';
import { openApiDocument } from '../../src/http/openapi.ts';

/** The parts of a JSON schema that values are generated from. */
export type JsonSchema = {
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly format?: string | undefined;
  readonly pattern?: string | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: JsonSchema | undefined;
  readonly example?: unknown;
  readonly $ref?: string | undefined;
};

export type Parameter = { readonly in: 'query' | 'header' | 'path'; readonly name: string; readonly schema: JsonSchema };

/** One operation of the published document, with its allowed responses. */
export type Operation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly needsKey: boolean;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | null;
  readonly answers: ReadonlyMap<number, PublishedAnswer>;
};

/** `codes` is empty for a success. */
export type PublishedAnswer = { readonly types: readonly string[]; readonly codes: readonly string[]; fits(body: unknown): string[] };

const Schema: z.ZodType<JsonSchema> = z.lazy(() =>
  z.object({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
    format: z.string().optional(),
    pattern: z.string().optional(),
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    items: Schema.optional(),
    example: z.unknown().optional(),
    $ref: z.string().optional(),
  }),
);
const Content = z.record(z.string(), z.object({ schema: Schema.optional(), examples: z.record(z.string(), z.unknown()).optional() }));
const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        security: z.array(z.unknown()),
        parameters: z.array(z.object({ in: z.enum(['query', 'header', 'path']), name: z.string(), schema: Schema })).default([]),
        requestBody: z.object({ content: Content }).optional(),
        responses: z.record(z.string(), z.object({ content: Content.default({}) })),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), Schema) }),
});

/** Reads the operations that the app publishes, so that new routes are included automatically. */
export function publishedOperations(): readonly Operation[] {
  const app = createApp(() => {
    throw new Error('the description serves no request');
  });
  const raw: unknown = JSON.parse(JSON.stringify(openApiDocument(app)));
  const document = Document.parse(raw);
  const fitsAt = schemaCheck(raw);
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const body = operation.requestBody?.content['application/json']?.schema ?? null;
      const answers = Object.entries(operation.responses).map(([status, { content }]): [number, PublishedAnswer] => [
        Number(status),
        {
          types: Object.keys(content),
          codes: Object.keys(content['application/json']?.examples ?? {}),
          fits: fitsAt(`/paths/${path.replaceAll('/', '~1')}/${method}/responses/${status}/content/application~1json/schema`),
        },
      ]);
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        needsKey: operation.security.length > 0,
        parameters: operation.parameters,
        body: body?.$ref === undefined ? body : (document.components.schemas[body.$ref.split('/').at(-1) ?? ''] ?? null),
        answers: new Map(answers),
      };
    }),
  );
}

/** Finds the operation of a request line, or null. A path parameter matches any one segment. */
export function operationAt(operations: readonly Operation[], method: string, pathname: string): Operation | null {
  const given = pathname.split('/');
  const wanted = method === 'HEAD' ? 'GET' : method;
  const fits = (path: string) => {
    const parts = path.split('/');
    return (
      parts.length === given.length && parts.every((part, index) => (part.startsWith('{') ? given[index] !== '' : part === given[index]))
    );
  };
  return operations.find((operation) => operation.method === wanted && fits(operation.path)) ?? null;
}

function schemaCheck(document: unknown): (pointer: string) => (body: unknown) => string[] {
  // Strict mode would refuse OpenAPI's own keywords (example, discriminator …).
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  // The package is CommonJS; its types declare a default export that Node doesn't provide.
  const addFormats: (ajv: Ajv2020) => unknown = createRequire(import.meta.url)('ajv-formats');
  addFormats(ajv);
  ajv.addSchema({ $id: 'openapi', ...Object(document) });
  const compiled = new Map<string, ValidateFunction>();
  return (pointer) => (body) => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    compiled.set(pointer, validate);
    return validate(body) ? [] : (validate.errors ?? []).slice(0, 3).map((error) => `${error.instancePath} ${error.message ?? ''}`);
  };
}
