import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok } from 'neverthrow';
import { expect, test } from 'vitest';
import { doctorDocumentSchema } from '../../../src/domain/records/doctor-document.js';
import {
  remoteDefaultsDocumentSchema,
  targetInfoDocumentSchema,
} from '../../../src/domain/records/state-documents.js';
import { Cli } from './cli-harness.js';
import type { ScriptedPikaci } from './scripted-pikaci.js';

const CONFIG = {
  host: { ssh: 'ci@box' },
  incus: { project: 'of-config' },
  targets: {
    t: {
      description: 'all of it',
      filters: ['src/**'],
      prepare: [{ id: 'sdk', type: 'path', path: '/opt/sdk' }],
      jobs: [
        { id: 'a', command: 'true', dependsOn: ['sdk'] },
        { id: 'b', command: 'true', dependsOn: ['a'], matrix: { n: [1, 2] } },
      ],
    },
  },
};
const files = (config: object = CONFIG) => ({ 'pikaci.config.json': JSON.stringify(config) });
const json = (cli: Cli) => JSON.parse(cli.stdout.text);

test('target-info shows the nodes in the order in which they would run', async () => {
  const cli = new Cli({ files: files() });
  expect(await cli.run('target-info')).toBe(0);
  expect(cli.stdout.text).toBe(`t: all of it
  at most 4 at the same time
  only for changes in src/**
  prepare (path) sdk
  job a, run by /bin/sh -e (memory 80%, processes 8192), after sdk
  job b-1, run by /bin/sh -e (memory 80%, processes 8192), after a
  job b-2, run by /bin/sh -e (memory 80%, processes 8192), after a
`);
  const document = new Cli({ files: files() });
  await document.run('target-info', 't', '--json');
  const info = targetInfoDocumentSchema.parse(json(document));
  expect(info.nodes.map(({ id, kind }) => `${kind} ${id}`)).toEqual([
    'prepare sdk',
    'execute a',
    'execute b-1',
    'execute b-2',
  ]);
  expect(cli.created).toEqual([]);
});

test('target-info shows whose artifacts a job has, and refuses a target whose jobs have those of nobody', async () => {
  const jobs = (from: string) => ({
    host: 'local',
    targets: {
      t: {
        jobs: [
          { id: 'use', command: 'true', artifactsFrom: [from] },
          { id: 'make', command: 'true', artifacts: ['out/**'], matrix: { n: [1, 2] } },
        ],
      },
    },
  });
  const cli = new Cli({ files: files(jobs('make')) });
  expect(await cli.run('target-info')).toBe(0);
  expect(cli.stdout.text).toContain(', after make-1, make-2, with the artifacts of make-1, make-2\n');
  const document = new Cli({ files: files(jobs('make-2')) });
  await document.run('target-info', 't', '--json');
  const { nodes } = targetInfoDocumentSchema.parse(json(document));
  expect(nodes.find(({ id }) => id === 'use')).toMatchObject({ artifacts_from: ['make-2'] });
  const wrong = new Cli({ files: files(jobs('nobody')) });
  expect(await wrong.run('target-info')).toBe(2);
  expect(wrong.stderr.text).toContain('nobody');
});

test('target-info shows the shell of each job, and says once what changed for commands of several lines', async () => {
  const steps = [
    { command: 'true' },
    { command: 'x', shell: 'bash' },
    { command: '#!/usr/bin/env python3\nprint()' },
  ];
  const jobs = [
    { id: 'a', command: 'one\ntwo' },
    { id: 'b', command: 'one\ntwo', shell: 'sh' },
    { id: 'c', steps },
  ];
  const of = (chosen: readonly object[]) => files({ ...CONFIG, targets: { t: { jobs: chosen } } });
  const cli = new Cli({ files: of(jobs) });
  expect(await cli.run('target-info')).toBe(0);
  const { text } = cli.stdout;
  expect(text).toContain('  job a, run by /bin/sh -e (');
  expect(text).toContain('  job b, run by sh (');
  expect(text).toContain('  job c, run by /bin/sh -e and bash -eo pipefail and /usr/bin/env python3 (');
  const changed = 'a command of several lines stops at the first that fails, since 0.2';
  expect(text.split(changed).length).toBe(2);
  const silent = new Cli({ files: of(jobs.slice(1)) });
  expect(await silent.run('target-info')).toBe(0);
  expect(silent.stdout.text).not.toContain(changed);
  const document = new Cli({ files: of(jobs) });
  await document.run('target-info', 't', '--json');
  expect(targetInfoDocumentSchema.parse(json(document)).shells).toEqual({
    a: [['/bin/sh', '-e']],
    b: [['sh']],
    c: [
      ['/bin/sh', '-e'],
      ['bash', '-eo', 'pipefail'],
      ['/usr/bin/env', 'python3'],
    ],
  });
});

test('target-info says what a job waits for', async () => {
  const ready = { network: true, init: false, command: 'test -e /ready' };
  const config = files({ ...CONFIG, targets: { t: { jobs: [{ id: 'a', command: 'true', ready }] } } });
  const cli = new Cli({ files: config });
  expect(await cli.run('target-info')).toBe(0);
  expect(cli.stdout.text).toContain(', waits 60 s at most for: no init, network, test -e /ready\n');
  const document = new Cli({ files: config });
  await document.run('target-info', 't', '--json');
  expect(targetInfoDocumentSchema.parse(json(document)).ready).toEqual({ a: { ...ready, timeout_secs: 60 } });
});

function withInherited(config: Readonly<Record<string, string>>, inherits: ScriptedPikaci['inherits']) {
  const cli = new Cli({ files: config });
  cli.pikaci.inherits = inherits;
  return cli;
}

test('target-info says what machines inherit of their host, and why it is not known', async () => {
  const config = files({ ...CONFIG, inherit: { ca: true, registries: true } });
  const inherits: ScriptedPikaci['inherits'] = ok({
    variables: { npm_config_registry: 'https://npm.example/' },
    certificates: [{ subject: 'CN=ours', fingerprint: 'ab', der: new Uint8Array(1) }],
    files: [{ path: '/.cargo/config.toml', content: 'x' }],
    warnings: ['PIP_CERT names /gone'],
  });
  const cli = withInherited(config, inherits);
  expect(await cli.run('target-info')).toBe(0);
  expect(cli.stdout.text).toContain(`
  inherits of its host (ca, registries):
    1 certificates, as far as its image lacks them
    npm_config_registry=https://npm.example/
    /.cargo/config.toml, where its image has none
    warning: PIP_CERT names /gone
`);
  const document = withInherited(config, inherits);
  await document.run('target-info', 't', '--json');
  expect(targetInfoDocumentSchema.parse(json(document)).inherit).toEqual({
    ca: true,
    proxy: false,
    registries: true,
    variables: { npm_config_registry: 'https://npm.example/' },
    certificates: 1,
    files: ['/.cargo/config.toml'],
    warnings: ['PIP_CERT names /gone'],
  });
  const fault = err({ kind: 'host', phase: null, host: 'box', message: 'nobody answers' } as const);
  const silent = withInherited(config, fault);
  expect(await silent.run('target-info')).toBe(0);
  expect(silent.stdout.text).toContain(
    '\n  inherits of its host (ca, registries): not known: nobody answers\n',
  );
  const plain = withInherited(files(CONFIG), inherits);
  expect(await plain.run('target-info')).toBe(0);
  expect(plain.stdout.text).not.toContain('inherits');
});

test('target-info says what is left out of the workspace', async () => {
  const config = files({ ...CONFIG, workspace: { exclude: ['fixtures', '!fixtures/small'] } });
  const cli = new Cli({ files: config });
  expect(await cli.run('target-info')).toBe(0);
  expect(cli.stdout.text).toContain('\n  without these of the workspace: fixtures, !fixtures/small\n');
  const document = new Cli({ files: config });
  await document.run('target-info', 't', '--json');
  const info = targetInfoDocumentSchema.parse(json(document));
  expect(info.workspace).toEqual({ exclude: ['fixtures', '!fixtures/small'], git: 'none' });
  const history = new Cli({ files: files({ ...CONFIG, workspace: { git: 'full' } }) });
  expect(await history.run('target-info')).toBe(0);
  expect(history.stdout.text).toContain('\n  with a .git of all history (full)\n');
  const wrong = new Cli({ files: files({ ...CONFIG, workspace: { exclude: ['../up'] } }) });
  expect(await wrong.run('target-info')).toBe(2);
  expect(wrong.stderr.text).toContain('workspace.exclude');
});

test('a target that depends on itself exits 2 with the way around it, whatever the command', async () => {
  const jobs = [
    { id: 'a', command: 'x', dependsOn: ['b'] },
    { id: 'b', command: 'x', dependsOn: ['a'] },
  ];
  for (const command of ['run', 'target-info']) {
    const cli = new Cli({ files: files({ host: 'local', targets: { t: { jobs } } }) });
    expect(await cli.run(command)).toBe(2);
    expect(cli.stderr.text).toBe('pikaci: target "t": these depend on each other: a → b → a\n');
  }
});

test('remote-defaults says where jobs would run and what each value came from', async () => {
  const env = {
    PIKACI_REMOTE_LINUX_VM_BACKEND: 'auto',
    PIKACI_REMOTE_LINUX_VM_INCUS_PROFILE: 'of-env',
    PIKACI_REMOTE_LINUX_VM_INCUS_IMAGE_ALIAS: '',
    PIKACI_STATE_ROOT: '/state',
  };
  const cli = new Cli({ files: files(), env });
  expect(await cli.run('remote-defaults', '--host', 'local', '--json')).toBe(0);
  const { settings } = remoteDefaultsDocumentSchema.parse(json(cli));
  expect(settings.map(({ name, value, source, from }) => [name, value, source, from])).toEqual([
    ['host', 'local', 'option', '--host'],
    ['backend', 'incus', 'default', null],
    ['incus.project', 'of-config', 'config', join(cli.folder, 'pikaci.config.json')],
    ['incus.profile', 'of-env', 'environment', 'PIKACI_REMOTE_LINUX_VM_INCUS_PROFILE'],
    ['incus.image', 'pikaci/dev', 'default', null],
    ['workDir', '/var/tmp/pikaci', 'default', null],
    ['stateRoot', '/state', 'environment', 'PIKACI_STATE_ROOT'],
    ['trust', 'trusted', 'default', null],
  ]);
});

test('the environment stands above the configuration, and doctor shows it', async () => {
  const env = {
    PIKACI_REMOTE_LINUX_VM_INCUS_PROJECT: 'of-env',
    PIKACI_REMOTE_LINUX_VM_BACKEND: 'incus',
    PIKACI_REMOTE_LINUX_VM_INCUS_IMAGE_ALIAS: 'other/image',
  };
  const cli = new Cli({ files: files(), env });
  expect(await cli.run('doctor')).toBe(0);
  expect(cli.created[0]?.config).toMatchObject({ incus: { project: 'of-env', image: 'other/image' } });
  expect(cli.stdout.text).toContain('incus.project of-env  ($PIKACI_REMOTE_LINUX_VM_INCUS_PROJECT)\n');
  const document = new Cli({ files: files(), env });
  await document.run('doctor', '--output', 'json');
  const { settings } = doctorDocumentSchema.parse(json(document));
  expect(settings.find(({ name }) => name === 'incus.project')).toMatchObject({ source: 'environment' });
});

test('the microVM backend has its runner among them, from the environment as well', async () => {
  const env = {
    PIKACI_REMOTE_LINUX_VM_BACKEND: 'microvm',
    PIKACI_REMOTE_LINUX_VM_MICROVM_RUNNER: '/opt/runner',
  };
  const cli = new Cli({ files: files(), env });
  expect(await cli.run('remote-defaults', '--json')).toBe(0);
  const { settings } = remoteDefaultsDocumentSchema.parse(json(cli));
  expect(settings.find(({ name }) => name === 'microvm.runner')).toMatchObject({
    value: '/opt/runner',
    source: 'environment',
  });
  await cli.run('doctor');
  expect(cli.created[0]?.config).toMatchObject({ backend: 'microvm', microvm: { runner: '/opt/runner' } });
  const relative = { ...env, PIKACI_REMOTE_LINUX_VM_MICROVM_RUNNER: 'runner' };
  const refused = new Cli({ files: files(), env: relative });
  expect(await refused.run('run')).toBe(2);
  expect(refused.stderr.text).toContain('PIKACI_REMOTE_LINUX_VM_MICROVM_RUNNER: must be an absolute');
});

test('a backend that is none exits 2 and names the variable', async () => {
  const cli = new Cli({ files: files(), env: { PIKACI_REMOTE_LINUX_VM_BACKEND: 'docker' } });
  expect(await cli.run('run')).toBe(2);
  expect(cli.stderr.text).toContain('PIKACI_REMOTE_LINUX_VM_BACKEND: must be "incus", "microvm" or "auto"');
});

test('run hands its choices to the library', async () => {
  const target = { ...CONFIG.targets.t, prepare: [], jobs: [{ id: 'a', command: 'true' }] };
  const cli = new Cli({ files: files({ ...CONFIG, targets: { t: target } }) });
  await writeFile(join(cli.folder, 'changed'), 'src/a\r\ndocs/b\n\n');
  cli.pikaci.scanner.setWorkspace(cli.folder, { entries: {} });
  const argv = ['--fail-fast', '--parallel', '7', '--branch', 'x', '--keep-on-failure', '60'];
  expect(await cli.run('run', ...argv, '--changed-files', 'changed')).toBe(0);
  expect(cli.pikaci.targetInputs[0]).toMatchObject({
    target: 't',
    failFast: true,
    parallel: 7,
    branch: 'x',
    keepOnFailureSecs: 60,
    changedFiles: ['src/a', 'docs/b'],
  });
});

test('run takes changed files as git prints them: quoted, with NULs, or looked for by itself', async () => {
  const target = { ...CONFIG.targets.t, prepare: [], jobs: [{ id: 'a', command: 'true' }] };
  const changed = async (argv: readonly string[], content = '') => {
    const cli = new Cli({ files: files({ ...CONFIG, targets: { t: target } }) });
    await writeFile(join(cli.folder, 'changed'), content);
    cli.pikaci.scanner.setWorkspace(cli.folder, { entries: {}, changes: { main: ['src/new'] } });
    const code = await cli.run('run', ...argv);
    return code === 0 ? cli.pikaci.targetInputs[0] : `${code}: ${cli.stderr.text}`;
  };
  const byFile = ['--changed-files', 'changed'];
  expect(await changed(byFile, '"src/caf\\303\\251.rs"\n')).toMatchObject({ changedFiles: ['src/café.rs'] });
  expect(await changed(byFile, 'src/a\nb\0"x"\0')).toMatchObject({ changedFiles: ['src/a\nb', '"x"'] });
  expect(await changed(['--changed-since', 'main'])).toMatchObject({ changedSince: 'main' });
  expect(await changed(['--changed-since', 'nowhere'])).toMatch(/^2: .*no commit "nowhere"/s);
  expect(await changed(['--changed-since', ''])).toMatch(/^2: .*is expected/s);
});

test('a run that has nothing to do exits 0 and says why', async () => {
  const cli = new Cli({ files: files() });
  await writeFile(join(cli.folder, 'changed'), 'docs/b\n');
  expect(await cli.run('run', '--changed-files', 'changed')).toBe(0);
  expect(cli.pikaci.inputs).toEqual([]);
  expect(cli.stderr.text).toContain('a skipped: none of the changed files matches the filters of the target');
  const missing = new Cli({ files: files() });
  expect(await missing.run('run', '--changed-files', 'nowhere')).toBe(2);
});

test('what could not be prepared is told with its cause, its jobs are skipped, and the exit status is 1', async () => {
  const cli = new Cli({ files: files() });
  expect(await cli.run('run')).toBe(1);
  expect(cli.stderr.text).toMatch(
    /✗ sdk could not be prepared\n {2}prepare_failed on memory: .*\/opt\/sdk does not exist/,
  );
  expect(cli.stderr.text).toContain('– a skipped: sdk failed\n');
  const document = new Cli({ files: files() });
  await document.run('run', '--output', 'json');
  expect(json(document)).toMatchObject({
    exit_code: 1,
    jobs: [{ job_id: 'a', status: 'skipped' }, {}, {}],
    prepare_faults: [{ node_id: 'sdk', fault: { kind: 'prepare_failed' } }],
  });
  const lines = new Cli({ files: files() });
  await lines.run('run', '--output', 'jsonl');
  const why = expect.stringContaining('/opt/sdk does not exist');
  expect(lines.events).toContainEqual(
    expect.objectContaining({ type: 'node_finished', node_id: 'sdk', status: 'failed', message: why }),
  );
  expect(lines.events.at(-1)).toMatchObject({ prepare_faults: [{ fault: { message: why } }] });
  expect(lines.stderr.text).toContain('sdk could not be prepared: prepare_failed');
});

test('shell needs a terminal', async () => {
  const cli = new Cli({ files: files() });
  expect(await cli.run('shell', 'r1', 'a')).toBe(2);
  expect(cli.stderr.text).toContain('a shell needs a terminal');
});

test('shell shows what the guest says, sends keys and sizes, and ends as the shell ends', async () => {
  const said: string[] = [];
  let type: (data: Uint8Array) => void = () => {};
  let turn = () => {};
  let stopped = false;
  const cli = new Cli({
    files: files(),
    shellTerminal: {
      size: () => ({ columns: 100, rows: 30 }),
      read: (onData) => {
        type = onData;
        return {
          stop: () => {
            stopped = true;
          },
        };
      },
      onResize: (handler) => {
        turn = handler;
        return () => {};
      },
    },
  });
  cli.pikaci.guestShell = ok({
    output: (async function* () {
      yield { stream: 'stdout', data: Buffer.from('$ ') } as const;
      type(Buffer.from('exit 5\r'));
      turn();
    })(),
    exit: Promise.resolve(ok({ code: 5, signal: null })),
    write: async (data) => {
      said.push(Buffer.from(data).toString());
      return ok(undefined);
    },
    resize: async ({ columns, rows }) => {
      said.push(`${columns}x${rows}`);
      return ok(undefined);
    },
    [Symbol.asyncDispose]: async () => void said.push('closed'),
  });
  expect(await cli.run('shell', 'r1', 'a')).toBe(5);
  expect(cli.stdout.text).toBe('$ ');
  expect(said).toEqual(['exit 5\r', '100x30', 'closed']);
  expect(stopped).toBe(true);
});
