import { err, ok } from '../../core/result.ts';
import { askGateway, isConfigured, parseBody, readParse, type GatewayAccess } from './client.ts';
import { fence } from '../prompts/fence.ts';
import { instructionsOf, modeOf, outputSchemaOf, promptVersionOf } from '../prompts/modes.ts';
import { referredCommentIds } from '../prompts/output-parts.ts';
import type { Parser, ParseRequest } from '../ports.ts';

/**
 * Creates the parser that calls the gateway. Accepts only output that fits its mode's schema and refers to no comment outside the request;
 * invalid output is requested once more. Text that Instagram users wrote cannot change the schema, the mode or any other field.
 */
export function createParser(access: GatewayAccess): Parser {
  return {
    configured: isConfigured(access),
    model: access.model,
    promptVersion: promptVersionOf,
    parse: async (request, idempotencyKey, budget) => {
      if (!isConfigured(access)) return err({ kind: 'not_configured' });
      const promptVersion = promptVersionOf(request);
      // Equal requests and keys give equal bodies, which an idempotent gateway requires.
      const { nonce, content } = fence(request, idempotencyKey);
      const instructions = instructionsOf(request, nonce);
      const body = parseBody(request, access.model, { promptVersion, instructions, outputSchema: outputSchemaOf(request), content });
      const read = (answer: unknown) => {
        const parsed = readParse(answer);
        const output = parsed === null ? null : acceptedOutput(parsed.output, request);
        return parsed === null || output === null ? null : { output, model: parsed.model };
      };
      const answered = await askGateway(access, { body, idempotencyKey, read }, budget);
      return answered.ok ? ok({ ...answered.value, promptVersion }) : err({ kind: answered.error });
    },
  };
}

function acceptedOutput(given: unknown, request: ParseRequest): Readonly<Record<string, unknown>> | null {
  const parsed = modeOf(request).output.safeParse(given);
  if (!parsed.success) return null;
  const output: Readonly<Record<string, unknown>> = parsed.data;
  // A discussion of comments that were not sent is made up.
  if (request.comments === null && output['discussion'] != null) return null;
  const known = new Set((request.comments ?? []).map(({ id }) => id));
  return referredCommentIds(output).every((id) => known.has(id)) && countsFit(output, known.size) ? output : null;
}

/** A distribution cannot count more comments than were sent. */
function countsFit(output: Readonly<Record<string, unknown>>, given: number): boolean {
  const distribution = output['distribution'] ?? output['sentiment'];
  if (typeof distribution !== 'object' || distribution === null) return true;
  const counted = Object.values(distribution).reduce((sum: number, part: unknown) => sum + countOf(part), 0);
  return counted <= given;
}

function countOf(part: unknown): number {
  return typeof part === 'object' && part !== null && 'count' in part && typeof part.count === 'number' ? part.count : 0;
}
