/** Makes each part of an object when it is first asked for, and once: a request needs few of all the parts that could serve it. */
export function lazily<T extends object>(makers: { readonly [K in keyof T]: () => T[K] }): T {
  const parts = {};
  for (const [name, make] of Object.entries<() => unknown>(makers)) {
    Object.defineProperty(parts, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = make();
        Object.defineProperty(parts, name, { value, enumerable: true });
        return value;
      },
    });
  }
  // safe because each name of T now has a getter that makes its own type
  return parts as T;
}
