import { serviceNames } from '../../../domain/records/service-names.js';
import { escapeLine } from '../output/escape-control.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { logOutput } from './log-output.js';
import { complainOfState } from './state-root.js';

export interface WantedService {
  readonly stateRoot: string;
  readonly runId: string;
  readonly job: string;
  readonly service: string;
  /** An earlier attempt of the job; the last one when left out. */
  readonly attempt?: number;
  readonly kind: 'host' | 'guest';
  readonly raw: boolean;
}

/** What a service of a job wrote; of one that runs, as far as it has come. */
export async function serviceLog(context: CliContext, wanted: WantedService): Promise<number> {
  const { stateRoot, runId, job, service, kind } = wanted;
  const attempt = wanted.attempt === undefined ? {} : { attempt: wanted.attempt };
  const { input, interrupts, stdout } = context;
  const { signal } = interrupts;
  const record = await input.runState.loadJob(stateRoot, runId, job, { signal });
  if (record.isErr()) return complainOfState(context, record.error);
  const names = serviceNames(record.value);
  if (!names.includes(service)) {
    const known = names.map(escapeLine).join(', ');
    const has = known === '' ? 'it has no services' : `it has ${known}`;
    complain(context, `job ${job} of run ${runId} has no service ${escapeLine(service)}; ${has}`);
    return EXIT.usage;
  }
  const output = logOutput(context, { raw: wanted.raw });
  for (let offset = 0; ; ) {
    const part = await input.runState.readLog(stateRoot, runId, {
      job,
      kind,
      service,
      ...attempt,
      offset,
      signal,
    });
    if (part.isErr()) return complainOfState(context, part.error);
    const { data } = part.value;
    if (data.length === 0) break;
    output.write(service, data);
    offset += data.length;
    await stdout.drained();
    if (signal.aborted) return EXIT.cancelled;
  }
  output.endAll();
  return EXIT.passed;
}
