const context = Symbol('what parts are made of');

/**
 * Makes objects whose parts are made when they are first asked for, and once: a request needs few of all the parts that could serve it.
 * Each part is made of what the object was made with.
 */
export function lazily<C, T extends object>(makers: { readonly [K in keyof T]: (from: C) => T[K] }): (from: C) => T {
  const prototype = {};
  for (const [name, make] of Object.entries<(from: C) => unknown>(makers)) {
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: { readonly [context]: C }) {
        const value = make(this[context]);
        Object.defineProperty(this, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return (from) => {
    const parts: object = Object.create(prototype);
    Object.defineProperty(parts, context, { value: from });
    // safe because each name of T has a getter that makes its own type
    return parts as T;
  };
}
