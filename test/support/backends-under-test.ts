import { describe } from 'vitest';
import type { GuestVariant } from './guest-variants.js';

export const BACKENDS = ['incus', 'microvm'] as const;
export type BackendUnderTest = (typeof BACKENDS)[number];

/** The same tests on real machines of either kind. */
export function onEachBackend(tests: (backend: BackendUnderTest) => void): void {
  describe.each(BACKENDS)('on %s', tests);
}

/** A backend, and the guest image of its machines where that is not the host's own. */
export interface MachineUnderTest {
  readonly backend: BackendUnderTest;
  readonly guest?: GuestVariant;
}

const GUESTS: readonly GuestVariant[] = ['systemd', 'busybox'];

/** The same tests on each backend, and on Incus in images that are unlike the host's own. */
export function onEachMachine(tests: (machine: MachineUnderTest) => void): void {
  onEachBackend((backend) => tests({ backend }));
  describe.each(GUESTS)('on incus with %s', (guest) => tests({ backend: 'incus', guest }));
}

/** The host's own image of Incus, and those that are unlike it. */
export function inEachImage(tests: (machine: MachineUnderTest) => void): void {
  describe('on incus', () => tests({ backend: 'incus' }));
  describe.each(GUESTS)('on incus with %s', (guest) => tests({ backend: 'incus', guest }));
}
