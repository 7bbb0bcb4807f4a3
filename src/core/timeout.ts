export const TIMED_OUT = Symbol('late');

/**
 * Waits for work for at most `ms` milliseconds. Late work keeps running and its result is ignored; a rejection within the time is rethrown.
 */
export async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T | typeof TIMED_OUT> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks for something that the caller can do without. Null when it fails or takes longer than `ms` milliseconds. Never throws. */
export async function answerInTime<T>(ask: () => Promise<T>, ms: number): Promise<T | null> {
  try {
    const answer = await withTimeout(ask(), ms);
    return answer === TIMED_OUT ? null : answer;
  } catch {
    return null;
  }
}
