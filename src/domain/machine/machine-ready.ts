import { z } from 'zod';
import { plain } from '../values/text.js';

const DEFAULT_TIMEOUT_SECS = 60;
const LONGEST_COMMAND = 65_536;

/**
 * What a machine has to be before its first step. What is left out is waited for where the image's init starts services (systemd, OpenRC), and
 * said when it is not there in time; `true` ends the job then, `false` does not wait. In seconds.
 */
export const machineReadySchema = z.strictObject({
  /** The image's init has settled. */
  init: z.boolean().optional(),
  /** An interface of the machine has an address, where it has an interface. */
  network: z.boolean().optional(),
  /** Run by root with `/bin/sh`, again and again, until it ends with 0. */
  command: plain(z.string().min(1))
    .refine((text) => Buffer.byteLength(text) <= LONGEST_COMMAND, {
      error: `has at most ${LONGEST_COMMAND} bytes`,
    })
    .optional(),
  /** For all of it together. */
  timeoutSecs: z.number().int().positive().max(3600).default(DEFAULT_TIMEOUT_SECS),
});
export type MachineReady = z.output<typeof machineReadySchema>;

/** As the guest's request has it; nothing where all of it is left to the supervisor. */
export function readyInRequest(ready: MachineReady | undefined) {
  if (ready === undefined) return {};
  const { timeoutSecs, ...rest } = ready;
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const bound = timeoutSecs === DEFAULT_TIMEOUT_SECS ? {} : { timeout_secs: timeoutSecs };
  const all = { ...said, ...bound };
  return Object.keys(all).length === 0 ? {} : { ready: all };
}

/**
 * By how much the bound of a step is longer for what is waited for, in seconds. Where nothing is said it is not: a step is given up only when it
 * was found running twice, a minute apart, and no longer is a machine waited for by itself.
 */
export const readyBoundSecs = (ready: MachineReady | undefined): number => ready?.timeoutSecs ?? 0;

/** What a supervisor says while it waits: that it does, and then how that has ended. */
export const guestReadinessSchema = z.looseObject({
  /** `late`: it was not ready in time, and the step began all the same. `failed`: it does not begin. */
  state: z.enum(['waiting', 'ready', 'late', 'failed', 'cancelled']),
  /** By the guest's own clock. */
  waited_ms: z.number().nonnegative().max(86_400_000).optional(),
});
export type GuestReadiness = z.infer<typeof guestReadinessSchema>;
