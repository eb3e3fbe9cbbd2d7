import { describe, expect, it } from 'vitest';
import { releaseRun } from '../../../../src/application/holds/release-run.js';
import { RunHold } from '../../../../src/application/holds/run-hold.js';
import { incusInstanceName } from '../../../../src/domain/machine/incus-instance-name.js';
import { HELD_MS, LAST_USE } from '../../../../src/domain/target/retention.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { KeptInMemory, SNAPSHOT, WORK } from '../gc/kept-in-memory.js';

const { signal } = new AbortController();
const RUN = `${WORK}/runs/run`;
const HOLDS = `${RUN}/holds`;
const MINE = '0d6f0f1e-0000-4000-8000-000000000001';
const THEIRS = '0d6f0f1e-0000-4000-8000-000000000002';

function held() {
  const kept = new KeptInMemory();
  const { hostFiles: files } = kept.host;
  const of = (holdId: string) =>
    new RunHold({ files, clock: kept.clock, workDir: WORK, runId: 'run', holdId, signal });
  return { kept, files, of, hold: of(MINE) };
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

  it('is on another member of the cluster what is held there, and not here', async () => {
    const { kept, hold } = held();
    const member = new KeptInMemory();
    const home = await member.keep('snapshots', SNAPSHOT);
    await kept.keep('snapshots', SNAPSHOT);
    expect(must(await hold.hold(home, member.host.hostFiles))).toBe('held');
    // Its own clock goes on with the run's.
    for (let turn = 0; turn < 6; turn++) {
      await member.clock.advance(HELD_MS / 2);
      await kept.clock.advance(HELD_MS / 2);
    }
    for (const { pikaci } of [member, kept].map((one) => ({ pikaci: one.pikaci() })))
      must(await pikaci.reap({ keep: { keepDays: 0 } }));
    expect([await member.names('snapshots'), await kept.names('snapshots')]).toEqual([[SNAPSHOT], []]);
    await hold.release();
  });

  it('is not what is not there', async () => {
    const { hold } = held();
    expect(must(await hold.hold(`${WORK}/snapshots/${SNAPSHOT}`))).toBe('gone');
    await hold.release();
  });

  it("is, as far as Nix's roots go, under the run's directory, and goes with it", async () => {
    const { files, hold } = held();
    expect(must(await hold.gcRoot('tool'))).toBe(`${HOLDS}/${MINE}/gc-roots/tool/root`);
    files.link('/nix/store/abc-tool', `${HOLDS}/${MINE}/gc-roots/tool/root`);
    await hold.release();
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
  });

  it('stays for a job that was left running, until its directory is removed', async () => {
    const { kept, files, hold } = held();
    must(await hold.gcRoot('tool'));
    must(await files.makeDirectory(`${RUN}/jobs/j/artifacts`));
    await hold.release();
    expect(must(await files.list(RUN)).map(({ name }) => name)).toEqual(['holds', 'jobs']);
    expect(must(await files.list(`${HOLDS}/${MINE}`)).map(({ name }) => name)).toEqual(['gc-roots']);
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
    files.failNext('write', 'not_found', `${HOLDS}/.making-${MINE}/${LAST_USE}`);
    must(await hold.gcRoot('tool'));
    expect(files.has(`${HOLDS}/${MINE}/${LAST_USE}`)).toBe(true);
    await hold.release();
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
  });

  it('is its own, whatever another run of the same id lets go of', async () => {
    const { kept, files, of, hold } = held();
    const theirs = of(THEIRS);
    must(await hold.gcRoot('tool'));
    const root = must(await theirs.gcRoot('tool'));
    files.link('/nix/store/abc-tool', root);
    await hold.release();
    expect(files.has(`${HOLDS}/${MINE}`)).toBe(false);
    must(await files.readlink(root));
    // The clean-up of a job of the one that has ended, and gc, leave it as well.
    await releaseRun(files, RUN, signal);
    await kept.clock.advance(3 * HELD_MS);
    must(await kept.pikaci().reap({ keep: { keepDays: 0 } }));
    must(await files.readlink(root));
    await theirs.release();
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
  });

  it('stays beside a job that another run of the same id has left running', async () => {
    const { kept, files, of, hold } = held();
    must(await of(THEIRS).gcRoot('tool'));
    must(await files.makeDirectory(`${RUN}/jobs/j`));
    must(await hold.gcRoot('tool'));
    await hold.release();
    expect(must(await files.list(HOLDS)).map(({ name }) => name)).toEqual([MINE, THEIRS]);
    // The other's runner was killed. Its job ends with its lease, and gc lets go of both.
    must(await files.remove(`${RUN}/jobs/j`));
    must(await kept.pikaci().reap());
    expect(must(await files.list(HOLDS)).map(({ name }) => name)).toEqual([THEIRS]);
    await of(THEIRS).release();
  });

  it('of before 0.2 lies in the directory of the run, stays while its stamp is young, and goes as ever', async () => {
    const { kept, files, hold } = held();
    must(await files.makeDirectory(`${RUN}/gc-roots/tool`));
    await kept.use(RUN);
    must(await hold.gcRoot('tool'));
    await hold.release();
    expect(must(await files.list(RUN)).map(({ name }) => name)).toEqual(['gc-roots', LAST_USE]);
    await kept.clock.advance(HELD_MS + 1000);
    must(await kept.pikaci().reap());
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
    must(await files.makeDirectory(`${RUN}/gc-roots/tool`));
    await releaseRun(files, RUN, signal);
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
  });

  it('that a killed runner was about to make goes once it is old, and before that only its maker renames it', async () => {
    const { kept, files } = held();
    const making = `${HOLDS}/.making-${THEIRS}`;
    must(await files.makeDirectory(making));
    await kept.use(making);
    must(await kept.pikaci().reap());
    expect(files.has(making)).toBe(true);
    await kept.clock.advance(HELD_MS + 1000);
    must(await kept.pikaci().reap());
    expect(must(await files.list(`${WORK}/runs`))).toEqual([]);
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
