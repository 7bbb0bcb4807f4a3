import { importProblem } from './rooms.ts';

/** As much of ESLint's rule interface as oxlint hands to this rule. */
type ImportNode = { readonly source: { readonly value: string } | null };
type RuleContext = { readonly filename: string; report(problem: { readonly node: ImportNode; readonly message: string }): void };

/**
 * Holds every import of src, those of types too, to the table of rooms. oxlint's own `no-restricted-imports` has no way to say "nothing but
 * these": its regular expressions know no lookahead, and one that does not compile is skipped in silence.
 */
const allowedImports = {
  create(context: RuleContext) {
    const file = context.filename.replaceAll('\\', '/').split('/src/').at(-1) ?? '';
    const check = (node: ImportNode) => {
      const problem = node.source === null ? null : importProblem(file, node.source.value);
      if (problem !== null) context.report({ node, message: problem });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default { meta: { name: 'rooms' }, rules: { 'allowed-imports': allowedImports } };
