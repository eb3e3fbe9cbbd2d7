import { z } from 'zod';
import { type Phase, type PhaseTiming, phaseSchema } from '../machine/phase.js';

/** What a job's `host.log` tells of its phases, whoever wrote it. */
export interface ToldPhases {
  /** Those that have ended, in the order in which they did. */
  readonly ended: readonly PhaseTiming[];
  /** The last one that had begun, and had not ended yet. */
  readonly current: Phase | null;
}

const LINE = /^(\S+) phase_(started|finished) (\{.*\})\r?$/gm;
const startedSchema = z.object({ phase: phaseSchema });
const finishedSchema = startedSchema.extend({ duration_ms: z.number().nonnegative(), ok: z.boolean() });

/** Reads the lines of `host.log` that are about phases; one that is not whole, or not of this kind, is passed over. */
export function phasesOfLog(text: string): ToldPhases {
  const begun = new Map<Phase, string>();
  const ended: PhaseTiming[] = [];
  for (const [, at = '', what, json = ''] of text.matchAll(LINE)) {
    const told = parsed(json);
    if (what === 'started') {
      const { data } = startedSchema.safeParse(told);
      if (data !== undefined) begun.set(data.phase, at);
      continue;
    }
    const { data } = finishedSchema.safeParse(told);
    if (data === undefined) continue;
    ended.push({ ...data, started_at: begun.get(data.phase) ?? at, finished_at: at });
    begun.delete(data.phase);
  }
  return { ended, current: [...begun.keys()].at(-1) ?? null };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
