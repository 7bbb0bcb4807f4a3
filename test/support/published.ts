import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const document: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'openapi.json'), 'utf8'));

// OpenAPI adds keywords of its own (example, discriminator …), which strict mode would refuse.
const ajv = new Ajv2020({ strict: false, allErrors: true });
// The package is CommonJS, and its types name a default that Node does not see.
const addFormats: (ajv: Ajv2020) => unknown = createRequire(import.meta.url)('ajv-formats');
addFormats(ajv);
ajv.addSchema({ $id: 'openapi', ...(document as object) });

const compiled = new Map<string, ValidateFunction>();

/** What in a body does not fit the published schema of this answer; empty when it fits. */
export function unpublished(path: string, status: number, body: unknown): string[] {
  const pointer = `openapi#/paths/${path.replaceAll('/', '~1')}/get/responses/${status}/content/application~1json/schema`;
  const validate = compiled.get(pointer) ?? ajv.compile({ $ref: pointer });
  compiled.set(pointer, validate);
  return validate(body) ? [] : (validate.errors ?? []).slice(0, 5).map((error) => `${error.instancePath} ${error.message ?? ''}`);
}
