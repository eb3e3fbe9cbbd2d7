import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { createPikaci, type EventSink } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { Random } from '../support/chaos/random.js';
import { ClusterUnderTest } from '../support/cluster.js';
import { connectTo } from '../support/host-connection.js';

/** How many members are killed, and the first seed. None unless asked for: a death takes minutes. */
const KILLS = Number(process.env['PIKACI_CHAOS_MEMBERS'] ?? 0);
const SEED = Number(process.env['PIKACI_CHAOS_SEED'] ?? 1);
const JOBS = 10;
const PHASES = [
  'prepare_directories',
  'stage_workspace_snapshot',
  'prepare_runtime',
  'launch_guest',
  'wait_for_completion',
  'collect_artifacts',
] as const;
const docker = (...words: string[]) => promisify(execFile)('docker', words);

it.runIf(KILLS > 0)(
  `ends each run of ten jobs well when a member dies in it: ${KILLS} from seed ${SEED}`,
  {
    timeout: 3_600_000,
  },
  async () => {
    await using formed = await ClusterUnderTest.form(3);
    await using looking = connectTo(formed.cluster);
    const { user, port, identityFile, knownHostsFile, project, profile, image, workDir, members } =
      formed.cluster;
    const workspace = join(formed.directory, 'workspace');
    await mkdir(workspace);
    await writeFile(join(workspace, 'hello.txt'), 'hello\n');
    const names = members.map(({ name }) => name);
    // The host itself lives: this runner asks it.
    const others = members.slice(1);
    for (let round = 0; round < KILLS; round++) {
      const random = new Random(SEED + round);
      const victim = random.one(others);
      const phase = PHASES[(SEED + round) % PHASES.length];
      await using pikaci = must(
        createPikaci({
          host: {
            ssh: `${user}@127.0.0.1:${port}`,
            identityFile,
            knownHostsFile,
            agent: false,
            sshConfigFile: false,
          },
          incus: { project, profile, image, cluster: { members: names } },
          workDir: `${workDir}/t`,
          stateRoot: join(formed.directory, 'runs'),
          leaseSecs: 30,
        }),
      );
      let killed: Promise<unknown> | undefined;
      const on = new Map<string, string | undefined>();
      const events: EventSink = {
        emit: (event) => {
          if (event.type === 'job_started') on.set(event.job_id, event.member);
          if (event.type !== 'phase_started' || event.phase !== phase) return;
          if (on.get(event.job_id) === victim.name) killed ??= docker('kill', victim.container);
        },
      };
      const began = performance.now();
      const runs = await Promise.all(
        Array.from({ length: JOBS }, async (_, index) => {
          const job = {
            id: `j${index}`,
            command: 'cp /workspace/snapshot/hello.txt /artifacts/o.txt; sleep 3',
            artifacts: ['/artifacts/o.txt'],
            timeoutSecs: 600,
            retry: { max: 2, when: ['lost' as const, 'host' as const], backoffSecs: 0 },
          };
          return await pikaci.runJob({ job, workspace, runId: `round-${round}`, events });
        }),
      );
      const took = Math.round((performance.now() - began) / 1000);
      await killed;
      const ends = runs.map((run) => (run.isOk() ? run.value.outcome.status : run.error.message));
      const attempts = runs.map((run) => (run.isOk() ? (run.value.outcome.attempt ?? 1) : 0));
      console.log(
        `round ${round}: ${victim.name} ${killed ? 'killed' : 'not killed'} in ${phase}, ${took} s, attempts ${attempts}`,
      );
      expect(ends).toEqual(Array.from({ length: JOBS }, () => 'passed'));
      await docker('start', victim.container);
      // What was on it is nobody's when its lease has ended.
      await vi.waitFor(
        async () => {
          must(await pikaci.reap());
          expect(must(await looking.incus.instances(project))).toEqual([]);
        },
        { timeout: 240_000, interval: 3_000 },
      );
    }
  },
);
