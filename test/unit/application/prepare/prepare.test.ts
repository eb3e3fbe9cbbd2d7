import { describe, expect, it } from 'vitest';
import { PAYLOAD_MANIFEST_PATH } from '../../../../src/domain/mounts/payload-manifest.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory } from '../target/target-in-memory.js';

type PrepareInput = NonNullable<TargetConfigInput['prepare']>[number];

const BUILT = '/nix/store/abc-workspace-build';
const json = (path: string) => JSON.stringify([{ drvPath: '/nix/store/x.drv', outputs: { out: path } }]);
/** Each run has a hold of its own on the host. */
const withoutHold = (line = '') => line.replace(/(?<=\/holds\/)[0-9a-f]{8}-[0-9a-f-]{27}(?=\/)/, 'UUID');
const needs = (id: string) => ({ id: 'j', command: 'x', dependsOn: [id] });

describe('a nix node', () => {
  const nix = { id: 'build', type: 'nixBuild', installable: '.#ci.x86_64-linux.workspaceBuild' } as const;

  it('is built on the host from the staged snapshot, mounted into the jobs that depend on it, and recorded', async () => {
    const target = await TargetInMemory.of({ prepare: [nix], jobs: [needs('build')] });
    await target.writeOutput(BUILT, '/staged/linux-rust/workspace-build');
    target.host.shell.handle(({ command, write }) => {
      if (command.argv[0] !== 'nix') return undefined;
      write('stderr', 'building…\n');
      write('stdout', json(BUILT));
      return 0;
    });
    await target.run();
    const { snapshot_dir: snapshot } = await target.record();
    const command = target.host.shell.commands.find(({ argv }) => argv[0] === 'nix');
    expect(command?.argv).toEqual([
      'nix',
      '--extra-experimental-features',
      'nix-command flakes',
      'build',
      '--out-link',
      expect.stringMatching(/^\/var\/pikaci\/runs\/run\/holds\/[0-9a-f-]{36}\/gc-roots\/build\/root$/),
      '--json',
      `path:${snapshot}#ci.x86_64-linux.workspaceBuild`,
      '--no-write-lock-file',
    ]);
    expect((await target.outputs()).outputs).toEqual([
      {
        node_id: 'build',
        installable: `path:${snapshot}#ci.x86_64-linux.workspaceBuild`,
        output_name: 'ci.x86_64-linux.workspaceBuild',
        protocol: 'nix_store_path_v1',
        residency: 'remote_authoritative',
        realized_path: BUILT,
        exposures: [
          { kind: 'payload_mount', path: '/staged/linux-rust/workspace-build', access: 'read_only' },
        ],
        requested_exposures: [],
        payload: expect.objectContaining({ schema_version: 1, kind: 'test' }),
      },
    ]);
    expect((await target.record()).prepare_timings).toMatchObject([{ node_id: 'build', ok: true }]);
    const spec = JSON.parse(await target.text('run/jobs/j/job.json')).job_spec;
    expect(spec.preparedOutputs).toEqual([{ name: 'build', path: BUILT }]);
    expect(await target.text('run/prepare/build.log')).toContain('building…');
  });

  it('tells what is sent for it, to whoever listens; the record does not keep that', async () => {
    const target = await TargetInMemory.of({ prepare: [nix], jobs: [needs('build')] });
    await target.writeOutput(BUILT, '/staged/linux-rust/workspace-build');
    target.host.shell.handle(({ command, write }) => {
      if (command.argv[0] !== 'nix') return undefined;
      write('stdout', json(BUILT));
      return 0;
    });
    await target.run();
    const sent = target.events.flatMap((event) => (event.type === 'node_upload_progress' ? [event] : []));
    expect(sent.at(-1)).toMatchObject({ node_id: 'build', kind: 'prepare', run_id: 'run' });
    expect(sent.at(-1)?.bytes).toBe(sent.at(-1)?.total_bytes);
    expect(await target.text('run/events.jsonl')).not.toContain('node_upload_progress');
  });

  it('takes its binary, flags, options, store and output from the configuration', async () => {
    const own = {
      binary: '/opt/nix',
      flags: ['-v'],
      options: ['--offline'],
      store: '/srv/nix',
      output: 'lib',
    };
    const target = await TargetInMemory.of({
      prepare: [{ ...nix, ...own, installable: 'nixpkgs#hello' }],
      jobs: [needs('build')],
    });
    await target.writeOutput(`/srv/nix${BUILT}`, '/opt/lib');
    target.host.shell.handle(({ command, write }) => {
      if (command.argv[0] !== '/opt/nix') return undefined;
      write('stdout', JSON.stringify([{ outputs: { out: '/nix/store/other', lib: BUILT } }]));
      return 0;
    });
    await target.run();
    const argv = target.host.shell.commands.find((command) => command.argv[0] === '/opt/nix')?.argv;
    expect(withoutHold(argv?.join(' '))).toBe(
      '/opt/nix -v build --out-link /var/pikaci/runs/run/holds/UUID/gc-roots/build/root --json --store /srv/nix nixpkgs#hello --offline',
    );
    expect((await target.outputs()).outputs[0]?.realized_path).toBe(`/srv/nix${BUILT}`);
  });

  it('is built on this machine and copied, where that is wanted', async () => {
    const target = await TargetInMemory.of({
      prepare: [{ ...nix, where: 'local', copyTo: 'ssh-ng://ci@box' }],
      jobs: [needs('build')],
    });
    await target.writeOutput(BUILT, '/opt/build');
    const said: string[] = [];
    target.localShell.handle(({ command, write }) => {
      said.push(command.argv.slice(3).join(' '));
      if (command.argv.includes('build')) write('stdout', json(BUILT));
      return 0;
    });
    target.host.shell.handle(({ command }) => {
      if (command.argv[0] !== 'nix') return undefined;
      said.push(`on the host: ${withoutHold(command.argv.slice(3).join(' '))}`);
      return 0;
    });
    await target.run();
    expect(said).toEqual([
      'build --no-link --json path:/srv/tree#ci.x86_64-linux.workspaceBuild',
      `copy --to ssh-ng://ci@box ${BUILT}`,
      `on the host: build --offline --out-link /var/pikaci/runs/run/holds/UUID/gc-roots/build/root ${BUILT}`,
    ]);
    expect((await target.outputs()).outputs[0]?.residency).toBe('local_authoritative');
  });

  it.each([
    ['does not build', 1, '', /nix ended with 1:\nerror: no such attribute/],
    ['prints no JSON', 0, 'hello', /printed no JSON/],
    ['prints other JSON', 0, '[]', /another form/],
    ['has no such output', 0, '[{"outputs":{"dev":"/nix/store/x"}}]', /no output "out"; it has dev/],
    ['names a path that is none', 0, '[{"outputs":{"out":"../../etc"}}]', /another form/],
  ])(
    'that %s fails, its jobs are skipped, and the record says why',
    async (_title, code, stdout, message) => {
      const target = await TargetInMemory.of({ prepare: [nix], jobs: [needs('build')] });
      target.host.shell.handle(({ command, write }) => {
        if (command.argv[0] !== 'nix') return undefined;
        if (code !== 0) write('stderr', 'error: no such attribute\n');
        if (stdout !== '') write('stdout', stdout);
        return code;
      });
      const run = await target.run();
      expect(target.ends()).toEqual(['build failed', 'j skipped']);
      expect(run.prepares[0]).toMatchObject({ kind: 'faulted', fault: { kind: 'prepare_failed' } });
      const record = await target.record();
      expect(record).toMatchObject({
        status: 'failed',
        message: 'build failed',
        prepared_outputs_path: null,
      });
      expect(record.prepare_timings[0]).toMatchObject({ ok: false, message: expect.stringMatching(message) });
      expect(record.jobs[0]).toMatchObject({ status: 'skipped', message: 'build failed' });
    },
  );
});

describe('a command node', () => {
  /** A command that counts its runs and fills its output. */
  async function withCommand(more: object = {}, guestPath = '/opt/made') {
    const node: PrepareInput = {
      id: 'made',
      type: 'command',
      command: 'make it',
      inputs: ['src/**'],
      ...more,
    };
    const target = await TargetInMemory.of({ prepare: [node], jobs: [needs('made')] });
    target.host.shell.handle(({ command }) => {
      if (command.argv[0] !== '/bin/sh') return undefined;
      return target.writeOutput(command.env?.['PIKACI_OUTPUT'] ?? '', guestPath).then(() => 0);
    });
    const runs = () => target.host.shell.commands.filter(({ argv }) => argv.at(-1) === 'make it');
    return { target, runs };
  }

  it('fills a directory that is kept under what it was made from, and is used again', async () => {
    const { target, runs } = await withCommand();
    await target.run();
    const [first] = (await target.outputs()).outputs;
    expect(first).toMatchObject({ protocol: 'host_path_v1', installable: 'make it' });
    expect(first?.realized_path).toMatch(/^\/var\/pikaci\/prepared\/[0-9a-f]{64}\/output$/);
    // Also when its runner is killed, which is then not there to end it.
    expect(runs()[0]?.argv).toEqual(['timeout', '-k', '10', '3660', '/bin/sh', '-c', 'make it']);
    await target.run({ runId: 'again' });
    expect(runs()).toHaveLength(1);
    expect((await target.record('again')).prepare_timings[0]).toMatchObject({ cached: true, ok: true });
    expect((await target.outputs('again')).outputs[0]?.realized_path).toBe(first?.realized_path);
    const left = must(await target.host.hostFiles.list('/var/pikaci/prepared'));
    expect(left).toHaveLength(1);
  });

  it('has a copy of the workspace, so that it cannot change what later runs get', async () => {
    const seen: string[] = [];
    const node: PrepareInput = { id: 'spoils', type: 'command', command: 'npm ci' };
    const spoiling = await TargetInMemory.of({ prepare: [node], jobs: [needs('spoils')] });
    const host = spoiling.host;
    host.shell.handle(({ command: { argv, env } }) => {
      if (argv[0] !== '/bin/sh') return undefined;
      const workspace = env?.['PIKACI_WORKSPACE'] ?? '';
      return (async () => {
        seen.push(Buffer.from(must(await host.hostFiles.readFile(`${workspace}/src/main.rs`))).toString());
        must(await host.hostFiles.writeFile(`${workspace}/src/main.rs`, Buffer.from('spoilt')));
        await spoiling.writeOutput(env?.['PIKACI_OUTPUT'] ?? '', '/opt/made');
        return 0;
      })();
    });
    await spoiling.run();
    expect(spoiling.ends()).toEqual(['spoils passed', 'j passed']);
    const { snapshot_dir: snapshot } = await spoiling.record();
    const kept = must(await host.hostFiles.readFile(`${snapshot}/src/main.rs`));
    expect([...seen, Buffer.from(kept).toString()]).toEqual(['fn main() {}\n', 'fn main() {}\n']);
    const [home] = must(await host.hostFiles.list('/var/pikaci/prepared'));
    const left = must(await host.hostFiles.list(`/var/pikaci/prepared/${home?.name}`)).map(
      ({ name }) => name,
    );
    expect(left).toEqual(['last-use.json', 'output', 'pikaci-prepared.json']);
  });

  it('runs again when its inputs change, and not when other files do', async () => {
    const { target, runs } = await withCommand();
    await target.run();
    const files = { 'src/main.rs': { content: 'fn main() {}\n' }, 'docs/a.md': { content: '# another\n' } };
    await target.host.setWorkspace('/srv/tree', files);
    await target.run({ runId: 'docs' });
    expect(runs()).toHaveLength(1);
    await target.host.setWorkspace('/srv/tree', { ...files, 'src/main.rs': { content: 'fn other() {}\n' } });
    await target.run({ runId: 'src' });
    expect(runs()).toHaveLength(2);
  });

  it('whose output may not be mounted fails, and nothing of it is kept', async () => {
    const { target, runs } = await withCommand({}, '/proc/x');
    const run = await target.run();
    expect(run.prepares[0]).toMatchObject({
      fault: { kind: 'payload_refused', message: expect.stringContaining('/proc') },
    });
    expect(must(await target.host.hostFiles.list('/var/pikaci/prepared'))).toEqual([]);
    await target.run({ runId: 'again' });
    expect(runs()).toHaveLength(2);
  });

  it('knows where the outputs are that it depends on', async () => {
    const path = { id: 'sdk-1', type: 'path', path: '/opt/sdk' } as const;
    const command: PrepareInput = {
      id: 'made',
      type: 'command',
      command: 'make it',
      dependsOn: ['sdk-1'],
    };
    const target = await TargetInMemory.of({ prepare: [path, command], jobs: [needs('made')] });
    await target.writeOutput('/opt/sdk', '/opt/sdk');
    target.host.shell.handle(({ command: { argv, env } }) => {
      if (argv[0] !== '/bin/sh') return undefined;
      expect(env?.['PIKACI_PREPARED_SDK_1']).toBe('/opt/sdk');
      return target.writeOutput(env?.['PIKACI_OUTPUT'] ?? '', '/opt/made').then(() => 0);
    });
    await target.run();
    expect(target.ends()).toEqual(['sdk-1 passed', 'made passed', 'j passed']);
    const runs = () => target.host.shell.commands.filter(({ argv }) => argv.at(-1) === 'make it').length;
    await target.run({ runId: 'again' });
    expect(runs()).toBe(1);
    must(await target.host.hostFiles.writeFile('/opt/sdk/tool', Buffer.from('v2')));
    await target.run({ runId: 'changed' });
    expect(runs()).toBe(2);
  });

  it('fails when an output that it works with changes meanwhile, and nothing of it is kept', async () => {
    const path = { id: 'sdk', type: 'path', path: '/opt/sdk' } as const;
    const command: PrepareInput = { id: 'made', type: 'command', command: 'make it', dependsOn: ['sdk'] };
    const target = await TargetInMemory.of({ prepare: [path, command], jobs: [needs('made')] });
    await target.writeOutput('/opt/sdk', '/opt/sdk');
    const tools = ['v2'];
    target.host.shell.handle(({ command: { argv, env } }) => {
      if (argv[0] !== '/bin/sh') return undefined;
      return (async () => {
        const tool = tools.pop();
        if (tool !== undefined)
          must(await target.host.hostFiles.writeFile('/opt/sdk/tool', Buffer.from(tool)));
        await target.writeOutput(env?.['PIKACI_OUTPUT'] ?? '', '/opt/made');
        return 0;
      })();
    });
    const run = await target.run();
    expect(run.prepares[1]).toMatchObject({
      fault: { kind: 'prepare_failed', message: expect.stringContaining('the output of sdk changed') },
    });
    expect(must(await target.host.hostFiles.list('/var/pikaci/prepared'))).toEqual([]);
    await target.run({ runId: 'again' });
    expect(target.ends().slice(-3)).toEqual(['sdk passed', 'made passed', 'j passed']);
  });
});

describe('a path node', () => {
  const path = { id: 'sdk', type: 'path', path: '/opt/sdk' } as const;

  it('is used as it is', async () => {
    const target = await TargetInMemory.of({ prepare: [path], jobs: [needs('sdk')] });
    await target.writeOutput('/opt/sdk', '/opt/sdk');
    await target.run();
    expect((await target.outputs()).outputs[0]).toMatchObject({ node_id: 'sdk', realized_path: '/opt/sdk' });
  });

  it('in a Nix store is protected while the run goes on, and is what its link leads to now', async () => {
    const target = await TargetInMemory.of({
      prepare: [{ ...path, path: '/nix/var/nix/profiles/sdk' }],
      jobs: [needs('sdk')],
    });
    await target.writeOutput('/nix/store/abc-sdk/lib', '/opt/sdk');
    must(await target.host.hostFiles.makeDirectory('/nix/var/nix/profiles'));
    target.host.hostFiles.link('/nix/store/abc-sdk/lib', '/nix/var/nix/profiles/sdk');
    const roots: string[] = [];
    target.host.shell.handle(({ command: { argv } }) => {
      if (argv[0] !== 'nix') return undefined;
      roots.push(withoutHold(argv.slice(3).join(' ')));
      return 0;
    });
    await target.run();
    expect(roots).toEqual([
      'build --offline --out-link /var/pikaci/runs/run/holds/UUID/gc-roots/sdk/root /nix/store/abc-sdk',
    ]);
    expect((await target.outputs()).outputs[0]?.realized_path).toBe('/nix/store/abc-sdk/lib');
    expect(must(await target.host.hostFiles.list('/var/pikaci/runs'))).toEqual([]);
  });

  it('in a store whose root cannot be made fails and says what to do; without a root it is used as it is', async () => {
    const inStore = { ...path, path: '/nix/store/abc-sdk' };
    const target = await TargetInMemory.of({ prepare: [inStore], jobs: [needs('sdk')] });
    await target.writeOutput('/nix/store/abc-sdk', '/opt/sdk');
    target.host.shell.handle(({ command }) => (command.argv[0] === 'nix' ? 127 : undefined));
    const run = await target.run();
    expect(run.prepares[0]).toMatchObject({
      fault: { kind: 'prepare_failed', message: expect.stringContaining('"gcRoot": false') },
    });
    const definition = { prepare: [{ ...inStore, gcRoot: false }], jobs: [needs('sdk')] };
    const without = await target.run({ runId: 'without', definition });
    expect(without.prepares[0]).toMatchObject({ kind: 'realized' });
  });

  it('that is not there, or has no manifest, fails before a machine is made', async () => {
    const target = await TargetInMemory.of({ prepare: [path], jobs: [needs('sdk')] });
    expect((await target.run()).prepares[0]).toMatchObject({
      fault: { kind: 'prepare_failed', message: expect.stringContaining('/opt/sdk does not exist') },
    });
    await target.writeOutput('/opt/sdk', '/opt/sdk');
    must(await target.host.hostFiles.remove(`/opt/sdk/${PAYLOAD_MANIFEST_PATH}`));
    const run = await target.run({ runId: 'again' });
    expect(run.prepares[0]).toMatchObject({ fault: { kind: 'manifest_missing' } });
    expect(must(await target.host.incus.instances('default'))).toEqual([]);
  });
});

describe('a node that fails on a host without space', () => {
  const command = { id: 'tools', type: 'command', command: 'make' } as const;
  const of = (space: string | null, fails: string) =>
    TargetInMemory.of({ prepare: [command], jobs: [needs('tools')] }).then(async (target) => {
      const told = async (path: string, write: (stream: 'stdout', data: string) => void) => {
        if (space === null) return 1;
        // Asked while all is there that has filled it.
        write('stdout', (await target.host.hostFiles.lstat(path)).isOk() ? space : ROOM);
        return 0;
      };
      target.host.shell.handle(({ command: { argv }, write }) => {
        if (argv.includes('pikaci-space')) return told(argv.at(-1) ?? '', write);
        if (!argv.includes(fails)) return undefined;
        write('stderr', 'No space left on device\n');
        return 2;
      });
      return (await target.run()).prepares[0];
    });
  const FULL = '/dev/sda1 1000000 1000000 12 100% /var\n';
  const ROOM = '/dev/sda1 1000000 100 900000 1% /var\n';

  it('is the machinery’s, with what is left', async () => {
    expect(await of(FULL, 'make')).toMatchObject({
      kind: 'faulted',
      fault: {
        kind: 'host_files',
        message: expect.stringMatching(
          /the command of tools: .*\nno space is left on the disk of \S+: 0 MiB are free/s,
        ),
      },
    });
  });

  it('has failed itself where there is room, or nobody knows', async () => {
    for (const space of [ROOM, null])
      expect(await of(space, 'make')).toMatchObject({ fault: { kind: 'prepare_failed' } });
  });
});
