import { describe } from 'vitest';

export const BACKENDS = ['incus', 'microvm'] as const;
export type BackendUnderTest = (typeof BACKENDS)[number];

/** The same tests on real machines of either kind. */
export function onEachBackend(tests: (backend: BackendUnderTest) => void): void {
  describe.each(BACKENDS)('on %s', tests);
}
