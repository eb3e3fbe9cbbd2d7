import { z } from 'zod';
import { type GuestResult, type GuestStatus, guestResultSchema } from '../../../domain/job/guest-result.js';
import { type GuestStep, guestStepSchema } from '../../../domain/job/step-record.js';

const MOST_LINES = 1000;

/** The line that `pikaci-microvm-host` ends every `follow` with. What the guest may have chosen in it is base64. */
const microvmStatusSchema = z.looseObject({
  schema_version: z.literal(1),
  state: z.enum(['absent', 'running', 'ended']),
  log_bytes: z.number().int().nonnegative(),
  /** The supervisor had opened its log. */
  booted: z.boolean(),
  /** `exit N`, `boot_timeout`, `overdue`, `artifacts_full`, `caches_full`, `share_failed`, `destroyed`, `removed`, `setup` or `killed`. */
  reason: z.string().max(100),
  result_base64: z.string(),
  /** What its job's steps have come to, as the supervisor writes it down; empty for a job of one command. */
  steps_base64: z.string(),
  /** The end of the console. */
  console_base64: z.string(),
});
export type MicrovmStatus = z.infer<typeof microvmStatusSchema>;

export function parseMicrovmStatus(json: unknown): MicrovmStatus | null {
  return microvmStatusSchema.safeParse(json).data ?? null;
}

/** The same as any supervisor's status: a machine that has ended without an exit record has lost its job. */
export function guestStatusOf(status: MicrovmStatus): GuestStatus {
  const { state, log_bytes } = status;
  const steps = stepsOf(status.steps_base64);
  const seen = { schema_version: 1, log_bytes, ...(steps.length === 0 ? {} : { steps }) } as const;
  if (state !== 'ended') return { ...seen, state, result: null };
  const result = resultOf(status.result_base64);
  if (result !== null) {
    const doubt = whyNotClean(status.reason);
    return { ...seen, state: 'finished', result, ...(doubt === null ? {} : { message: doubt }) };
  }
  return { ...seen, state: 'lost', result: null, message: whyLost(status) };
}

/** The last line of each step, in order. What is none is left out: a job that is root may write anything. */
function stepsOf(base64: string): GuestStep[] {
  const steps = new Map<string, GuestStep>();
  for (const line of Buffer.from(base64, 'base64').toString('utf8').split('\n').slice(0, MOST_LINES)) {
    try {
      const step = guestStepSchema.safeParse(JSON.parse(line)).data;
      if (step !== undefined) steps.set(step.id, step);
    } catch {}
  }
  return [...steps.values()];
}

function resultOf(base64: string): GuestResult | null {
  try {
    return (
      guestResultSchema.safeParse(JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))).data ?? null
    );
  } catch {
    return null;
  }
}

/** What is wrong with how a machine ended behind its job's exit record: what the job has left in its workspace is set aside then. */
function whyNotClean(reason: string): string | null {
  if (reason === 'exit 0' || reason === 'kept') return null;
  const how = FULL[reason] ?? `${reason.replaceAll('_', ' ')}`;
  return `the machine was ended before it had set aside all that the job left in its workspace: ${how}`;
}

const FULL: Readonly<Record<string, string>> = {
  artifacts_full: 'the guest wrote more into its artifacts than the host takes ("microvm.artifactsBytes")',
  caches_full:
    'the guest wrote more into its caches than the host takes ("maxBytes" of each, see docs/caches.md)',
};

/** Why there is no exit record, with the end of the console where that tells more. */
export function whyLost(status: MicrovmStatus): string {
  const consoleText = consoleTail(status.console_base64);
  const shown = consoleText === '' ? 'the console is empty' : `the end of its console:\n${consoleText}`;
  switch (status.reason) {
    case 'boot_timeout':
      return `the supervisor did not start within the boot timeout; ${shown}`;
    case 'overdue':
      return 'the machine did not end within the timeout of its job';
    case 'artifacts_full':
    case 'caches_full':
      return `${FULL[status.reason]}, and its machine was ended`;
    case 'share_failed':
      return 'a share daemon of the machine ended while it ran';
    case 'destroyed':
      return 'the machine was removed';
    case 'removed':
      return 'the directory of the machine was removed from the host';
    case 'killed':
      return 'the machine was killed from outside, and left no exit record';
    default: {
      const how = status.reason.replace(/^exit (\d+)$/, 'its runner ended with status $1');
      const what = status.booted
        ? 'the machine powered off without an exit record'
        : 'the machine ended before its supervisor ran';
      return `${what} (${how}); ${shown}`;
    }
  }
}

/** Printable text only; a console is the guest's to write. */
function consoleTail(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  return text
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[^\n -~\u00a0-\uffff]/g, '')
    .trim();
}
