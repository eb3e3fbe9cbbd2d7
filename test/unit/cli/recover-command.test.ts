import { err, ok } from 'neverthrow';
import { expect, it } from 'vitest';
import type { KeptJob } from '../../../src/application/recover/kept-job.js';
import {
  keptJobListDocumentSchema,
  recoverDocumentSchema,
} from '../../../src/domain/records/recover-documents.js';
import { Cli } from './cli-harness.js';

const cliOf = () => new Cli({ files: { 'pikaci.config.json': JSON.stringify({ host: 'local' }) } });
const kept: KeptJob = {
  ...{
    id: '3f2c1a80-0000-4000-8000-000000000001',
    runId: 'r',
    jobId: 'unit',
    attempt: 2,
    target: 't\u001b[31m',
  },
  ...{ commit: 'a'.repeat(40), branch: 'main', status: 'failed', cause: 'lost', exitCode: null },
  ...{ createdAt: '2026-11-27T10:00:00.000Z', keptAt: '2026-11-27T11:00:00.000Z', bytes: 2048, artifacts: 3 },
};

it('recover lists what the host has kept, for people and as one document', async () => {
  const cli = cliOf();
  cli.pikaci.kept = { keptJobs: async () => ok([kept]) };
  expect(await cli.run('recover')).toBe(0);
  expect(cli.stdout.text).toMatch(
    /\n3f2c1a80 {2}r +unit +2 +t\\x1b\[31m +a{12} +failed \(lost\) +3 +2.0 KiB +2026/,
  );
  const json = cliOf();
  json.pikaci.kept = { keptJobs: async () => ok([kept]) };
  await json.run('recover', '--output', 'json');
  expect(keptJobListDocumentSchema.parse(JSON.parse(json.stdout.text)).jobs).toMatchObject([
    { run_id: 'r', job_id: 'unit', target_id: kept.target, cause: 'lost', artifacts: 3 },
  ]);
  const none = cliOf();
  none.pikaci.kept = { keptJobs: async () => ok([]) };
  await none.run('recover');
  expect(none.stdout.text).toBe('the host has kept nothing of jobs that no runner collected\n');
});

it('recover of a run says what stays on the host and why, and exits with what that means', async () => {
  const asked: unknown[] = [];
  const fault = {
    kind: 'run_exists',
    phase: null,
    host: 'h',
    message: 'the state root has its end already',
  } as const;
  const recover = async (input: object) => {
    asked.push({ ...input, signal: null });
    return ok({ recovered: [], refused: [{ kept, fault }] });
  };
  const cli = cliOf();
  cli.pikaci.kept = { recover };
  expect(await cli.run('recover', 'r', 'unit', '--id', '3f2c1a80')).toBe(2);
  expect(asked).toEqual([{ runId: 'r', jobId: 'unit', id: '3f2c1a80', signal: null }]);
  expect(cli.stderr.text).toContain('unit (3f2c1a80) stays on the host: the state root has its end already');
  const json = cliOf();
  json.pikaci.kept = { recover };
  expect(await json.run('recover', 'r', '--output', 'json')).toBe(2);
  expect(recoverDocumentSchema.parse(JSON.parse(json.stdout.text)).refused).toMatchObject([
    { job: { job_id: 'unit' }, kind: 'run_exists' },
  ]);
  const nothing = cliOf();
  nothing.pikaci.kept = {
    recover: async () => err({ ...fault, kind: 'no_such_job', message: 'nothing is kept' }),
  };
  expect(await nothing.run('recover', 'r')).toBe(2);
  expect(await cliOf().run('recover', '--id', '3f2c1a80')).toBe(2);
  expect(await cliOf().run('recover', '../r')).toBe(2);
});
