/** A customer of the drill, with the keys it reads with. */
export type Customer = {
  readonly accountId: string;
  readonly root: string;
  readonly budgeted: string;
  readonly budgetedKeyId: string;
};
