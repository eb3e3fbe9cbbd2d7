import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadLogs, loadLogsMetadata } from '../../../../src/composition/run-state.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../../support/recorded-run.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

describe('the logs of a run', () => {
  it('are those of the job that was named, of the kind that was asked for', async () => {
    await using root = await temporaryDirectory();
    await writeRun(root.path, runRecord({ jobs: [runJobRecord('a'), runJobRecord('b')] }));
    const both = (await loadLogs(root.path, RUN_ID, { job: 'b' }))._unsafeUnwrap();
    expect(both).toMatchObject({ job: 'b', host: 'host of b\n', guest: 'guest of b\n', truncated: false });
    const guest = (await loadLogs(root.path, RUN_ID, { job: 'b', kind: 'guest' }))._unsafeUnwrap();
    expect(guest).toMatchObject({ host: null, guest: 'guest of b\n' });
  });

  it('follow each other under the names of their jobs when none was named', async () => {
    await using root = await temporaryDirectory();
    await writeRun(root.path, runRecord({ jobs: [runJobRecord('a'), runJobRecord('b')] }));
    const logs = (await loadLogs(root.path, RUN_ID, { kind: 'guest' }))._unsafeUnwrap();
    expect(logs.guest).toBe('==> a <==\nguest of a\n==> b <==\nguest of b\n');
    expect(logs.job).toBeNull();
  });

  it('end where the file ends, however long it is', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    await writeFile(join(runDir, 'jobs/unit/guest.log'), `${'x'.repeat(1000)}the end`);
    const logs = (await loadLogs(root.path, RUN_ID, { kind: 'guest', maxBytes: 7 }))._unsafeUnwrap();
    expect(logs).toMatchObject({ guest: 'the end', truncated: true });
  });

  it('are null where there is no file, and readable where the bytes are no UTF-8', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    await rm(join(runDir, 'jobs/unit/host.log'));
    await writeFile(join(runDir, 'jobs/unit/guest.log'), Buffer.from([0x61, 0xff, 0x00, 0x62]));
    const logs = (await loadLogs(root.path, RUN_ID))._unsafeUnwrap();
    expect(logs).toMatchObject({ host: null, guest: 'a\ufffd\0b' });
    const metadata = (await loadLogsMetadata(root.path, RUN_ID))._unsafeUnwrap();
    expect(metadata.jobs[0]).toMatchObject({
      host_log_exists: false,
      host_log_bytes: null,
      guest_log_bytes: 4,
    });
  });

  it('are not read through a link, and not from the path that the record names', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(
      root.path,
      runRecord({ jobs: [runJobRecord('unit', { guest_log_path: '/etc/passwd' })] }),
    );
    expect((await loadLogs(root.path, RUN_ID))._unsafeUnwrap().guest).toBe('guest of unit\n');
    await rm(join(runDir, 'jobs/unit/guest.log'));
    await symlink('/etc/passwd', join(runDir, 'jobs/unit/guest.log'));
    expect((await loadLogs(root.path, RUN_ID))._unsafeUnwrapErr().kind).toBe('unreadable');
    const metadata = (await loadLogsMetadata(root.path, RUN_ID))._unsafeUnwrap();
    expect(metadata.jobs[0]?.guest_log_exists).toBe(false);
  });

  it('of a job that the run does not have are refused, with the jobs that it has', async () => {
    await using root = await temporaryDirectory();
    await writeRun(root.path);
    const fault = (await loadLogs(root.path, RUN_ID, { job: 'x' }))._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'no_such_job', message: expect.stringContaining('it has unit') });
    expect((await loadLogs(root.path, RUN_ID, { job: '../x' }))._unsafeUnwrapErr().kind).toBe('invalid_id');
  });
});
