import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a child process of the throughput part prints, as one line of JSON. */
export const streamResultSchema = z.object({
  bytes: z.number().int().positive(),
  /** From the first byte to the last. */
  ms: z.number().positive(),
  /** From the start of the command's exec, or of the job, to the last byte. */
  allMs: z.number().positive(),
  /** The process's greatest resident set, bytes. */
  peakRssBytes: z.number().int().positive(),
});
export type StreamResult = z.infer<typeof streamResultSchema>;

/** Command whose output costs the guest as little as can be, so that the ways out of it are compared. */
export function streamCommand(bytes: number): string {
  return `exec head -c ${bytes} /dev/zero`;
}

/**
 * The kernel's own high-water mark (proc(5), VmHWM), which no sampling can miss. `getrusage` would count the parent's
 * memory of the moment of the fork.
 */
export function peakRssBytes(): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  if (found === null) throw new Error('/proc/self/status has no VmHWM');
  return Number(found[1]) * 1024;
}
