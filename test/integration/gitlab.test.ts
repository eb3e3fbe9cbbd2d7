import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { writeConfig } from '../support/command-line.js';
import { type GitlabJob, PlayedGitlabRunner, type Script } from '../support/played-gitlab-runner.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const TOKEN = 'glcbt-64_this-is-a-job-token';
let site: Site;
let runner: PlayedGitlabRunner;
let newJob: (scripts: readonly Script[], more?: Partial<GitlabJob>) => GitlabJob;

/** As the runner writes them: with the job's token and its variables, and the project's own lines. */
const script = (...lines: string[]) =>
  [
    '#!/usr/bin/env bash',
    '',
    'set -eo pipefail',
    'set +o noclobber',
    `export CI_JOB_TOKEN=${TOKEN}`,
    'export CI_PROJECT_DIR=/builds/group/project',
    ...lines,
    '',
  ].join('\n');
const inProject = (...lines: string[]) => script('cd "$CI_PROJECT_DIR"', ...lines);

const GET_SOURCES: Script = [
  'get_sources',
  script(
    'mkdir -p "$CI_PROJECT_DIR" && cd "$CI_PROJECT_DIR"',
    'git init -q . && git config user.name ci && git config user.email ci@localhost',
    'echo "of the project" >file && git add file && git commit -qm first',
    'echo sources',
  ),
];
const CLEAN: Script = ['cleanup_file_variables', script('echo cleaned')];

beforeAll(async () => {
  site = await Site.open();
  // Stands for the real one: what caches and artifacts call in the machine.
  const helper = join(site.directory, 'gitlab-runner');
  await writeFile(helper, '#!/bin/sh\necho "gitlab-runner $*"\n', { mode: 0o755 });
  const config = await writeConfig(site, {
    gitlab: {
      images: [{ match: 'debian:*' }, { match: 'none', image: 'there/is/none' }],
      services: [
        {
          match: 'web:*',
          variables: ['GREETING'],
          command:
            'echo "serves $*"; mkdir -p /srv; echo "$GREETING, $MARK" >/srv/index.html; exec busybox httpd -f -p 80 -h /srv',
          runAsRoot: true,
          ready: { tcp: 80 },
        },
      ],
      runner: helper,
    },
  });
  runner = await PlayedGitlabRunner.in(site.directory, ['--config', config]);
  let jobs = 100;
  newJob = (scripts, more = {}) => ({ id: jobs++, image: 'debian:12', token: TOKEN, scripts, ...more });
});
afterAll(() => site[Symbol.asyncDispose]());

async function nothingLeft(machines: readonly string[]): Promise<void> {
  for (const id of machines) expect(await site.leftovers(id)).toEqual(NOTHING_LEFT);
}

/** All that is kept on this machine of the machines of jobs. */
async function kept(): Promise<string> {
  const below = await readdir(site.stateRoot, { recursive: true, withFileTypes: true });
  const files = below.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))).join(
    '\n',
  );
}

describe('the jobs of a GitLab Runner', () => {
  it('pass: each script in its shell, in order, in one machine that is gone afterwards', async () => {
    const job = newJob([
      ['prepare_script', script('echo "on $(hostname)"')],
      GET_SOURCES,
      ['restore_cache', inProject('gitlab-runner cache-extractor --file ../cache.zip')],
      [
        'build_script',
        inProject('git status --short', 'for n in 1 2 3; do echo "line $n"; echo "err $n" >&2; done'),
      ],
      ['after_script', inProject('git log --format=%s')],
      ['upload_artifacts_on_success', inProject('gitlab-runner artifacts-uploader --path file')],
      CLEAN,
    ]);
    const { end, trace, machines } = await runner.run(job);
    expect(end).toBe('success');
    const lines = trace.split('\n').slice(2);
    expect(trace).toMatch(/^pikaci: the machine \S+ on \S+\non \S+\n/);
    expect(lines).toEqual([
      'sources',
      'gitlab-runner cache-extractor --file ../cache.zip',
      ...[1, 2, 3].flatMap((n) => [`line ${n}`, `err ${n}`]),
      'first',
      'gitlab-runner artifacts-uploader --path file',
      'cleaned',
      '',
    ]);
    await nothingLeft(machines);
  });

  it('fail with the exit code of their script, and what comes after it runs all the same', async () => {
    const job = newJob([
      GET_SOURCES,
      ['build_script', inProject('echo before', 'bash -c "exit 57"', 'echo not this')],
      ['after_script', inProject('echo after')],
      ['upload_artifacts_on_failure', inProject('gitlab-runner artifacts-uploader --when on_failure')],
      CLEAN,
    ]);
    const { end, exitCode, trace, machines } = await runner.run(job);
    expect([end, exitCode]).toEqual(['script_failure', 57]);
    expect(trace).toMatch(/before\nafter\ngitlab-runner artifacts-uploader --when on_failure\ncleaned\n$/);
    await nothingLeft(machines);
  });

  it('are cancelled: the script gets TERM in the machine, and the machine goes', async () => {
    const job = newJob([
      GET_SOURCES,
      [
        'build_script',
        inProject("trap 'echo told >>/tmp/told; exit 3' TERM", 'echo begun', 'while :; do sleep 0.1; done'),
      ],
      ['after_script', inProject('cat /tmp/told')],
    ]);
    const { end, trace, machines } = await runner.run(job, {
      during: async (stage, call) => {
        if (stage !== 'build_script') return;
        await call.said('begun');
        call.terminate();
      },
    });
    expect(end).toBe('canceled');
    expect(trace).toMatch(/told\n$/);
    await nothingLeft(machines);
  });

  it('are tried three times where there is no machine for them, and leave nothing', async () => {
    const { end, trace, machines } = await runner.run(newJob([GET_SOURCES], { image: 'none' }));
    expect(end).toBe('system_failure');
    expect(trace.match(/there\/is\/none/g)?.length).toBeGreaterThanOrEqual(3);
    expect(new Set(machines).size).toBe(3);
    await nothingLeft(machines);
  });

  it('have their services beside them, by alias and by the name of the image, until they are cleaned up', async () => {
    const services = [
      {
        name: 'web:1',
        alias: 'one',
        command: ['a', 'b c'],
        variables: [{ key: 'MARK', value: 'first-mark' }],
      },
      { name: 'web:2', alias: '', variables: [{ key: 'MARK', value: 'second-mark' }] },
    ];
    const get = (name: string) => `busybox wget -q -O - http://${name}/`;
    const job = newJob(
      [
        GET_SOURCES,
        ['build_script', inProject(get('one'), get('web'))],
        ['after_script', inProject(get('one'))],
        CLEAN,
      ],
      { services, variables: { GREETING: 'a-greeting-of-the-job' } },
    );
    const { end, trace, machines } = await runner.run(job);
    expect(trace).toMatch(
      /sources\na-greeting-of-the-job, first-mark\na-greeting-of-the-job, second-mark\na-greeting-of-the-job, first-mark\n/,
    );
    expect(end).toBe('success');
    await nothingLeft(machines);
    const [id = ''] = machines;
    expect(await readFile(join(site.stateRoot, 'machines', id, 'services/one/guest.log'), 'utf8')).toBe(
      'serves a b c\n',
    );
    expect(await readFile(join(site.stateRoot, 'machines', id, 'machine.json'), 'utf8')).not.toContain(
      'mark',
    );
    expect(
      must(await site.incus.networks(site.host.project)).filter(({ name }) => name.startsWith('pks-')),
    ).toEqual([]);
  });

  it('fail at once where the configuration has no image for them, or for a service', async () => {
    const unknown = await runner.run(newJob([GET_SOURCES], { image: 'alpine' }));
    expect([unknown.end, unknown.machines.length]).toEqual(['script_failure', 1]);
    expect(unknown.trace).toContain('the job asks for the image "alpine"');
    const services = await runner.run(newJob([GET_SOURCES], { services: [{ name: 'postgres:16' }] }));
    expect([services.end, services.machines.length]).toEqual(['script_failure', 1]);
    expect(services.trace).toContain('postgres:16');
  });

  it('never show their token: in no record, no log, and no argument on the host', async () => {
    const seen: string[] = [];
    const job = newJob([
      [
        'build_script',
        script('echo "the token is $CI_JOB_TOKEN"', 'echo begun', 'until [ -e /tmp/go ]; do sleep 0.1; done'),
      ],
    ]);
    const { end, trace, machines } = await runner.run(job, {
      during: async (stage, call) => {
        if (stage !== 'build_script') return;
        await call.said('begun');
        seen.push(await site.onHost("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"));
        const instances = must(await site.incus.instances(site.host.project));
        seen.push(JSON.stringify(instances));
        const id = call.trace;
        seen.push(id);
        const machine = must(await site.pikaci.attachMachine(await machineOf(job.id)));
        const go = join(site.directory, 'go');
        await writeFile(go, '');
        must(await machine.upload(go, '/tmp/go'));
        must(await machine.leave());
      },
    });
    expect(end).toBe('success');
    expect(trace).toContain('the token is ');
    expect(seen.join('\n')).not.toContain(TOKEN);
    expect(trace).not.toContain(TOKEN);
    expect(await kept()).not.toContain(TOKEN);
    await nothingLeft(machines);
  });

  it('end right with twenty at four at a time, one in five cancelled and one in five with a call killed', {
    timeout: 900_000,
  }, async () => {
    const four = pLimit(4);
    const ended = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        four(async () => {
          const kind = ['pass', 'fail', 'cancel', 'kill', 'kill_prepare'][index % 5] as string;
          const waits = kind === 'cancel' || kind === 'kill';
          const end = waits
            ? ['echo begun', 'sleep 1000']
            : ['echo begun', `exit ${kind === 'fail' ? 9 : 0}`];
          const job = newJob([['build_script', script(`echo "this is ${index}"`, ...end)]]);
          let isKilled = false;
          const played = await runner.run(job, {
            during: async (stage, call) => {
              if (stage === 'prepare' && kind === 'kill_prepare' && !isKilled) {
                isKilled = true;
                await new Promise((resolve) => setTimeout(resolve, 200 * index));
                call.kill();
              }
              if (stage !== 'build_script' || !waits) return;
              await call.said('begun');
              if (kind === 'cancel') call.terminate();
              else call.kill();
            },
          });
          return { kind, index, ...played };
        }),
      ),
    );
    const right = {
      pass: 'success',
      fail: 'script_failure',
      cancel: 'canceled',
      kill: 'system_failure',
      kill_prepare: 'success',
    };
    expect(ended.map(({ kind, end }) => [kind, end])).toEqual(
      ended.map(({ kind }) => [kind, right[kind as keyof typeof right]]),
    );
    for (const { index, trace, kind } of ended) {
      expect([...trace.matchAll(/this is (\d+)/g)].map(([, found]) => Number(found))).toEqual([index]);
      if (kind !== 'kill') expect(trace).toContain('begun');
    }
    for (const { kind, machines } of ended) if (kind !== 'kill_prepare') await nothingLeft(machines);
  });
});

/** The machine of a job that is open. */
async function machineOf(job: number): Promise<string> {
  const { machines } = must(await site.pikaci.listMachines());
  const found = machines.find(({ id, state }) => id.startsWith(`gitlab-${job}-`) && state !== 'released');
  if (found === undefined) throw new Error(`job ${job} has no machine`);
  return found.id;
}
