/** How long a fetch may take: everything of one read shares one deadline. */
export type Budget = {
  /** Unix milliseconds after which no answer is waited for. */
  readonly deadlineAt: number;
};
