import type { JobRecord } from '../../domain/job/job-record.js';
import type { RemoteLinuxVmContext } from '../../domain/machine/remote-linux-vm-context.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobSession } from '../events/job-session.js';

export interface NewJobRecord {
  readonly session: JobSession;
  readonly context: RemoteLinuxVmContext;
  readonly workspace: string;
  readonly snapshot: WorkspaceSnapshot;
  readonly image: JobRecord['incus_image'];
  readonly host: string;
  /** Since the epoch. */
  readonly nowMs: number;
}

/** What is recorded of a job while its machine is made: all that `attach` needs, and the names of its secrets only. */
export function newJobRecord(input: NewJobRecord): JobRecord {
  const { session, context, snapshot } = input;
  const now = new Date(input.nowMs).toISOString();
  const { secrets, ...spec } = session.job;
  return {
    schema_version: 1,
    run_id: session.runId,
    job_id: session.job.id,
    created_at: now,
    host: input.host,
    backend: context.backend,
    workspace: input.workspace,
    snapshot_hash: snapshot.contentHash,
    job_spec: spec,
    secret_names: Object.keys(secrets),
    incus_project: context.backend === 'incus' ? context.incusProject : null,
    incus_profile: context.backend === 'incus' ? context.incusProfile : null,
    incus_image: input.image,
    instance_name: context.backend === 'incus' ? context.incusInstanceName : null,
    launched_at: now,
    outcome: null,
  };
}
