import { Journal, type JournalInput } from '../events/journal.js';
import type { ServedJob } from '../services/service-parts.js';

/** An open machine as its services know it. They have no secrets of a job. */
export class MachineSession extends Journal implements ServedJob {
  readonly runId: string;
  readonly machineId: string;
  readonly job: ServedJob['job'];
  readonly state: ServedJob['state'];
  readonly secretValues: readonly string[];

  constructor(input: JournalInput & { readonly machineDir: string }) {
    super(input);
    this.runId = input.runId;
    this.machineId = input.jobId;
    this.job = { id: input.jobId, secrets: {} };
    this.state = { jobDir: input.machineDir };
    this.secretValues = input.secrets;
  }
}
