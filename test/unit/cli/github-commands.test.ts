import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryPointWords } from '../../../src/adapters/cli/commands/github/entry-point-words.js';
import { jobMounts } from '../../../src/adapters/cli/commands/github/job-mounts.js';
import { knownSecrets } from '../../../src/adapters/cli/commands/github/known-secrets.js';
import { stepFiles } from '../../../src/adapters/cli/commands/github/step-files.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../application/memory-run.js';
import { Cli, folderWith } from './cli-harness.js';

const PRIVATE = 'a-value-nobody-is-to-see';
const OWNER = 1777;

/** What a runner does with its hooks: each call a process of its own, on one host. */
async function runner({ config = {}, isRoots = false }: { config?: object; isRoots?: boolean } = {}) {
  const run = await memoryRun();
  const folder = folderWith({ 'elsewhere/pikaci.config.ts': 'throw new Error("of the job")' });
  const file = join(folder, 'github.json');
  const github = { images: [{ match: 'debian:*', limits: { cpu: 2 } }], services: [{ match: 'pg:*' }] };
  writeFileSync(file, JSON.stringify({ host: 'local', github, ...config }));
  const work = join(folder, '_work');
  mkdirSync(join(work, '_temp'), { recursive: true });
  mkdirSync(join(work, '_tool'));
  if (process.getuid?.() === 0 && !isRoots) chownSync(work, OWNER, OWNER);
  for (const path of [work, join(work, '_tool'), join(folder, 'externals'), join(folder, 'cache')])
    must(await run.host.hostFiles.makeDirectory(path));
  const responseFile = join(work, '_temp/answer.json');
  const volume = (sourceVolumePath: string, targetVolumePath: string, readOnly = false) => ({
    sourceVolumePath,
    targetVolumePath,
    readOnly,
  });
  const system = [
    volume('/var/run/docker.sock', '/var/run/docker.sock'),
    volume(work, '/__w'),
    volume(join(folder, 'externals'), '/__e', true),
    volume(join(work, '_temp'), '/__w/_temp'),
    volume(join(work, '_tool'), '/__t'),
  ];
  const call = async (document: unknown, options = ['--config', file]) => {
    const cli = new Cli({ cwd: join(folder, 'elsewhere') });
    cli.pikaci.machines = run.another();
    cli.input = typeof document === 'string' ? document : JSON.stringify(document);
    const code = await cli.run('github', 'hooks', ...options);
    return { code, out: cli.stdout.text, err: cli.stderr.text };
  };
  return {
    run,
    folder,
    work,
    responseFile,
    call,
    prepare: async (container: object | null = {}, services: readonly object[] = []) => {
      writeFileSync(responseFile, '');
      const given =
        container === null ? null : { image: 'debian:12', systemMountVolumes: system, ...container };
      return await call({ command: 'prepare_job', responseFile, args: { container: given, services } });
    },
    answer: () => JSON.parse(readFileSync(responseFile, 'utf8')),
    instances: async () => must(await run.host.incus.instances('default')),
  };
}

describe('pikaci github hooks', () => {
  it('opens a machine with the runner’s directories, and says which in the response file alone', async () => {
    const job = await runner();
    const prepared = await job.prepare({ environmentVariables: { SECRET: PRIVATE, EMPTY: null } });
    expect([prepared.code, prepared.err]).toEqual([0, '']);
    const [instance, ...others] = await job.instances();
    expect(others).toEqual([]);
    const disks = Object.values(instance?.devices ?? {}).map(({ path, readonly }) => [path, readonly]);
    expect(disks).toEqual(
      expect.arrayContaining([
        ['/__w', 'false'],
        ['/__e', 'true'],
      ]),
    );
    expect(JSON.stringify(instance?.devices)).not.toMatch(/docker|shift/);
    const id = process.getuid?.() === 0 ? OWNER : process.getuid?.();
    expect(instance?.config['raw.idmap']).toMatch(new RegExp(`^uid ${id} 0\ngid [0-9]+ 0$`));
    const answer = job.answer();
    expect(answer).toMatchObject({
      isAlpine: false,
      state: { environment: { SECRET: PRIVATE, EMPTY: '', CI: 'true', GITHUB_ACTIONS: 'true' } },
      context: { container: { id: instance?.name, ports: {} }, services: [] },
    });
    expect(readdirSync(join(job.work, '_temp'))).toEqual(['answer.json']);
    const record = await job.run.host.localFiles.readFile(
      `/state/machines/${answer.state.machine}/machine.json`,
    );
    expect(Buffer.from(must(record)).toString()).not.toContain(PRIVATE);
    const cleaned = await job.call({
      command: 'cleanup_job',
      responseFile: null,
      state: answer.state,
      args: {},
    });
    expect(cleaned).toMatchObject({ code: 0, err: '' });
    expect(await job.instances()).toEqual([]);
  });

  it('removes what a killed call of the same runner has left, and nobody else’s', async () => {
    const [job, other] = [await runner(), await runner()];
    await job.prepare();
    await job.prepare();
    expect(await job.instances()).toHaveLength(1);
    const others = { ...job, responseFile: other.responseFile };
    await job.call({ command: 'cleanup_job', responseFile: others.responseFile, state: null, args: {} });
    expect(await job.instances()).toHaveLength(1);
    await job.call({ command: 'cleanup_job', responseFile: job.responseFile, state: null, args: {} });
    expect(await job.instances()).toEqual([]);
  });

  it('gives no job what a link leads to that an earlier one may have put there', async () => {
    const job = await runner();
    rmdirSync(join(job.work, '_tool'));
    symlinkSync(job.folder, join(job.work, '_tool'));
    expect(await job.prepare()).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${join(job.work, '_tool')} is a link`),
    });
    expect(await job.instances()).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)(
    'has the runner for the owner, also where a workflow names what is another’s under a shorter path',
    async () => {
      const cache = folderWith({});
      chownSync(cache, 1888, 1888);
      const job = await runner({
        config: { github: { images: [{ match: '*' }], volumes: [cache] } },
      });
      must(await job.run.host.hostFiles.makeDirectory(cache));
      const userMountVolumes = [{ sourceVolumePath: cache, targetVolumePath: '/c' }];
      expect(await job.prepare({ userMountVolumes })).toMatchObject({ code: 0, err: '' });
      const [instance] = await job.instances();
      expect(instance?.config['raw.idmap']).toBe(`uid ${OWNER} 0\ngid ${OWNER} 0`);
    },
  );

  it('removes the machine whatever the state says, and leaves no half answer', async () => {
    const job = await runner();
    await job.prepare();
    const { responseFile } = job;
    for (const state of ['damaged', { machine: '../x' }, { machine: 7, environment: [] }]) {
      expect(await job.call({ command: 'cleanup_job', responseFile, state, args: {} })).toMatchObject({
        code: 0,
        err: '',
      });
      expect(await job.instances()).toEqual([]);
      await job.prepare();
    }
    const systemMountVolumes = [{ sourceVolumePath: job.work, targetVolumePath: '/__w' }];
    const args = { container: { image: 'debian:12', systemMountVolumes } };
    mkdirSync(join(job.work, '_temp/folder/full'), { recursive: true });
    const odd = join(job.work, '_temp/folder');
    expect(await job.call({ command: 'prepare_job', responseFile: odd, args })).toMatchObject({ code: 1 });
    expect(readdirSync(join(job.work, '_temp')).sort()).toEqual(['answer.json', 'folder']);
  });

  it.each([
    ['no container', null, [], {}, 'ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER'],
    ['an unknown image', { image: 'node:22' }, [], {}, '"node:22"'],
    ['an unknown service', {}, [{ contextName: 'db', image: 'my' }], {}, 'github.services'],
    [
      'a volume',
      { userMountVolumes: [{ sourceVolumePath: '/etc', targetVolumePath: '/x' }] },
      [],
      {},
      '"/etc:/x"',
    ],
    ['another host', {}, [], { host: { ssh: 'ci@box' } }, '"host" must be "local"'],
    ['microVMs', {}, [], { backend: 'microvm' }, '"backend" must be "incus"'],
    ['what is not trusted', {}, [], { trust: 'untrusted' }, '"trust" must be "trusted"'],
  ])('refuses a job with %s in words', async (_, container, services, config, said) => {
    const job = await runner({ config });
    const { code, err } = await job.prepare(container, services);
    expect([code === 0, err]).toEqual([false, expect.stringContaining(said)]);
    expect(readFileSync(job.responseFile, 'utf8')).toBe('');
    expect(await job.instances()).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)(
    'refuses a runner that is root: its machine would be root here',
    async () => {
      const job = await runner({ isRoots: true });
      expect(await job.prepare()).toMatchObject({ code: 1, err: expect.stringContaining("is root's") });
    },
  );

  it('takes no configuration from the folder of the job', async () => {
    const job = await runner();
    const document = { command: 'cleanup_job' };
    const refused = { code: 2, err: expect.stringContaining('PIKACI_GITHUB_CONFIG') };
    expect(await job.call(document, [])).toMatchObject(refused);
    expect(await job.call(document, ['--config', 'pikaci.config.ts'])).toMatchObject(refused);
  });

  it.each([
    ['', 'one JSON document'],
    ['{', 'is no JSON'],
    [{ command: 'prepare_jobs' }, 'command: must be one of prepare_job, run_script_step'],
    [{ command: 'prepare_job' }, 'args'],
    [{ command: 'run_script_step', args: { entryPoint: 'sh' }, state: {} }, 'state.machine'],
    [{ command: 'run_container_step', args: {} }, 'a container of its own'],
  ])('refuses the call %j', async (document, said) => {
    const { code, err } = await (await runner()).call(document);
    expect([code === 0, err]).toEqual([false, expect.stringContaining(said)]);
  });
});

describe('a step of a GitHub runner', () => {
  it('has its words as a shell would read them', () => {
    const words = (text: string) => entryPointWords(text.split(' '))._unsafeUnwrap();
    expect(words('bash -e "/__w/a b/x\\"y.sh"')).toEqual(['bash', '-e', '/__w/a b/x"y.sh']);
    expect(words(`a  'b  "c' d\\ e "" "\\n"`)).toEqual(['a', 'b  "c', 'd e', '', '\\n']);
    for (const text of ['a "b', "a 'b", 'a \\']) expect(entryPointWords([text]).isErr()).toBe(true);
  });

  it('gets its variables in its script, and those that no shell can set by the runner’s Node', () => {
    const given = {
      environment: { PLAIN: "it's", 'INPUT_FETCH-DEPTH': '1', UID: '0' },
      prependPath: ['/a b', '/c'],
      workingDirectory: '/__w/r',
      preloadPath: '/p.cjs',
    };
    expect(stepFiles({ ...given, words: ['/__e/node20/bin/node', 'i.js'] })).toEqual({
      script: `export PLAIN='it'\\''s'\nexport PATH='/a b:/c':"$PATH"\ncd -- /__w/r || exit 1\nexec /__e/node20/bin/node --require /p.cjs i.js\n`,
      preload: `Object.assign(require('node:process').env, {"INPUT_FETCH-DEPTH":"1","UID":"0"});\n`,
      leftOut: [],
    });
    const shell = stepFiles({ ...given, words: ['bash', 'x'] });
    expect([shell.preload, shell.leftOut]).toEqual([null, ['INPUT_FETCH-DEPTH', 'UID']]);
  });

  it('has the tokens masked that the runner masks as well', () => {
    const tokens = {
      GITHUB_TOKEN: 'ghs_aaaaaa',
      INPUT_TOKEN: 'ghs_aaaaaa',
      'INPUT_REPO-TOKEN': 'ghs_bbbbbb',
    };
    expect(knownSecrets({ ...tokens, MY_TOKEN: 'of-the-job', GH_TOKEN: 'short' })).toEqual({
      GITHUB_1: 'ghs_aaaaaa',
      GITHUB_2: 'ghs_bbbbbb',
    });
  });

  it('has each directory once, and volumes only as they are allowed', () => {
    const volume = (sourceVolumePath: string, targetVolumePath: string) => ({
      sourceVolumePath,
      targetVolumePath,
      readOnly: false,
    });
    const system = [
      volume('/r/_work/_temp/', '/__w/_temp'),
      volume('/r/_work', '/__w'),
      volume('/tools', '/__w/_tool'),
    ];
    const user = [volume('/srv/cache', '/cache')];
    const mounts = jobMounts({ system, user }, { volumes: ['/srv/cache'] })._unsafeUnwrap();
    expect(mounts.map(({ source, path }) => `${source}:${path}`)).toEqual([
      '/r/_work:/__w',
      '/srv/cache:/cache',
      '/tools:/__w/_tool',
    ]);
    for (const source of ['/srv/cache/link', '/srv', '/srv/cache/..', 'named'])
      expect(jobMounts({ system, user: [volume(source, '/x')] }, { volumes: ['/srv/cache'] }).isErr()).toBe(
        true,
      );
  });
});
