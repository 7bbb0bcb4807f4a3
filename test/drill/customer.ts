/** A test customer with its keys. */
export type Customer = {
  readonly accountId: string;
  readonly root: string;
  readonly budgeted: string;
  readonly budgetedKeyId: string;
  /** What the key with a budget may spend in a round, in micro-credits. */
  readonly budgetOfRound: number;
};
