import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnerServices } from '../../../src/adapters/cli/commands/runner/runner-services.js';
import type { MemoryJobScript } from '../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { gitlabConfigSchema } from '../../../src/domain/config/gitlab-config.js';
import { servicesSchema } from '../../../src/domain/machine/service-spec.js';
import type { FileStore } from '../../../src/ports/file-store.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../application/memory-run.js';
import { Cli, folderWith } from './cli-harness.js';

const TOKEN = 'glcbt-64_secret-token';
const BUILD_FAILED = 41;
const SYSTEM_FAILED = 42;

interface Job {
  readonly gitlab?: object;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What a script of the job does; 0 when left out. */
  readonly script?: MemoryJobScript;
  readonly response?: string;
}

/** What a runner does with one job: each call a process of its own, on one host. */
async function runner({ gitlab = {}, env = {}, script, response }: Job = {}) {
  const requests: string[] = [];
  const run = await memoryRun({
    script: async (job) => {
      requests.push(JSON.stringify(job.request));
      return job.request.command.includes('pikaci-gitlab/') && script !== undefined ? await script(job) : 0;
    },
  });
  const folder = folderWith({
    'pikaci.config.json': JSON.stringify({ host: 'local', gitlab }),
    'response.json':
      response ??
      JSON.stringify({ token: TOKEN, variables: [{ key: 'A', value: 'masked-value', masked: true }] }),
  });
  const jobEnv: Record<string, string> = {};
  const command = () => {
    const cli = new Cli({
      cwd: folder,
      env: {
        BUILD_FAILURE_EXIT_CODE: String(BUILD_FAILED),
        SYSTEM_FAILURE_EXIT_CODE: String(SYSTEM_FAILED),
        BUILD_EXIT_CODE_FILE: join(folder, 'exit-code'),
        JOB_RESPONSE_FILE: join(folder, 'response.json'),
        CUSTOM_ENV_CI_JOB_ID: '77',
        ...env,
        ...jobEnv,
      },
    });
    cli.pikaci.machines = run.another();
    return cli;
  };
  const call = async (...words: string[]) => {
    const cli = command();
    return { code: await cli.run('gitlab', ...words), out: cli.stdout.text, err: cli.stderr.text };
  };
  return {
    run,
    folder,
    requests,
    command,
    call,
    config: async () => {
      const given = await call('config');
      const told = JSON.parse(given.out) as { readonly job_env: Record<string, string> };
      Object.assign(jobEnv, told.job_env);
      return { ...given, told };
    },
    script: async (text: string) => {
      const path = join(folder, 'script.sh');
      writeFileSync(path, text, { mode: 0o700 });
      must(await run.host.localFiles.makeDirectory(folder));
      must(await run.host.localFiles.writeFile(path, Buffer.from(text), { mode: 0o700 }));
      return path;
    },
    instances: async () => must(await run.host.incus.instances('default')),
  };
}

async function textsBelow(files: FileStore, path: string): Promise<string[]> {
  const { type } = must(await files.stat(path));
  if (type !== 'directory') return [Buffer.from(must(await files.readFile(path))).toString()];
  const inside = must(await files.list(path));
  return (await Promise.all(inside.map(({ name }) => textsBelow(files, `${path}/${name}`)))).flat();
}

describe('pikaci gitlab', () => {
  it('config names the machine and the directories, and gives the name to the later calls', async () => {
    const { config } = await runner({ gitlab: { buildsDir: '/b' } });
    const { code, told } = await config();
    expect(code).toBe(0);
    expect(told).toMatchObject({
      driver: { name: 'pikaci' },
      builds_dir: '/b',
      cache_dir: '/cache',
      builds_dir_is_shared: false,
      job_env: { PIKACI_GITLAB_MACHINE: expect.stringMatching(/^gitlab-77-[0-9a-f]{8}$/) },
    });
  });

  it('runs the scripts of a job in one machine, and removes it', async () => {
    const job = await runner({
      script: async ({ write }) => {
        write('built\n');
        return 0;
      },
    });
    await job.config();
    const prepared = await job.call('prepare');
    expect([prepared.code, prepared.err]).toEqual([0, '']);
    expect(prepared.out).toContain('pikaci: the machine ');
    expect(await job.instances()).toHaveLength(1);
    const path = await job.script('#!/usr/bin/env bash\nmake\n');
    expect(await job.call('run', path, 'build_script')).toEqual({ code: 0, out: 'built\n', err: '' });
    expect(await job.call('run', path, 'step_Release it!')).toMatchObject({ code: 0 });
    expect(job.requests.at(-1)).toMatch(/bash \/var\/lib\/pikaci-gitlab\/s-step_release_it_-[0-9a-f]{8}/);
    expect(await job.call('cleanup')).toEqual({ code: 0, out: '', err: '' });
    expect(await job.call('cleanup')).toEqual({ code: 0, out: '', err: '' });
    expect(await job.instances()).toHaveLength(0);
  });

  it('says that a script failed by the status and the file of the runner', async () => {
    const job = await runner({ script: async () => 7 });
    await job.config();
    await job.call('prepare');
    const ended = await job.call('run', await job.script('exit 7'), 'build_script');
    expect(ended).toEqual({ code: BUILD_FAILED, out: '', err: '' });
    expect(readFileSync(join(job.folder, 'exit-code'), 'utf8')).toBe('7');
  });

  it('says of a machine that is gone that the system failed', async () => {
    const job = await runner();
    await job.config();
    const path = await job.script('true');
    expect(await job.call('run', path, 'get_sources')).toMatchObject({ code: SYSTEM_FAILED });
    await job.call('prepare');
    await job.call('cleanup');
    const ended = await job.call('run', path, 'get_sources');
    expect([ended.code, ended.err]).toEqual([SYSTEM_FAILED, expect.stringContaining('was released')]);
  });

  it('ends the script when the runner ends the call', async () => {
    const job = await runner({
      script: async ({ write, cancelled }) => {
        write('waiting\n');
        await cancelled;
        return 143;
      },
    });
    await job.config();
    await job.call('prepare');
    const cli = job.command();
    const running = cli.run('gitlab', 'run', await job.script('sleep 1000'), 'build_script');
    await cli.stdout.shows('waiting');
    cli.ctrlC();
    expect(await running).toBe(SYSTEM_FAILED);
    expect(await job.call('cleanup')).toMatchObject({ code: 0 });
  });

  it('keeps the secrets of a job out of records and output, and its script out of the request', async () => {
    const job = await runner({
      script: async ({ write }) => {
        write(`token ${TOKEN} and masked-value\n`);
        return 0;
      },
    });
    await job.config();
    await job.call('prepare');
    const ended = await job.call('run', await job.script(`export CI_JOB_TOKEN=${TOKEN}`), 'build_script');
    expect(ended.out).not.toMatch(/glcbt|masked-value/);
    expect(job.requests.join()).not.toContain(TOKEN);
    const { localFiles } = job.run.host;
    const kept = await textsBelow(localFiles, '/state');
    expect(kept.join()).toContain('build_script');
    expect(kept.join()).not.toMatch(/glcbt|masked-value/);
  });

  it.each([
    ['none matches', { images: [{ match: 'node:*' }] }, 'ruby:3', /asks for the image "ruby:3"/],
    ['there are none', {}, 'node:20', /no "match" of gitlab\.images/],
  ])('fails a job whose image is not known: %s', async (_, gitlab, image, said) => {
    const job = await runner({ gitlab, env: { CUSTOM_ENV_CI_JOB_IMAGE: image } });
    await job.config();
    const prepared = await job.call('prepare');
    expect([prepared.code, prepared.err]).toEqual([BUILD_FAILED, expect.stringMatching(said)]);
    expect(await job.instances()).toHaveLength(0);
  });

  it('takes the first image that matches', async () => {
    const images = [{ match: 'node:2*-slim', limits: { cpu: 3 } }, { match: '*' }];
    const job = await runner({ gitlab: { images }, env: { CUSTOM_ENV_CI_JOB_IMAGE: 'node:22-slim' } });
    await job.config();
    expect((await job.call('prepare')).code).toBe(0);
    expect((await job.instances())[0]?.config['limits.cpu']).toBe('3');
  });

  it('maps services by the configuration, and names them as GitLab does', () => {
    const config = gitlabConfigSchema.parse({
      services: [
        { match: 'registry.example.com:5000/group/*', env: { A: '1' }, variables: ['PASSWORD', 'UNSET'] },
        { match: '*', command: 'serve "$@"' },
      ],
    });
    const mapped = runnerServices(
      {
        services: [
          { name: 'registry.example.com:5000/group/pg:16', variables: [{ key: 'A', value: '2' }] },
          { name: 'tutum/wordpress:latest', command: ['x', "it's"] },
          { name: 'redis@sha256:00', alias: 'Cache,other' },
          { name: 'redis' },
        ],
        variable: (name) => (name === 'PASSWORD' ? 'of the job' : undefined),
      },
      config,
      'gitlab.services',
    )._unsafeUnwrap();
    expect(mapped).toMatchObject([
      {
        name: 'service-1',
        aliases: ['registry.example.com__group__pg', 'registry.example.com-group-pg'],
        env: { A: '2', PASSWORD: 'of the job' },
      },
      { name: 'tutum__wordpress', aliases: ['tutum-wordpress'], command: `set -- x 'it'\\''s'\nserve "$@"` },
      { name: 'cache', aliases: ['other'] },
      { name: 'redis', aliases: [] },
    ]);
    expect(servicesSchema.safeParse(mapped).error).toBeUndefined();
  });

  it('fails a job whose service does not come up: another try would end the same', async () => {
    const services = JSON.stringify([{ name: 'postgres:16', alias: 'db' }]);
    const job = await runner({
      gitlab: {
        images: [{ match: '*' }],
        services: [{ match: '*', command: 'serve', ready: { log: 'never said' } }],
      },
      env: { CUSTOM_ENV_CI_JOB_SERVICES: services },
    });
    await job.config();
    const prepared = await job.call('prepare');
    expect([prepared.code, prepared.err]).toEqual([BUILD_FAILED, expect.stringContaining('db')]);
    expect(await job.instances()).toEqual([]);
  });

  it('fails a job with a service that nothing stands for, instead of running it without', async () => {
    const services = JSON.stringify([{ name: 'postgres:16', alias: 'db' }]);
    const job = await runner({ env: { CUSTOM_ENV_CI_JOB_SERVICES: services } });
    await job.config();
    const prepared = await job.call('prepare');
    expect([prepared.code, prepared.err]).toEqual([BUILD_FAILED, expect.stringContaining('postgres:16')]);
  });

  it.each([
    ['BUILD_FAILURE_EXIT_CODE', '', /BUILD_FAILURE_EXIT_CODE cannot be used/],
    ['SYSTEM_FAILURE_EXIT_CODE', '256', /SYSTEM_FAILURE_EXIT_CODE cannot be used/],
    ['PIKACI_GITLAB_MACHINE', '../x', /PIKACI_GITLAB_MACHINE cannot be used/],
    ['CUSTOM_ENV_CI_JOB_SERVICES', '{', /CUSTOM_ENV_CI_JOB_SERVICES cannot be used: is no JSON/],
  ])('refuses %s=%s', async (name, value, said) => {
    const job = await runner({ env: { [name]: value } });
    const prepared = await job.call('prepare');
    expect([prepared.code, prepared.err]).toEqual([2, expect.stringMatching(said)]);
  });

  it('says that config_exec is missing', async () => {
    const job = await runner();
    const prepared = await job.call('prepare');
    expect([prepared.code, prepared.err]).toEqual([
      SYSTEM_FAILED,
      expect.stringContaining('config_exec of the runner must be "pikaci gitlab config"'),
    ]);
  });

  it.each(['{', '[]', '{"token": 7}'])(
    'does not run a job whose secrets it cannot know: %s',
    async (response) => {
      const job = await runner({ response });
      await job.config();
      await job.call('prepare');
      const ended = await job.call('run', await job.script('true'), 'build_script');
      expect([ended.code, ended.err]).toEqual([SYSTEM_FAILED, expect.stringContaining('JOB_RESPONSE_FILE')]);
    },
  );

  it('is a system failure where pikaci has a bug', async () => {
    const job = await runner();
    await job.config();
    const cli = job.command();
    cli.pikaci.machines = {
      attachMachine: () => {
        throw new Error('a bug');
      },
    } as unknown as typeof cli.pikaci.machines;
    expect(await cli.run('gitlab', 'run', await job.script('true'), 'build_script')).toBe(SYSTEM_FAILED);
    expect(cli.stderr.text).toContain('this is a bug in pikaci, please report it\n  Error: a bug');
  });

  it('masks the token of a job whose runner gives no file of it', async () => {
    const job = await runner({
      env: {
        JOB_RESPONSE_FILE: undefined,
        CUSTOM_ENV_CI_JOB_TOKEN: TOKEN,
        CUSTOM_ENV_CI_REGISTRY_PASSWORD: 'of-the-registry',
        CUSTOM_ENV_MY_TOKEN: 'not-gitlabs-own',
      },
      script: ({ write }) => {
        write(`${TOKEN} of-the-registry not-gitlabs-own\n`);
        return Promise.resolve(0);
      },
    });
    await job.config();
    await job.call('prepare');
    const ended = await job.call('run', await job.script('true'), 'build_script');
    expect([ended.code, ended.out]).toEqual([0, '*** *** not-gitlabs-own\n']);
  });

  it('takes null for none, as the runner writes it', async () => {
    const job = await runner({ response: '{"token": null, "variables": null}' });
    await job.config();
    await job.call('prepare');
    expect((await job.call('run', await job.script('true'), 'build_script')).code).toBe(0);
  });

  it('refuses a script for another shell', async () => {
    const job = await runner();
    await job.config();
    await job.call('prepare');
    const ended = await job.call('run', await job.script('#!/usr/bin/env pwsh\n'), 'build_script');
    expect([ended.code, ended.err]).toEqual([SYSTEM_FAILED, expect.stringContaining('set shell =')]);
  });

  it('init prints a section of config.toml with absolute paths', async () => {
    const job = await runner({ gitlab: { cacheDir: '/c' } });
    const { code, out } = await job.call('init', '--program', '/opt/"pikaci"');
    expect(code).toBe(0);
    expect(out).toContain(String.raw`run_exec = "/opt/\"pikaci\""`);
    expect(out).toContain(`"--config", "${join(job.folder, 'pikaci.config.json')}"`);
    expect(out).toContain(`"--state-root", "${join(job.folder, '.pikaci')}"`);
    expect(out).toContain('cache_dir = "/c"');
  });
});
