import { z } from '@hono/zod-openapi';
import type { Balance } from '../../billing/ledger/ledger.ts';

/** An account's balance, as every response shows it. */
export const BalanceView = z.object({
  availableMicroCredits: z.int().openapi({ description: 'What can be spent now.' }),
  heldMicroCredits: z.int().nonnegative().openapi({ description: 'Set aside for requests that are running.' }),
  debtMicroCredits: z.int().nonnegative().openapi({ description: 'Owed after a payment was taken back; blocks spending.' }),
});

export function balanceView({ available, held, debt }: Balance): z.infer<typeof BalanceView> {
  return { availableMicroCredits: available, heldMicroCredits: held, debtMicroCredits: debt };
}
