import { describe, expect, it } from 'vitest';
import { diskTools } from '../../../../src/adapters/memory/memory-disk-tools.js';
import type { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { MemoryShell } from '../../../../src/adapters/memory/memory-shell.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { DAY, KeptInMemory, OTHER, OUTPUT, SNAPSHOT, WORK } from './kept-in-memory.js';

const ALL = { keepDays: 0 };

/** The same files, with something happening after the renames to or from a name of one form. */
function afterRename(files: MemoryFileStore, form: RegExp, happens: () => Promise<unknown>): MemoryFileStore {
  const rename: MemoryFileStore['rename'] = async (from, to, options) => {
    const renamed = await files.rename(from, to, options);
    if (form.test(to)) await happens();
    return renamed;
  };
  return Object.assign(Object.create(files), { rename });
}

/** A host whose script of microVMs answers so to `sources`, or fails when it is null. */
const microvmHost =
  ({ sources }: { readonly sources: string | null }) =>
  ({ host }: KeptInMemory): MemoryShell =>
    new MemoryShell('memory')
      .handle((run) => {
        const { argv } = run.command;
        if (!argv[1]?.endsWith('/pikaci-microvm-host')) return argv[0] === 'true' ? 0 : undefined;
        if (argv[2] === 'time') run.write('stdout', `${host.clock.now()}\n`);
        if (argv[2] === 'sources' && sources === null) return 1;
        if (argv[2] === 'sources') run.write('stdout', sources ?? '');
        return 0;
      })
      .handle(diskTools(host.hostFiles));

describe('evicting', () => {
  it('removes what nobody has used for as long as is configured, and says what it was', async () => {
    const kept = new KeptInMemory();
    const old = await kept.keep('snapshots', SNAPSHOT, 5000);
    await kept.clock.advance(20 * DAY);
    await kept.keep('snapshots', OTHER, 2000);
    const output = await kept.keep('prepared', OUTPUT, 100);
    await kept.clock.advance(10 * DAY + 1000);
    await kept.use(output);
    const lastUsedMs = kept.clock.now() - 30 * DAY - 1000;
    const expected = {
      evicted: [{ kind: 'snapshot', path: old, bytes: 5120, lastUsedMs, mounted: false }],
      kept: { entries: 2, bytes: 2048 + 1024 },
      failed: [],
    };
    expect(must(await kept.pikaci().reap({ dryRun: true })).kept).toEqual(expected);
    expect(await kept.names('snapshots')).toEqual([SNAPSHOT, OTHER]);
    expect(must(await kept.pikaci().reap()).kept).toEqual(expected);
    expect(await kept.names('snapshots')).toEqual([OTHER]);
    expect(await kept.names('prepared')).toEqual([OUTPUT]);
  });

  it('keeps no more bytes than it is told, and lets go first what was used longest ago', async () => {
    const kept = new KeptInMemory();
    const used = await kept.keep('snapshots', SNAPSHOT);
    await kept.keep('prepared', OUTPUT);
    await kept.clock.advance(DAY);
    await kept.use(used);
    await kept.clock.advance(DAY);
    const { evicted } = must(await kept.pikaci().reap({ keep: { keepBytes: 2048 } })).kept;
    expect(evicted.map(({ path }) => path)).toEqual([`${WORK}/prepared/${OUTPUT}`]);
    expect(await kept.names('snapshots')).toEqual([SNAPSHOT]);
  });

  it('leaves alone what a machine of any project mounts, though nobody looks after it', async () => {
    const kept = new KeptInMemory();
    await kept.mount(`${await kept.keep('snapshots', SNAPSHOT)}/content`);
    await kept.mount(`${await kept.keep('prepared', OUTPUT)}/content`, 'other');
    await kept.clock.advance(400 * DAY);
    expect(must(await kept.pikaci().reap({ keep: ALL })).kept).toEqual({
      evicted: [],
      kept: { entries: 2, bytes: 2048 },
      failed: [],
    });
  });

  it('leaves alone what has no marker or another name, and what is not known to be free', async () => {
    const kept = new KeptInMemory();
    const { hostFiles, incus } = kept.host;
    must(await hostFiles.makeDirectory(`${WORK}/snapshots/${OTHER}/snapshot`));
    must(await hostFiles.makeDirectory(`${WORK}/snapshots/mine`));
    await kept.keep('snapshots', SNAPSHOT);
    await kept.clock.advance(400 * DAY);
    incus.faults.failNext('instancesOfAllProjects', 'permission_denied');
    const unsure = must(await kept.pikaci().reap({ keep: ALL })).kept;
    expect(unsure).toMatchObject({ evicted: [], failed: [{ path: WORK }] });
    expect(must(await kept.pikaci().reap({ keep: ALL })).kept.evicted).toHaveLength(1);
    expect(await kept.names('snapshots')).toEqual([OTHER, 'mine']);
  });

  describe.each(['incus', 'microvm'] as const)('with the backend %s', (backend) => {
    async function old() {
      const kept = new KeptInMemory();
      const home = await kept.keep('snapshots', SNAPSHOT);
      await kept.clock.advance(400 * DAY);
      return { kept, home };
    }

    it('leaves alone what a machine of either backend mounts', async () => {
      const { kept, home } = await old();
      await kept.mount(`${home}/content`);
      const report = must(await kept.pikaci({}, backend).reap({ keep: ALL })).kept;
      expect(report).toMatchObject({ evicted: [], kept: { entries: 1 }, failed: [] });
      const other = await old();
      const shell = microvmHost({ sources: `${other.home}/content\0` });
      const again = must(
        await other.kept.pikaci({ shell: shell(other.kept) }, backend).reap({ keep: ALL }),
      ).kept;
      expect(again).toMatchObject({ evicted: [], kept: { entries: 1 }, failed: [] });
    });

    it('removes nothing when one of them does not answer, and says so', async () => {
      const { kept } = await old();
      must(await kept.host.hostFiles.makeDirectory('/var/lib/incus'));
      kept.host.incus.faults.failNext('instancesOfAllProjects', 'unreachable');
      const report = must(await kept.pikaci({}, backend).reap({ keep: ALL })).kept;
      expect(report).toMatchObject({ evicted: [], failed: [{ path: WORK }] });
      const broken = microvmHost({ sources: null })(kept);
      const again = must(await kept.pikaci({ shell: broken }, backend).reap({ keep: ALL })).kept;
      expect(again).toMatchObject({ evicted: [], failed: [{ path: WORK }] });
      expect(await kept.names('snapshots')).toEqual([SNAPSHOT]);
    });

    it('has no instances to ask for where Incus is not installed', async () => {
      const { kept } = await old();
      for (let call = 0; call < 2; call++)
        kept.host.incus.faults.failNext('instancesOfAllProjects', 'unreachable');
      expect(must(await kept.pikaci({}, backend).reap({ keep: ALL })).kept.evicted).toHaveLength(1);
    });
  });

  it('moves back what a run began to use, or a machine to mount, in the moment in which it was moved aside', async () => {
    for (const begins of ['use', 'mount'] as const) {
      const kept = new KeptInMemory();
      const home = await kept.keep('snapshots', SNAPSHOT);
      await kept.clock.advance(2 * DAY);
      const { hostFiles } = kept.host;
      const racing = afterRename(hostFiles, /\/\.evicting-/, async () => {
        const [aside = ''] = await kept.names('snapshots');
        // The stamp was being written while the directory moved; the machine was made before.
        if (begins === 'use') await kept.use(`${WORK}/snapshots/${aside}`);
      });
      const incus = begins === 'use' ? kept.host.incus : mounting(kept.host.incus, `${home}/content`);
      const report = must(await kept.pikaci({ hostFiles: racing, incus }).reap({ keep: ALL })).kept;
      expect(report).toMatchObject({ evicted: [], kept: { entries: 1 }, failed: [] });
      expect(await kept.names('snapshots')).toEqual([SNAPSHOT]);
    }
  });

  it('leaves aside what a machine may mount while another copy stands in its place, until the machine is gone', async () => {
    const kept = new KeptInMemory();
    const home = await kept.keep('snapshots', SNAPSHOT);
    await kept.clock.advance(2 * DAY);
    const racing = afterRename(kept.host.hostFiles, /\/\.evicting-/, () => kept.keep('snapshots', SNAPSHOT));
    const incus = mounting(kept.host.incus, `${home}/content`);
    must(await kept.pikaci({ hostFiles: racing, incus }).reap({ keep: ALL }));
    expect(await kept.names('snapshots')).toEqual([expect.stringMatching(/^\.evicting-/), SNAPSHOT]);
    must(await kept.pikaci().reap({ keep: ALL }));
    expect(await kept.names('snapshots')).toEqual([SNAPSHOT]);
  });

  it('run twice at once removes each once, and neither fails', async () => {
    const kept = new KeptInMemory();
    await Promise.all([kept.keep('snapshots', SNAPSHOT), kept.keep('snapshots', OTHER)]);
    await kept.clock.advance(2 * DAY);
    const reports = await Promise.all([1, 2, 3].map(() => kept.pikaci().reap({ keep: ALL })));
    const all = reports.map((report) => must(report).kept);
    expect(all.flatMap(({ failed }) => failed)).toEqual([]);
    const evicted = all.flatMap((report) => report.evicted.map(({ path }) => path.slice(-64)));
    expect(evicted.sort()).toEqual([SNAPSHOT, OTHER]);
    expect(await kept.names('snapshots')).toEqual([]);
  });

  it('finishes what one that was killed has begun: what was doomed goes, what is used comes back', async () => {
    const kept = new KeptInMemory();
    const { hostFiles } = kept.host;
    await kept.use(await kept.keep('snapshots', SNAPSHOT));
    must(
      await hostFiles.rename(`${WORK}/snapshots/${SNAPSHOT}`, `${WORK}/snapshots/.evicting-${SNAPSHOT}-01`),
    );
    must(await hostFiles.makeDirectory(`${WORK}/snapshots/.deleting-${OTHER}-02/half`));
    must(await kept.pikaci().reap({ dryRun: true }));
    expect(await kept.names('snapshots')).toHaveLength(2);
    must(await kept.pikaci().reap());
    expect(await kept.names('snapshots')).toEqual([SNAPSHOT]);
    must(
      await hostFiles.rename(`${WORK}/snapshots/${SNAPSHOT}`, `${WORK}/snapshots/.evicting-${SNAPSHOT}-03`),
    );
    await kept.clock.advance(DAY);
    must(await kept.pikaci().reap());
    expect(await kept.names('snapshots')).toEqual([]);
  });

  it('names what could not be removed, and removes the rest', async () => {
    const kept = new KeptInMemory();
    await Promise.all([kept.keep('snapshots', SNAPSHOT), kept.keep('snapshots', OTHER)]);
    await kept.clock.advance(2 * DAY);
    kept.host.hostFiles.failNext('rename', 'permission_denied', `${WORK}/snapshots/${SNAPSHOT}`);
    const { evicted, failed } = must(await kept.pikaci().reap({ keep: ALL })).kept;
    expect(evicted.map(({ path }) => path)).toEqual([`${WORK}/snapshots/${OTHER}`]);
    expect(failed).toMatchObject([{ path: `${WORK}/snapshots/${SNAPSHOT}` }]);
  });

  it('removes what a command was filling two days ago', async () => {
    const kept = new KeptInMemory();
    must(await kept.host.hostFiles.makeDirectory(`${WORK}/prepared/.building-01/output`));
    await kept.clock.advance(2 * DAY);
    must(await kept.pikaci().reap());
    expect(await kept.names('prepared')).toEqual(['.building-01']);
    await kept.clock.advance(1000);
    must(await kept.pikaci().reap());
    expect(await kept.names('prepared')).toEqual([]);
  });
});

/** The same daemon, which from the second look on has one more machine. */
function mounting(incus: IncusApi, source: string): IncusApi {
  let looks = 0;
  const instancesOfAllProjects: IncusApi['instancesOfAllProjects'] = async (options) => {
    const all = await incus.instancesOfAllProjects(options);
    looks += 1;
    const devices = { d: { type: 'disk', source, path: '/workspace/snapshot' } };
    return looks === 1
      ? all
      : all.map((some) => [...some, { name: 'm', config: {}, devices } as unknown as (typeof some)[number]]);
  };
  return Object.assign(Object.create(incus), { instancesOfAllProjects });
}
