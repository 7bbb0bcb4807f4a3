/** What an object that counts keeps over a restart. */
export type ObjectStorage<T> = {
  load(): Promise<T | undefined>;
  save(value: T): Promise<void>;
  /** Waits between a count and the next save, so that one save covers many counts. */
  pause(): Promise<void>;
  /** Schedules the deletion of everything at a time in unix milliseconds. */
  forgetAt(time: number): Promise<void>;
  /** Deletes everything that the object has stored, under any name. */
  clear(): Promise<void>;
};

/** Saves what `present` returns a while after a change. Nobody waits for it: a machine crash loses the changes since the last save. */
export function batchedSaves<T>(storage: ObjectStorage<T>, present: () => T): { soon(): void; cancel(): void } {
  let isUnsaved = false;
  const save = async () => {
    const isWaiting = isUnsaved;
    isUnsaved = true;
    if (isWaiting) return;
    await storage.pause();
    // False when `cancel` ran meanwhile: a save after everything was deleted would stay for ever.
    if (!isUnsaved) return;
    isUnsaved = false;
    await storage.save(present());
  };
  return {
    soon: () => void save().catch(() => undefined),
    cancel: () => {
      isUnsaved = false;
    },
  };
}
