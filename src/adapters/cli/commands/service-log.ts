import { serviceNames } from '../../../domain/records/service-names.js';
import { escapeLine } from '../output/escape-control.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { complainOfState } from './state-root.js';

export interface WantedService {
  readonly stateRoot: string;
  readonly runId: string;
  readonly job: string;
  readonly service: string;
}

/** Null where the job has such a service; else the exit status, and what is wrong has been said. */
export async function missingService(
  context: CliContext,
  { stateRoot, runId, job, service }: WantedService,
): Promise<number | null> {
  const { input, interrupts } = context;
  const record = await input.runState.loadJob(stateRoot, runId, job, { signal: interrupts.signal });
  if (record.isErr()) return complainOfState(context, record.error);
  const names = serviceNames(record.value);
  if (names.includes(service)) return null;
  const known = names.map(escapeLine).join(', ');
  const has = known === '' ? 'it has no services' : `it has ${known}`;
  complain(context, `job ${job} of run ${runId} has no service ${escapeLine(service)}; ${has}`);
  return EXIT.usage;
}
