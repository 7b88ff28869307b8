/** Made at the first asking and kept. A format of Intl brings ten megabytes of the runtime's tables into memory with it. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
