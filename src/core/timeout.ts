/** What `inTime` answers when nothing came. */
export const LATE = Symbol('late');

/** Waits for work for at most `ms` milliseconds. Work that is late goes on unheard; work that fails in time throws. */
export async function inTime<T>(work: Promise<T>, ms: number): Promise<T | typeof LATE> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
