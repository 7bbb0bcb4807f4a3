const context = Symbol('what parts are made of');

/**
 * Returns a factory of objects whose properties are created on first access, once: a request uses few of the services. Each maker receives
 * what the factory was called with.
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
