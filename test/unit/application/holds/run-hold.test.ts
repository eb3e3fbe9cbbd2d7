import { describe, expect, it } from 'vitest';
import { RunHold } from '../../../../src/application/holds/run-hold.js';
import { incusInstanceName } from '../../../../src/domain/machine/incus-instance-name.js';
import { HELD_MS, LAST_USE } from '../../../../src/domain/target/retention.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { KeptInMemory, SNAPSHOT, WORK } from '../gc/kept-in-memory.js';

const { signal } = new AbortController();
const RUN = `${WORK}/runs/run`;

function held() {
  const kept = new KeptInMemory();
  const { hostFiles: files } = kept.host;
  const hold = new RunHold({ files, clock: kept.clock, workDir: WORK, runId: 'run', signal });
  return { kept, files, hold };
}

describe('what a run holds on the host', () => {
  it('is in use for as long as the run goes on, however long that is', async () => {
    const { kept, hold } = held();
    const home = await kept.keep('snapshots', SNAPSHOT);
    expect(must(await hold.hold(home))).toBe('held');
    await kept.clock.advance(3 * HELD_MS);
    must(await kept.pikaci().reap({ keep: { keepDays: 0 } }));
    expect(await kept.names('snapshots')).toEqual([SNAPSHOT]);
    await hold.release();
    await kept.clock.advance(HELD_MS + 1000);
    must(await kept.pikaci().reap({ keep: { keepDays: 0 } }));
    expect(await kept.names('snapshots')).toEqual([]);
  });

  it('is not what is not there', async () => {
    const { hold } = held();
    expect(must(await hold.hold(`${WORK}/snapshots/${SNAPSHOT}`))).toBe('gone');
    await hold.release();
  });

  it("is, as far as Nix's roots go, under the run's directory, and goes with it", async () => {
    const { files, hold } = held();
    expect(must(await hold.gcRoot('tool'))).toBe(`${RUN}/gc-roots/tool/root`);
    files.link('/nix/store/abc-tool', `${RUN}/gc-roots/tool/root`);
    await hold.release();
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
  });

  it('stays for a job that was left running, until its directory is removed', async () => {
    const { kept, files, hold } = held();
    must(await hold.gcRoot('tool'));
    must(await files.makeDirectory(`${RUN}/jobs/j/artifacts`));
    await hold.release();
    expect(must(await files.list(RUN)).map(({ name }) => name)).toEqual(['gc-roots', 'jobs']);
    const expired = {
      'user.pikaci.run': 'run',
      'user.pikaci.job': 'j',
      'user.pikaci.lease_expires_at_ms': '0',
    };
    must(
      await kept.host.incus.createInstance('default', {
        name: incusInstanceName('run', 'j'),
        type: 'container',
        ephemeral: true,
        start: true,
        source: { alias: 'pikaci/dev' },
        config: expired,
        devices: {},
      }),
    );
    expect(must(await kept.pikaci().reap()).deleted).toEqual([incusInstanceName('run', 'j')]);
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
  });

  it('is made again when a clean-up takes the empty directory away in the same moment', async () => {
    const { files, hold } = held();
    files.failNext('write', 'not_found', `${RUN}/${LAST_USE}`);
    must(await hold.gcRoot('tool'));
    expect(files.has(`${RUN}/${LAST_USE}`)).toBe(true);
    await hold.release();
  });

  it('is released by the reaper when the runner was killed, and not before it must be', async () => {
    const { kept, files, hold } = held();
    must(await hold.gcRoot('tool'));
    must(await files.makeDirectory(`${WORK}/runs/busy/gc-roots/tool`));
    must(await files.makeDirectory(`${WORK}/runs/busy/jobs/j`));
    must(await files.makeDirectory(`${WORK}/runs/plain/jobs/j`));
    must(await kept.pikaci().reap());
    expect(await kept.names('runs')).toEqual(['busy', 'plain', 'run']);
    // A runner that is killed renews nothing.
    await hold.release();
    must(await files.makeDirectory(`${RUN}/gc-roots/tool`));
    await kept.use(RUN);
    await kept.clock.advance(HELD_MS);
    must(await kept.pikaci().reap());
    expect(await kept.names('runs')).toContain('run');
    await kept.clock.advance(1000);
    must(await kept.pikaci().reap());
    expect(await kept.names('runs')).toEqual(['busy', 'plain']);
  });
});
