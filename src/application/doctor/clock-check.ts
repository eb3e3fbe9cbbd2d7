import { passed, skipped, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

const MAX_SKEW_MS = 5000;

/**
 * Compares the host's clock with this machine's. The host's comes in whole seconds, cut off, so half a second is added;
 * it is taken to have been read in the middle between question and answer.
 */
export function checkClocks(
  hostTimeMs: number | null,
  here: { readonly asked: number; readonly answered: number },
): DoctorCheck {
  if (hostTimeMs === null) return skipped('clock', 'Incus does not say what time it is there');
  const skew = hostTimeMs + 500 - (here.asked + here.answered) / 2;
  const seconds = (Math.abs(skew) / 1000).toFixed(0);
  if (Math.abs(skew) <= MAX_SKEW_MS) return passed('clock', "the host's clock agrees with this machine's");
  const direction = skew > 0 ? 'ahead of' : 'behind';
  return warned(
    'clock',
    `the host's clock is ${seconds} s ${direction} this machine's; times in records will not fit together`,
    'sudo timedatectl set-ntp true',
  );
}
