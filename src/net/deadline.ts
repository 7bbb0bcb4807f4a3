/** The time that all fetches of one read share. */
export type Budget = {
  /** Unix milliseconds. */
  readonly deadlineAt: number;
};
