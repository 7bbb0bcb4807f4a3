import { z } from '@hono/zod-openapi';
import type { Balance } from '../../billing/ledger/ledger.ts';

export const BalanceView = z.object({
  availableMicroCredits: z.int().openapi({ description: 'Credit that can be spent now; negative while the account is in debt.' }),
  heldMicroCredits: z.int().nonnegative().openapi({ description: 'Credit held for requests that are still running.' }),
  debtMicroCredits: z
    .int()
    .nonnegative()
    .openapi({ description: 'Credit owed after a refund or dispute of a payment. No read is possible until it is paid.' }),
});

export function balanceView({ available, held, debt }: Balance): z.infer<typeof BalanceView> {
  return { availableMicroCredits: available, heldMicroCredits: held, debtMicroCredits: debt };
}
