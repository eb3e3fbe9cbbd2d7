import type { JobRecord } from '../../src/domain/job/job-record.js';
import { RUN_ID } from './recorded-run.js';

/** A job that says that it brought these back. */
export function jobRecord(more: Partial<JobRecord>, paths: readonly string[]): JobRecord {
  return {
    schema_version: 1,
    run_id: RUN_ID,
    job_id: 'unit',
    created_at: '2026-11-23T16:45:02.000Z',
    host: 'box',
    backend: 'incus',
    workspace: '/w',
    snapshot_hash: null,
    job_spec: {},
    secret_names: [],
    incus_project: null,
    incus_profile: null,
    incus_image: null,
    instance_name: null,
    launched_at: null,
    outcome: {
      schema_version: 1,
      run_id: RUN_ID,
      job_id: 'unit',
      status: 'passed',
      cause: 'exit',
      exit_code: 0,
      message: '',
      started_at: '2026-11-23T16:45:02.000Z',
      finished_at: '2026-11-23T16:45:03.000Z',
      phases: [],
      log_bytes: 0,
      kept_log_bytes: 0,
      artifacts: {
        collected: paths.map((path) => ({ path, bytes: 1 + path.length * 211 })),
        refused: [],
        refused_count: 0,
        incomplete: null,
      },
      incus_image: null,
    },
    ...more,
  };
}
