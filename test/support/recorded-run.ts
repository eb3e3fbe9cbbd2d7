import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobAttempt } from '../../src/domain/job/job-retry.js';
import type { RunJobRecord, RunRecord } from '../../src/domain/records/run-record.js';

export const RUN_ID = '20261123-164501-abc123';

/** An attempt of a job that was followed by another. */
export const EARLIER: JobAttempt = {
  ...{ attempt: 1, status: 'failed', cause: 'exit', exit_code: 7, message: '<no>', retried_for: 'failed' },
  ...{ started_at: '2026-11-23T16:45:02.000Z', finished_at: '2026-11-23T16:45:04.000Z' },
  ...{ host_log_path: '/state/attempts/unit/1/host.log', guest_log_path: '/state/attempts/unit/1/guest.log' },
};

export function runJobRecord(id: string, more: Partial<RunJobRecord> = {}): RunJobRecord {
  return {
    id,
    description: '',
    status: 'passed',
    executor: 'remote_linux_vm',
    plan_node_id: id,
    timeout_secs: 600,
    host_log_path: `/state/jobs/${id}/host.log`,
    guest_log_path: `/state/jobs/${id}/guest.log`,
    started_at: '2026-11-23T16:45:02.000Z',
    finished_at: '2026-11-23T16:45:09.000Z',
    exit_code: 0,
    message: null,
    pre_execution_prepare_duration_ms: 5,
    remote_linux_vm_execution: {
      backend: 'incus',
      incus_image: { project: 'pikaci', alias: 'pikaci/dev', fingerprint: 'f00d' },
      phases: [],
    },
    ...more,
  };
}

export function runRecord(more: Partial<RunRecord> = {}): RunRecord {
  return {
    schema_version: 1,
    run_id: RUN_ID,
    status: 'passed',
    rerun_of: null,
    target_id: 't',
    target_description: null,
    host: 'ci@box:22',
    source_root: '/srv/tree',
    snapshot_dir: null,
    git_head: '0123456789abcdef0123456789abcdef01234567',
    git_dirty: false,
    git_branch: 'main',
    created_at: '2026-11-23T16:45:01.250Z',
    finished_at: '2026-11-23T16:45:10.000Z',
    plan_path: null,
    prepared_outputs_path: null,
    changed_files: null,
    filters: [],
    message: null,
    prepare_timings: [],
    jobs: [runJobRecord('unit')],
    ...more,
  };
}

/** Writes a run with its logs into a state root, and gives its directory. */
export async function writeRun(stateRoot: string, record: RunRecord = runRecord()): Promise<string> {
  const runDir = join(stateRoot, 'runs', record.run_id);
  await mkdir(runDir, { recursive: true });
  await writeFile(join(runDir, 'run.json'), JSON.stringify(record));
  for (const job of record.jobs) {
    await mkdir(join(runDir, 'jobs', job.id), { recursive: true });
    await writeFile(join(runDir, 'jobs', job.id, 'host.log'), `host of ${job.id}\n`);
    await writeFile(join(runDir, 'jobs', job.id, 'guest.log'), `guest of ${job.id}\n`);
  }
  return runDir;
}
