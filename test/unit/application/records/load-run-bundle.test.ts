import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryProcesses } from '../../../../src/adapters/memory/memory-processes.js';
import { loadRunBundle as loadWith } from '../../../../src/application/records/load-run-bundle.js';
import { loadPreparedOutputs, loadRunBundle } from '../../../../src/composition/run-state.js';
import {
  brokenPreparedOutputs,
  denyingFiles,
  OUTPUT,
  WHOLE,
} from '../../../support/broken-prepared-outputs.js';
import { RUN_ID, runRecord, writeRun } from '../../../support/recorded-run.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

describe('a run bundle', () => {
  it('has the run, what logs it has, and its prepared outputs', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    await writeFile(join(runDir, 'prepared-outputs.json'), WHOLE);
    const bundle = (await loadRunBundle(root.path, RUN_ID))._unsafeUnwrap();
    expect(bundle.run).toEqual(runRecord());
    expect(bundle.preparedOutputs?.outputs[0]).toMatchObject({
      node_id: 'workspace-build',
      realized_path: '/nix/store/abc-workspace-build',
      payload: { kind: 'staged_linux_rust', entrypoints: [], mounts: [] },
    });
    expect(bundle.logs.jobs).toEqual([
      {
        id: 'unit',
        status: 'passed',
        host_log_path: join(runDir, 'jobs/unit/host.log'),
        guest_log_path: join(runDir, 'jobs/unit/guest.log'),
        host_log_exists: true,
        guest_log_exists: true,
        host_log_bytes: 13,
        guest_log_bytes: 14,
        guest_log_cut: false,
      },
    ]);
  });

  it('tolerates keys that it does not know, wherever they stand', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path, { ...runRecord(), later: { version: 2 } });
    const outputs = [{ ...OUTPUT, later: 1 }];
    await writeFile(
      join(runDir, 'prepared-outputs.json'),
      JSON.stringify({ schema_version: 1, outputs, later: true }),
    );
    const bundle = (await loadRunBundle(root.path, RUN_ID))._unsafeUnwrap();
    expect(bundle.run).toMatchObject({ later: { version: 2 } });
    expect(bundle.preparedOutputs).toMatchObject({ later: true, outputs: [{ later: 1 }] });
  });

  it('of an earlier implementation loads: no version, no fingerprint, phases without a verdict', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    const phase = {
      phase: 'prepare_runtime',
      started_at: '2026-03-19T15:00:00Z',
      finished_at: '2026-03-19T15:00:02Z',
      duration_ms: 2000,
    };
    const job = {
      id: 'unit',
      description: 'job one',
      status: 'passed',
      executor: 'remote_linux_vm',
      timeout_secs: 30,
      host_log_path: '/tmp/host.log',
      guest_log_path: '/tmp/guest.log',
      started_at: '2026-03-19T15:00:00Z',
      finished_at: '2026-03-19T15:00:10Z',
      exit_code: 0,
      message: null,
      remote_linux_vm_execution: {
        backend: 'incus',
        incus_image: { project: 'p', alias: 'pikaci/dev' },
        phases: [phase],
      },
    };
    const run = {
      run_id: RUN_ID,
      status: 'passed',
      source_root: '/src',
      snapshot_dir: '/snapshot',
      git_head: 'abc',
      git_dirty: false,
      created_at: '2026-03-19T15:00:00Z',
      finished_at: '2026-03-19T15:00:10Z',
      changed_files: [],
      jobs: [job],
    };
    await writeFile(join(runDir, 'run.json'), JSON.stringify(run));
    const bundle = (await loadRunBundle(root.path, RUN_ID))._unsafeUnwrap();
    expect(bundle.run).toMatchObject({ schema_version: 1, rerun_of: null, git_branch: null, filters: [] });
    expect(bundle.run.jobs[0]?.remote_linux_vm_execution).toMatchObject({
      incus_image: { fingerprint: null },
      phases: [{ ok: true }],
    });
    expect(bundle.logs.jobs[0]?.guest_log_exists).toBe(true);
  });

  for (const [how, breakIt] of Object.entries(brokenPreparedOutputs)) {
    it(`keeps run and logs when the prepared outputs are ${how}`, async () => {
      await using root = await temporaryDirectory();
      const runDir = await writeRun(root.path);
      await breakIt(join(runDir, 'prepared-outputs.json'));
      const bundle = (await loadRunBundle(root.path, RUN_ID))._unsafeUnwrap();
      expect(bundle.preparedOutputs).toBeNull();
      expect(bundle.run.jobs.map((job) => job.id)).toEqual(['unit']);
      expect(bundle.logs.jobs[0]?.guest_log_exists).toBe(true);
    });
  }

  it('keeps run and logs when the prepared outputs may not be read', async () => {
    await using root = await temporaryDirectory();
    await writeRun(root.path);
    const bundle = await loadWith(
      { files: denyingFiles(), processes: new MemoryProcesses() },
      { stateRoot: root.path, runId: RUN_ID },
    );
    expect(bundle._unsafeUnwrap()).toMatchObject({ preparedOutputs: null, run: { run_id: RUN_ID } });
  });

  it('says what is wrong when the prepared outputs alone are asked for', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    expect((await loadPreparedOutputs(root.path, RUN_ID))._unsafeUnwrap()).toBeNull();
    await writeFile(join(runDir, 'prepared-outputs.json'), '{"schema_version":2}');
    expect((await loadPreparedOutputs(root.path, RUN_ID))._unsafeUnwrapErr()).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(/prepared-outputs\.json cannot be read: schema_version: /),
    });
  });

  it('does not load without a run record that can be read', async () => {
    await using root = await temporaryDirectory();
    expect((await loadRunBundle(root.path, RUN_ID))._unsafeUnwrapErr().kind).toBe('no_such_run');
    const runDir = await writeRun(root.path);
    await writeFile(join(runDir, 'run.json'), '{');
    expect((await loadRunBundle(root.path, RUN_ID))._unsafeUnwrapErr().kind).toBe('damaged');
    await writeFile(join(runDir, 'run.json'), JSON.stringify(runRecord({ run_id: 'another' })));
    expect((await loadRunBundle(root.path, RUN_ID))._unsafeUnwrapErr().kind).toBe('damaged');
  });

  for (const id of ['..', '../x', 'a/b', '/etc', '', '.', '.hidden', 'a\0b', 'x'.repeat(65)]) {
    it(`makes no path of the run id ${JSON.stringify(id)}`, async () => {
      await using root = await temporaryDirectory();
      await writeRun(root.path);
      const fault = (await loadRunBundle(join(root.path, 'runs'), id))._unsafeUnwrapErr();
      expect(fault).toMatchObject({ kind: 'invalid_id', path: null });
    });
  }
});
