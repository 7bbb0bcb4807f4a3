/** A test customer with its keys. */
export type Customer = {
  readonly accountId: string;
  readonly root: string;
  readonly budgeted: string;
  readonly budgetedKeyId: string;
};
