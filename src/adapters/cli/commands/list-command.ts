import type { RunStatus } from '../../../domain/events/run-status.js';
import type { RunRecord } from '../../../domain/records/run-record.js';
import type { RunListDocument } from '../../../domain/records/state-documents.js';
import { isAllowedToFail } from '../../../domain/values/node-condition.js';
import { inColumns } from '../output/columns.js';
import { tookOf } from '../output/run-record-lines.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState, printJson, type StateOptions, stateRootOrComplain } from './state-root.js';

export interface ListOptions extends StateOptions {
  readonly output: 'human' | 'json';
  readonly limit?: number;
  readonly branch?: string;
  readonly target?: string;
  readonly status?: RunStatus;
}

/** `pikaci list`: the recorded runs, newest first. */
export async function listCommand(context: CliContext, options: ListOptions): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { limit, branch, target, status } = options;
  const listed = await context.input.runState.listRuns(stateRoot, {
    signal: context.interrupts.signal,
    ...(limit === undefined ? {} : { limit }),
    ...(branch === undefined ? {} : { branch }),
    ...(target === undefined ? {} : { target }),
    ...(status === undefined ? {} : { status }),
  });
  if (listed.isErr()) return complainOfState(context, listed.error);
  const { runs, matching, total, damaged } = listed.value;
  for (const { message } of damaged) complain(context, message);
  if (options.output === 'json') {
    const document: RunListDocument = {
      type: 'run_list',
      schema_version: 1,
      runs: [...runs],
      damaged: damaged.map(({ runId, message }) => ({ run_id: runId, message })),
    };
    printJson(context, document);
    return EXIT.passed;
  }
  if (total === 0) complain(context, `there are no runs in ${stateRoot}`);
  else if (matching === 0)
    complain(context, `no run in ${stateRoot} is ${wantedOf(options)}; of others there are ${total}`);
  const rows = runs.map((run) => [
    run.run_id,
    run.status,
    run.target_id ?? '',
    run.git_branch ?? '',
    run.created_at,
    tookOf(run.created_at, run.finished_at) ?? '',
    noteOn(run),
  ]);
  if (rows.length > 0) context.stdout.write(`${inColumns(rows).join('\n')}\n`);
  return EXIT.passed;
}

/** What the status does not say. */
function noteOn({ run_id: id, status, jobs, rerun_of: of, attempt }: RunRecord): string {
  const allowed = jobs.filter(isAllowedToFail).length;
  return [
    of === null ? '' : `${attempt === undefined ? 'again' : `attempt ${attempt}`} of ${of}`,
    allowed === 0 ? '' : `${allowed} allowed to fail`,
    status === 'interrupted' ? `go on: pikaci resume ${id}` : '',
  ]
    .filter((text) => text !== '')
    .join('; ');
}

/** What was asked for, as in `of the branch main and failed`. */
function wantedOf({ branch, target, status }: ListOptions): string {
  return [
    ...(branch === undefined ? [] : [`of the branch ${branch}`]),
    ...(target === undefined ? [] : [`of the target ${target}`]),
    ...(status === undefined ? [] : [status]),
  ].join(' and ');
}
