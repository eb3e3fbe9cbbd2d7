import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createPikaci,
  type EventSink,
  type Pikaci,
  type PikaciConfigInput,
  type TargetConfigInput,
} from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { networksContract } from '../../src/testing/contract/incus-api/networks.js';
import { serverContract } from '../../src/testing/contract/incus-api/server.js';
import type { Bench } from '../../src/testing/contract/incus-api/subject.js';
import { ClusterUnderTest } from '../support/cluster.js';
import { connectTo, type HostConnection } from '../support/host-connection.js';
import { fill } from '../support/nix-output.js';
import { repositoryRoot } from '../support/repository-root.js';
import { vitestRunner } from '../support/vitest-runner.js';

let formed: ClusterUnderTest;
let looking: HostConnection;
beforeAll(async () => {
  formed = await ClusterUnderTest.form(3);
  looking = connectTo(formed.cluster);
  await mkdir(workspace());
  await writeFile(join(workspace(), 'hello.txt'), 'hello\n');
});
afterAll(async () => {
  await looking[Symbol.asyncDispose]();
  await formed[Symbol.asyncDispose]();
});

const workspace = () => join(formed.directory, 'workspace');

/** With a member as the host. */
function pikaciAt(ssh: string, incus: PikaciConfigInput['incus'] = {}): Pikaci {
  const { identityFile, knownHostsFile, project, profile, image, workDir } = formed.cluster;
  return must(
    createPikaci({
      host: { ssh, identityFile, knownHostsFile, agent: false, sshConfigFile: false },
      incus: { project, profile, image, ...incus },
      workDir: `${workDir}/t`,
      stateRoot: join(formed.directory, 'runs'),
    }),
  );
}

describe('a cluster of three', () => {
  const bench: Bench = {
    subject: () => ({
      api: looking.incus,
      project: formed.cluster.project,
      profiles: [formed.cluster.profile],
      imageAlias: formed.cluster.image,
      pool: 'fast',
      another: async () => connectTo(formed.cluster).incus,
      dispose: async () => {},
    }),
    capabilities: { bulkBytes: 0, realGuest: true },
  };
  serverContract(vitestRunner, bench);
  networksContract(vitestRunner, bench);

  it('runs a job on the member that is its host, where its directories are, and leaves nothing there', async () => {
    const { members, user, project, httpsUrl, clientCertFile, clientKeyFile, serverCertFile } =
      formed.cluster;
    const [, m2, m3] = members;
    const https = { via: 'https', url: httpsUrl, clientCertFile, clientKeyFile, serverCertFile } as const;
    // The last of them through another member's daemon.
    const hosts = [
      { member: m2, incus: {} },
      { member: m3, incus: { transport: https } },
    ];
    for (const { member = { name: '', address: '' }, incus } of hosts) {
      await using pikaci = pikaciAt(`${user}@${member.address}`, incus);
      let location: Promise<string> | undefined;
      const look = async (instance: string) => {
        const { location: at } = must(await looking.incus.instance(project, instance)).value;
        must(
          await looking.incus.writeFile(project, instance, {
            path: '/artifacts/go',
            content: new Uint8Array(),
          }),
        );
        return at;
      };
      const events: EventSink = {
        emit: (event) => {
          if (event.type === 'instance_created') location = look(event.instance);
        },
      };
      const job = {
        id: 'j',
        command: `until [ -e /artifacts/go ]; do sleep 0.02; done; cat /workspace/snapshot/hello.txt >/artifacts/o.txt`,
        artifacts: ['/artifacts/o.txt'],
      };
      const run = must(
        await pikaci.runJob({ job, workspace: workspace(), runId: `on-${member.name}`, events }),
      );
      must(await run.cleanUp);
      expect([run.outcome.status, await location]).toEqual(['passed', member.name]);
      expect(await readFile(join(run.state.artifactsDir, 'o.txt'), 'utf8')).toBe('hello\n');
    }
    expect(must(await looking.incus.instances(project))).toEqual([]);
  });

  it('mounts the artifacts of a job that ran on one member in a job on another, and on the host', async () => {
    const { user, port, project, members } = formed.cluster;
    const [, m2, m3] = members.map(({ name }) => name);
    const definition = {
      jobs: [
        {
          id: 'build',
          command: 'echo built >/artifacts/app; ln -s / /artifacts/link',
          artifacts: ['/artifacts/**'],
        },
        {
          id: 'use',
          artifactsFrom: ['build'],
          command:
            'cd /artifacts-from/build && ls >/artifacts/all && cat app >>/artifacts/all; ! echo x 2>/dev/null >x',
          artifacts: ['/artifacts/all'],
        },
      ],
    };
    const on = (member = '') => pikaciAt(`${user}@127.0.0.1:${port}`, { cluster: { members: [member] } });
    let before = '';
    for (const [member, at] of [
      [m2, m2],
      [m3, m3],
      ['m1', 'm1'],
    ]) {
      await using pikaci = on(member);
      const call = { workspace: workspace(), runId: `artifacts-${member}` };
      const ran =
        before === ''
          ? await pikaci.runTarget({ ...call, target: 't', definition })
          : await pikaci.rerun(before, { ...call, only: { jobs: ['use'] } });
      const run = must(ran);
      must(await run.cleanUp);
      expect(run.record.status).toBe('passed');
      const jobDir = join(run.state.runDir, 'jobs', 'use');
      expect(JSON.parse(await readFile(join(jobDir, 'job.json'), 'utf8')).incus_member).toBe(at);
      expect(await readFile(join(jobDir, 'artifacts', 'all'), 'utf8')).toBe('app\nbuilt\n');
      before ||= call.runId;
    }
    expect(must(await looking.incus.instances(project))).toEqual([]);
  });

  it('sends what a command has made on the host to the member of the job that mounts it, once', async () => {
    const { user, port, project } = formed.cluster;
    const command = fill('tool', '$PIKACI_OUTPUT', 'date +%s%N');
    const definition = {
      prepare: [{ id: 'tool', type: 'command', command, inputs: ['hello.txt'] }],
      jobs: [
        { id: 'use', dependsOn: ['tool'], command: 'cat /opt/tool/data; ! touch /opt/tool/x 2>/dev/null' },
      ],
    } satisfies TargetConfigInput;
    await using pikaci = pikaciAt(`${user}@127.0.0.1:${port}`, { cluster: { members: ['m2'] } });
    const made = new Set<string>();
    for (const runId of ['output-1', 'output-2']) {
      const run = must(await pikaci.runTarget({ target: 't', definition, workspace: workspace(), runId }));
      must(await run.cleanUp);
      expect(run.record.status).toBe('passed');
      const jobDir = join(run.state.runDir, 'jobs', 'use');
      expect(JSON.parse(await readFile(join(jobDir, 'job.json'), 'utf8')).incus_member).toBe('m2');
      made.add(await readFile(join(jobDir, 'guest.log'), 'utf8'));
    }
    // It was made and sent by the first.
    expect([...made]).toEqual([expect.stringMatching(/^\d+\n$/)]);
    expect(must(await looking.incus.instances(project))).toEqual([]);
  });

  it('makes the services of a job beside it, on its member, with a network of their own, and leaves nothing', async () => {
    const { user, port, project, members } = formed.cluster;
    const pks = async () =>
      must(await looking.incus.networks(project)).filter(({ name }) => name.startsWith('pks-'));
    const seen: Promise<unknown>[] = [];
    const look = async () => {
      const machines = must(await looking.incus.instances(project));
      const networks = await pks();
      return [machines.map(({ location }) => location), networks.map(({ status }) => status)];
    };
    const events: EventSink = {
      emit: (event) => {
        if (event.type === 'service_ready') seen.push(look());
      },
    };
    await using pikaci = pikaciAt(`${user}@127.0.0.1:${port}`, { cluster: { members: ['m2', 'm3'] } });
    const service = {
      name: 'db',
      command: 'exec busybox httpd -f -p 80 -h /srv',
      runAsRoot: true,
      files: [{ path: '/srv/index.html', content: 'served\n' }],
      ready: { tcp: 80 },
    };
    const job = { id: 'j', command: 'busybox wget -q -O - http://db/', services: [service] };
    const run = must(await pikaci.runJob({ job, workspace: workspace(), runId: 'served', events }));
    must(await run.cleanUp);
    expect(run.outcome).toMatchObject({ status: 'passed', services: [{ name: 'db', status: 'running' }] });
    expect(await readFile(run.state.guestLog, 'utf8')).toBe('served\n');
    const { incus_member: at } = JSON.parse(await readFile(run.state.jobRecord, 'utf8'));
    expect(at).not.toBe(members[0]?.name);
    expect(await Promise.all(seen)).toEqual([[[at, at], ['Created']]]);
    expect([must(await looking.incus.instances(project)), await pks()]).toEqual([[], []]);
  });

  it('runs jobs of one configuration on all members, and takes up one whose runner has left it', async () => {
    const { user, port, project, members } = formed.cluster;
    const names = members.map(({ name }) => name);
    const open = () => pikaciAt(`${user}@127.0.0.1:${port}`, { cluster: { members: names } });
    await using pikaci = open();
    const go = async (instance: string) => {
      const file = { path: '/artifacts/go', content: new Uint8Array() };
      must(await looking.incus.writeFile(project, instance, file));
    };
    const made = new Map<string, string>();
    const leave = new AbortController();
    let released: Promise<unknown> = Promise.resolve();
    const events: EventSink = {
      emit: (event) => {
        if (event.type !== 'instance_created') return;
        made.set(event.job_id, event.instance);
        // Each waits until all are there, so that each has a member of its own.
        if (made.size < 3) return;
        released = Promise.all(['j0', 'j1'].map((job) => go(made.get(job) ?? '')));
        leave.abort();
      },
    };
    const runs = await Promise.all(
      names.map(async (_, index) => {
        const command = 'until [ -e /artifacts/go ]; do sleep 0.02; done; cat /workspace/snapshot/hello.txt';
        const job = { id: `j${index}`, command, timeoutSecs: 120 };
        const left = index === 2 ? { signal: leave.signal, onAbort: 'detach' as const } : {};
        return must(await pikaci.runJob({ job, workspace: workspace(), runId: 'spread', events, ...left }));
      }),
    );
    await released;
    for (const { cleanUp } of runs) must(await cleanUp);
    expect(runs.map(({ outcome }) => outcome.status)).toEqual(['passed', 'passed', 'detached']);
    const records = await Promise.all(
      runs.map(async ({ state }) => JSON.parse(await readFile(state.jobRecord, 'utf8'))),
    );
    expect(new Set(records.map((record) => record.incus_member))).toEqual(new Set(names));
    const left = made.get('j2') ?? '';
    expect(must(await looking.incus.instance(project, left)).value.location).toBe(records[2].incus_member);
    await using other = open();
    await go(left);
    const taken = must(await other.attach('spread', 'j2'));
    must(await taken.cleanUp);
    expect(taken.outcome.status).toBe('passed');
    const reaped = must(await other.reap({ dryRun: true }));
    expect([reaped.deleted, reaped.alive, reaped.failed]).toEqual([[], [], []]);
    expect(must(await looking.incus.instances(project))).toEqual([]);
  });

  it('lets a member be evacuated on which a job runs, which is lost with that said, and tried again elsewhere', async () => {
    const { user, port, members, container } = formed.cluster;
    const [, m2, m3] = members.map(({ name }) => name);
    const incus = (...words: string[]) =>
      promisify(execFile)('docker', ['exec', container, 'incus', 'cluster', ...words]);
    await using pikaci = pikaciAt(`${user}@127.0.0.1:${port}`, {
      cluster: { members: [m2 ?? '', m3 ?? ''] },
    });
    const places: (string | undefined)[] = [];
    let evacuated: Promise<unknown> | undefined;
    const events: EventSink = {
      emit: (event) => {
        if (event.type === 'job_started') places.push(event.member);
        if (event.type !== 'log_bytes' || places.length > 1) return;
        evacuated ??= incus('evacuate', places[0] ?? '', '--force');
      },
    };
    const job = {
      id: 'j',
      command: '[ "$PIKACI_JOB_ATTEMPT" = 2 ] || { echo begun; sleep 300; }',
      retry: { max: 1, when: ['lost' as const], backoffSecs: 0 },
    };
    const run = must(await pikaci.runJob({ job, workspace: workspace(), runId: 'evacuated', events }));
    await evacuated;
    must(await run.cleanUp);
    await incus('restore', places[0] ?? '', '--force');
    expect(run.outcome).toMatchObject({
      status: 'passed',
      attempt: 2,
      earlier_attempts: [{ cause: 'lost' }],
    });
    expect([...places].sort()).toEqual([m2, m3]);
    expect(must(await looking.incus.instances(formed.cluster.project))).toEqual([]);
  });

  it('runs a job where the placement of the example says, and tells why', async () => {
    const { user, port, project, profile, image, workDir, identityFile, knownHostsFile, members } =
      formed.cluster;
    const names = members.map(({ name }) => name);
    const config = {
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
    };
    const ended = await promisify(execFile)(
      process.execPath,
      [join(repositoryRoot, 'examples/placement.mjs')],
      { cwd: workspace(), env: { ...process.env, PIKACI_CONFIG: JSON.stringify(config) } },
    );
    expect(ended.stdout).toBe('m1 machines there ask for 0 cores\npassed\n');
  });
});
