import type { Container } from 'inversify';
import type { Identifier } from './identifiers.js';

type Identifiers<Args extends readonly unknown[]> = { readonly [K in keyof Args]: Identifier<Args[K]> };

/** One instance each, made from what the identifiers name; the compiler checks that they name what `make` takes. */
export function bindTo<T, const Args extends readonly unknown[]>(
  container: Container,
  target: Identifier<T>,
  make: (...args: Args) => T,
  from: Identifiers<Args>,
): void {
  container
    .bind<T>(target)
    .toResolvedValue(make as never, [...from] as never)
    .inSingletonScope();
}
