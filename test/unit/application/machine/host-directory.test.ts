import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import {
  makeHostDirectory,
  removeHostDirectory,
} from '../../../../src/application/machine/host-directory.js';
import { remoteLayout } from '../../../../src/domain/machine/remote-layout.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const { signal } = new AbortController();
const layout = remoteLayout({ runId: 'run', jobId: 'job', remoteWorkDir: '/w' });
const JOBS = '/w/runs/run/jobs';
const mine = { layout, acquisition: '3f2c1a80-0000-4000-8000-000000000001' };
const theirs = { layout, acquisition: '3f2c1a80-0000-4000-8000-000000000002' };
const old = { layout, acquisition: null };

function host() {
  const files = new MemoryFileStore('memory', () => 0);
  const owner = async () => Buffer.from(must(await files.readFile(`${JOBS}/job/owner`))).toString();
  const names = async (path: string) => must(await files.list(path)).map(({ name }) => name);
  return { files, owner, names };
}

describe('the directory of a machine on its host', () => {
  it('is one machine’s: of two that make it at once the other touches nothing', async () => {
    const { files, owner, names } = host();
    const made = await Promise.all([mine, theirs].map((whose) => makeHostDirectory(files, whose, signal)));
    expect(made.map((one) => (one.isOk() ? 'ok' : one.error.kind)).sort()).toEqual(['ok', 'run_exists']);
    const [winner, loser] = made[0]?.isOk() ? [mine, theirs] : [theirs, mine];
    expect(await owner()).toBe(`${winner.acquisition}\n`);
    must(await removeHostDirectory(files, loser));
    expect(await names(JOBS)).toEqual(['job']);
    expect(await names(`${JOBS}/job`)).toEqual(['artifacts', 'owner']);
    must(await removeHostDirectory(files, winner));
    expect(await names('/w/runs')).toEqual([]);
  });

  it('is had by whoever made it, also when the answer was lost', async () => {
    const { files, owner } = host();
    const rename = files.rename.bind(files);
    files.rename = async (from, to, options) => {
      const moved = await rename(from, to, options);
      files.rename = rename;
      const lost = {
        kind: 'connection_lost',
        host: 'memory',
        path: to,
        operation: 'rename',
        message: 'lost',
      } as const;
      return moved.isErr() ? moved : err(lost);
    };
    must(await makeHostDirectory(files, mine, signal));
    expect(await owner()).toBe(`${mine.acquisition}\n`);
  });

  it('of a version without owners is in the way of a new machine, and goes with its own', async () => {
    const { files, names } = host();
    must(await files.makeDirectory(`${JOBS}/job/artifacts`));
    const { message } = mustFail(await makeHostDirectory(files, mine, signal), 'run_exists');
    expect(message).toContain('removes a machine once its lease has ended');
    must(await removeHostDirectory(files, mine));
    expect(await names(JOBS)).toEqual(['job']);
    must(await removeHostDirectory(files, old));
    expect(await names('/w/runs')).toEqual([]);
  });

  it('with an owner stays where one without is removed', async () => {
    const { files, names } = host();
    must(await makeHostDirectory(files, mine, signal));
    must(await removeHostDirectory(files, old));
    expect(await names(JOBS)).toEqual(['job']);
  });

  it('whose removal breaks off is removed by the next attempt, and is nobody’s meanwhile', async () => {
    const { files, names } = host();
    must(await makeHostDirectory(files, mine, signal));
    const leaving = `${JOBS}/.leaving-${mine.acquisition}`;
    files.failNext('remove', 'permission_denied', leaving);
    mustFail(await removeHostDirectory(files, mine), 'host_files');
    must(await makeHostDirectory(files, theirs, signal));
    must(await removeHostDirectory(files, mine));
    expect(await names(JOBS)).toEqual(['job']);
  });

  it('stays when its owner cannot be read', async () => {
    const { files, names } = host();
    must(await makeHostDirectory(files, theirs, signal));
    files.failNext('read', 'permission_denied', `${JOBS}/job/owner`);
    mustFail(await removeHostDirectory(files, mine), 'host_files');
    expect(await names(JOBS)).toEqual(['job']);
  });
});
