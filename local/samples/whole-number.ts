declare global {
  // In every Node that runs this, but not yet in the compiler's library.
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** An id that is to be written as a JSON number with all its digits, though it may exceed what a JavaScript number can hold. */
export function wholeNumber(digits: string): unknown {
  return JSON.rawJSON(digits);
}
