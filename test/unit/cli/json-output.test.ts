import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runReportSchema } from '../../../src/domain/events/run-report.js';
import { runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli, configWith } from './cli-harness.js';

test('standard output is one document with every job and its outcome, and no log', async () => {
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['a', 'b']) },
    script: async (job) => {
      job.log('not here\n');
      return job.jobId === 'a' ? job.end({ kept_log_bytes: 9 }) : job.fault({ kind: 'guest', field: 'x' });
    },
  });
  expect(await cli.run('run', '--output', 'json')).toBe(3);
  const report = runReportSchema.parse(JSON.parse(cli.stdout.text));
  expect(report).toMatchObject({ target: 't', host: 'ci@box:22', exit_code: 3 });
  expect(report.jobs[0]).toMatchObject({ job_id: 'a', status: 'passed', outcome: { kept_log_bytes: 9 } });
  expect(report.jobs[1]).toMatchObject({ job_id: 'b', outcome: null, fault: { kind: 'guest', field: 'x' } });
  expect(cli.stdout.text).not.toContain('not here');
});

test('attach takes up the job that was named and reports it in the same way', async () => {
  const cli = new Cli({ script: async (job) => job.end({ status: 'failed', exit_code: 4 }) });
  expect(await cli.run('attach', 'r1', 'a', '--output', 'json')).toBe(1);
  expect(cli.pikaci.attached).toEqual(['r1/a']);
  expect(runReportSchema.parse(JSON.parse(cli.stdout.text))).toMatchObject({ run_id: 'r1', target: null });
});

test('attach says how far its runner had come, and in which phase it was', async () => {
  const at = '2026-11-23T16:45:02.000Z';
  const cli = new Cli({ script: async (job) => job.end({}) });
  await writeRun(join(cli.folder, '.pikaci'), runRecord({ run_id: 'r1', jobs: [runJobRecord('a')] }));
  const log = [
    `${at} job_started {"host":"h"}`,
    `${at} phase_started {"phase":"prepare_runtime"}`,
    `${at} phase_finished {"phase":"prepare_runtime","duration_ms":61000,"ok":true}`,
    `${at} phase_started {"phase":"launch_guest"}`,
    `${at} phase_finished {"phase":"launch_guest","duration_ms":10,"ok":false}`,
    `${at} warning {"message":"phase_started {}"}`,
    `${at} phase_started {"phase":"wait_for_completion"}`,
    `${at} phase_fini`,
  ];
  await writeFile(join(cli.folder, '.pikaci/runs/r1/jobs/a/host.log'), log.join('\n'));
  expect(await cli.run('attach', 'r1', 'a')).toBe(0);
  expect(cli.stderr.text).toContain(
    'a, as its runner left it: prepare_runtime 1 min 1 s, launch_guest 10 ms (failed), in wait_for_completion\n',
  );
});

test('attach needs no configuration when --host says where, and exits 2 when there is no such job', async () => {
  const cli = new Cli({
    files: {},
    script: async (job) => job.fault({ kind: 'no_such_job', phase: null, message: 'no record of r1/a' }),
  });
  expect(await cli.run('attach', 'r1', 'a', '--host', 'local')).toBe(2);
  expect(cli.stderr.text).toContain('no_such_job on ci@box:22: no record of r1/a');
});
