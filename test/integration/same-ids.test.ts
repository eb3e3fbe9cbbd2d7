import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incusInstanceName, type Phase, type Pikaci, type TargetConfigInput } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { fill } from '../support/nix-output.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const WAITING = 'echo begun; until [ -e /artifacts/go ]; do sleep 0.02; done; echo kept >/artifacts/mine';

onEachBackend((backend) => {
  let site: Site;
  /** A second repository on the same host: the same ids, another state root. */
  let other: Pikaci;
  beforeAll(async () => {
    site = await Site.open({ backend });
    other = site.open({ stateRoot: join(site.directory, 'other-state') });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** A job that runs, and what ends it well. */
  async function running(runId: string) {
    const events = new EventRecorder();
    const finished = site.finish(
      { command: WAITING, artifacts: ['/artifacts/mine'] },
      { runId, events },
      other,
    );
    await Promise.race([events.logged('begun'), finished]);
    return async () => {
      expect(await site.machines()).toContain(incusInstanceName(runId, 'j'));
      expect((await site.leftovers(runId)).directories).toEqual([runId]);
      await site.release(runId);
      const { run } = await finished;
      expect(run.outcome).toMatchObject({ status: 'passed', artifacts: { collected: [{ path: 'mine' }] } });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    };
  }

  const attempt = (runId: string, more: { signal?: AbortSignal; events?: EventRecorder } = {}) =>
    site.pikaci.runJob({
      job: { id: 'j', command: 'echo wrong' },
      workspace: site.workspace,
      runId,
      ...more,
    });

  describe('the ids of a job that runs for another state root', () => {
    it('are those of an ended run: attaching to that leaves the machine', async () => {
      const runId = site.newRunId();
      await site.finish({ command: 'echo first' }, { runId });
      const endsWell = await running(runId);
      const again = must(await site.pikaci.attach(runId, 'j'));
      expect(again.outcome.status).toBe('passed');
      must(await again.cleanUp);
      await endsWell();
    });

    it('are refused to a new run, whose attempt leaves machine and directory', async () => {
      const runId = site.newRunId();
      const endsWell = await running(runId);
      mustFail(await attempt(runId), 'run_exists');
      await endsWell();
    });

    it.each<Phase>(['prepare_directories', 'stage_workspace_snapshot', 'prepare_runtime', 'launch_guest'])(
      'are left alone by an attempt that is cancelled in %s',
      async (phase) => {
        const runId = site.newRunId();
        const endsWell = await running(runId);
        const cancel = new AbortController();
        const events = new EventRecorder();
        const emit = events.emit.bind(events);
        events.emit = (event) => {
          if (event.type === 'phase_started' && event.phase === phase) cancel.abort();
          return emit(event);
        };
        const failed = await attempt(runId, { signal: cancel.signal, events });
        expect(['cancelled', 'run_exists']).toContain(failed._unsafeUnwrapErr().kind);
        await endsWell();
      },
    );

    it('are one job’s when two begin at once: its command and its secrets', async () => {
      const runId = site.newRunId();
      const begin = (pikaci: Pikaci, secret: string) =>
        pikaci.runJob({
          job: {
            id: 'j',
            command: 'printf %s "$WHO" | sha256sum >/artifacts/who',
            artifacts: ['/artifacts/who'],
            secrets: { WHO: secret },
          },
          workspace: site.workspace,
          runId,
        });
      const ends = await Promise.all([begin(site.pikaci, 'the first one'), begin(other, 'the second one')]);
      const won = ends.filter((end) => end.isOk()).map((end) => must(end));
      expect(ends.map((end) => (end.isOk() ? 'ok' : end.error.kind)).sort()).toEqual(['ok', 'run_exists']);
      expect(won[0]?.outcome.status).toBe('passed');
      must(await (won[0]?.cleanUp ?? Promise.reject(new Error('nobody won'))));
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });

  describe('the id of an open machine of another state root', () => {
    it('opens no second one, and the attempt leaves the first', async () => {
      const id = site.newRunId();
      const machine = must(await other.openMachine({ id }));
      mustFail(await site.pikaci.openMachine({ id }), 'run_exists');
      expect(must(await machine.run({ command: 'echo here' })).status).toBe('passed');
      expect(await site.onHost('ls "$1/runs/$2/jobs"', site.workDir, id)).toBe('machine\n');
      must(await machine.release());
      expect(await site.leftovers(id)).toEqual(NOTHING_LEFT);
    });
  });

  describe('the run id of a run of another state root, which goes on', () => {
    /** A store path that nothing but a run's root protects, at the end of a link as a profile has it. */
    const profile = async (name: string) => {
      const link = `${site.workDir}/${name}`;
      const path = await site.onHost(
        `mkdir -p "$1-tree" && cd "$1-tree" && ${fill('sdk', '.', `echo ${site.newRunId()}`)}
        path=$(nix-store --add "$1-tree") && ln -s "$path" "$1" && printf %s "$path"`,
        link,
      );
      return { link, path };
    };

    it('leaves that one its roots in the Nix store when the first of the two ends', async () => {
      const runId = site.newRunId();
      const [mine, theirs] = [await profile(`mine-${runId}`), await profile(`theirs-${runId}`)];
      const go = `${site.workDir}/go-${runId}`;
      const begun = `${site.workDir}/begun-${runId}`;
      const waits = {
        id: 'waits',
        type: 'command' as const,
        command: `touch ${begun}; until [ -e ${go} ]; do sleep 0.02; done; ${fill('waits', '$PIKACI_OUTPUT', 'echo waited')}`,
        inputs: ['hello.txt'],
        dependsOn: ['sdk'],
      };
      const job = (id: string, dependsOn: string[]) => ({
        id,
        command: 'cat /opt/sdk/data',
        dependsOn,
        timeoutSecs: 300,
      });
      const run = (pikaci: Pikaci, definition: TargetConfigInput) =>
        pikaci.runTarget({ target: 't', definition, workspace: site.workspace, runId });
      const sdk = (path: string) => ({ id: 'sdk', type: 'path', path }) as const;
      const goesOn = run(other, { prepare: [sdk(theirs.link), waits], jobs: [job('a', ['sdk', 'waits'])] });
      await Promise.race([
        site.onHost('until [ -e "$1" ]; do sleep 0.02; done', begun),
        goesOn.then((end) => {
          throw new Error(`it ended before it waited: ${JSON.stringify(end)}`);
        }),
      ]);
      const ended = must(await run(site.pikaci, { prepare: [sdk(mine.link)], jobs: [job('b', ['sdk'])] }));
      must(await ended.cleanUp);
      expect(ended.record.status).toBe('passed');
      await site.onHost(
        'rm "$1" "$2"; nix-store --gc 2>&1; test ! -e "$3"; ls "$4/data"',
        mine.link,
        theirs.link,
        mine.path,
        theirs.path,
      );
      await site.onHost('touch "$1"', go);
      const last = must(await goesOn);
      must(await last.cleanUp);
      expect(last.record).toMatchObject({ status: 'passed' });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      await site.onHost('nix-store --gc 2>&1; test ! -e "$1"', theirs.path);
    });
  });

  describe('the directory that a killed runner has left', () => {
    const OLD = 'touch -d "1 hour ago" "$1/runs/$2/jobs/j/owner"';
    const left = (runId: string, more = OLD) =>
      site.onHost(
        `mkdir -p "$1/runs/$2/jobs/j/artifacts" && echo 0b1c >"$1/runs/$2/jobs/j/owner" && ${more}`,
        site.workDir,
        runId,
      );

    it('is removed by gc, and the ids are free again', async () => {
      const runId = site.newRunId();
      await left(runId);
      expect(mustFail(await attempt(runId), 'run_exists').message).toContain('pikaci gc --remote');
      const place = `${site.workDir}/runs/${runId}/jobs/j`;
      expect(must(await site.pikaci.reap({ dryRun: true })).abandoned).toEqual([place]);
      expect(must(await site.pikaci.reap())).toMatchObject({ abandoned: [place], abandonedFailed: null });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      const third = site.open({ stateRoot: join(site.directory, `third-${backend}`) });
      const { run } = await site.finish({ command: 'echo again' }, { runId }, third);
      expect(run.outcome.status).toBe('passed');
    });

    it('stays while it is young, and while its machine is there', async () => {
      const [young, mine] = [site.newRunId(), site.newRunId()];
      await left(young, ':');
      const endsWell = await running(mine);
      await site.onHost(OLD, site.workDir, mine);
      expect(must(await site.pikaci.reap())).toMatchObject({ abandoned: [], abandonedFailed: null });
      await endsWell();
      await site.onHost('rm -r "$1/runs/$2"', site.workDir, young);
    });
  });
});
