import { expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { removeAbandonedDirectories } from '../../../../src/application/gc/abandoned-directories.js';
import { incusInstanceName } from '../../../../src/domain/machine/incus-instance-name.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

const { signal } = new AbortController();
const HOUR = 3600_000;

async function host() {
  const clock = new MemoryClock(1_800_000_000_000, { skipUpToMs: HOUR });
  const { hostFiles: files } = new MemoryHost({ clock });
  const write = async (path: string) => must(await files.writeFile(path, Buffer.from('a-b-c\n')));
  const made = async (jobs: string, name: string, file = 'owner') => {
    must(await files.makeDirectory(`${jobs}/${name}/artifacts`));
    await write(`${jobs}/${name}/${file}`);
  };
  const remove = async (machines: readonly string[] = [], dryRun = false) =>
    must(
      await removeAbandonedDirectories({
        files,
        workDir: '/w',
        machines: new Set(machines),
        nowMs: clock.now(),
        dryRun,
        signal,
      }),
    );
  return { clock, files, write, made, remove };
}

it('takes what has no machine and gave no sign for half an hour, and the run with its last job', async () => {
  const { clock, files, write, made, remove } = await host();
  await made('/w/runs/r/jobs', 'old');
  await made('/w/runs/r/jobs', '.leaving-x');
  await made('/w/runs/r/jobs', '.making-x');
  await made('/w/runs/r/jobs', 'renewed');
  await made('/w/runs/r/jobs', 'mine');
  await made('/w/runs/zero/jobs', 'one', 'of-0.1');
  await made('/w/runs/last/jobs', 'old');
  await clock.sleep(HOUR);
  await write('/w/runs/r/jobs/renewed/last-use.json');
  await made('/w/runs/r/jobs', 'young');
  const machines = [incusInstanceName('r', 'mine')];
  const abandoned = ['last/jobs/old', 'r/jobs/.leaving-x', 'r/jobs/.making-x', 'r/jobs/old'];
  const paths = abandoned.map((path) => `/w/runs/${path}`);
  expect([...(await remove(machines, true))].sort()).toEqual(paths);
  expect([...(await remove(machines))].sort()).toEqual(paths);
  expect(await remove(machines)).toEqual([]);
  const names = async (path: string) => must(await files.list(path, {})).map(({ name }) => name);
  expect(await names('/w/runs')).toEqual(['r', 'zero']);
  expect(await names('/w/runs/r/jobs')).toEqual(['mine', 'renewed', 'young']);
});

it('takes the empty directories around the last job of a runner that was killed between the two', async () => {
  const { clock, files, made, remove } = await host();
  for (const path of ['/w/runs/without-job/jobs', '/w/runs/empty', '/w/runs/with-holds/holds/x'])
    must(await files.makeDirectory(path));
  must(await files.makeDirectory('/w/runs/with-holds/jobs'));
  await made('/w/runs/aside/jobs', '.leaving-x');
  await clock.sleep(HOUR);
  must(await files.makeDirectory('/w/runs/young/jobs'));
  await remove([], true);
  await remove();
  expect(must(await files.list('/w/runs', {})).map(({ name }) => name)).toEqual(['with-holds', 'young']);
  expect(must(await files.list('/w/runs/with-holds', {})).map(({ name }) => name)).toContain('holds');
});

it('finds nothing where no run ever was', async () => {
  expect(await (await host()).remove()).toEqual([]);
});
