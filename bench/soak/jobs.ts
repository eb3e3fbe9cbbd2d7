import { readFile } from 'node:fs/promises';
import type { JobSpecInput, Pikaci } from '../../src/index.js';

/** What a job is made to do, in turn: most pass. */
const KINDS = ['pass', 'pass', 'fail', 'pass', 'pass', 'cancel', 'pass'] as const;
type Kind = (typeof KINDS)[number];

const COMMANDS: Record<Kind, string> = {
  pass: 'cat src/part-0.txt | wc -l; cat "$PIKACI_SECRETS_DIR/S" | wc -c; echo kept >/artifacts/a',
  fail: 'echo failing; exit 3',
  cancel: 'echo begun; sleep 600',
};
const LOGS: Record<Kind, string> = { pass: '200\n4\n', fail: 'failing\n', cancel: 'begun\n' };
const ENDS: Record<Kind, string> = {
  pass: 'passed 0',
  fail: 'failed 3',
  cancel: 'cancelled',
};

export interface SoakedJob {
  readonly pikaci: Pikaci;
  readonly workspace: string;
  readonly number: number;
  /** Of all jobs of the soak: what listens to it has to go with its job. */
  readonly signal: AbortSignal;
}

/** Runs the job of this number until its machine is gone; what is wrong with how it ended, or null. */
export async function soakJob({ pikaci, workspace, number, signal }: SoakedJob): Promise<string | null> {
  const kind = KINDS[number % KINDS.length] as Kind;
  const job: JobSpecInput = {
    id: `j${number}`,
    command: COMMANDS[kind],
    timeoutSecs: 120,
    ...(kind === 'pass' ? { secrets: { S: 'four' }, artifacts: ['/artifacts/*'] } : {}),
  };
  const cancelled = new AbortController();
  const run = await pikaci.runJob({
    job,
    workspace,
    signal: kind === 'cancel' ? AbortSignal.any([signal, cancelled.signal]) : signal,
    events: {
      emit: (event) => {
        if (event.type === 'log_bytes' && kind === 'cancel') cancelled.abort();
      },
    },
  });
  const wrong = (what: string) => `job ${number} (${kind}): ${what}`;
  if (run.isErr()) return wrong(`${run.error.kind}: ${run.error.message}`);
  const { outcome, state, cleanUp } = run.value;
  const cleaned = await cleanUp;
  if (cleaned.isErr()) return wrong(`its clean-up failed: ${cleaned.error.message}`);
  const end =
    outcome.status === 'cancelled'
      ? outcome.status
      : `${outcome.status} ${outcome.exit_code ?? outcome.cause}`;
  if (end !== ENDS[kind]) return wrong(`${end}: ${outcome.message}`);
  const log = await readFile(state.guestLog, 'utf8');
  if (log !== LOGS[kind]) return wrong(`its log is ${JSON.stringify(log)}`);
  const kept = outcome.artifacts.collected.map(({ path }) => path).join();
  return kept === (kind === 'pass' ? 'a' : '') ? null : wrong(`its artifacts are ${JSON.stringify(kept)}`);
}
