import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { FakeForge } from '../support/fake-forge.js';
import { builtCommand } from '../support/fresh-build.js';
import { git, temporaryRepository } from '../support/git-repository.js';
import { hostOfWorker } from '../support/host-of-worker.js';
import { repositoryRoot } from '../support/repository-root.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const run = promisify(execFile);
const host = hostOfWorker();
const example = join(repositoryRoot, 'examples/run-job.mjs');
const preparedSchema = z.object({ node: z.string(), packages: z.string() });
let prepared: z.infer<typeof preparedSchema>;

/** What the quickstart does, by its own script. */
const PUBLISH = `set -euo pipefail
for part in say places json packages node prepared-outputs; do . "scripts/lib/$part.sh"; done
host_json=$1
publish_node_and_packages
printf '%s' "$prepared_json"`;

beforeAll(async () => {
  const published = await run('bash', ['-c', PUBLISH, 'bash', JSON.stringify(host)], { cwd: repositoryRoot });
  prepared = preparedSchema.parse(JSON.parse(published.stdout));
}, 300_000);

describe('the example of the README', () => {
  it('is the file in examples/, in at most 30 lines', async () => {
    const code = await readFile(example, 'utf8');
    expect(await readFile(join(repositoryRoot, 'README.md'), 'utf8')).toContain(`\`\`\`js\n${code}\`\`\``);
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  it("runs this project's own tests in a guest, with Node and the packages from prepared outputs", async () => {
    const ended = await run(process.execPath, [example], {
      cwd: repositoryRoot,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        PIKACI_QUICKSTART_HOST: JSON.stringify(host),
        PIKACI_QUICKSTART_PREPARED: JSON.stringify(prepared),
      },
    });
    expect(ended.stdout).toMatch(/Tests +[0-9]+ passed/);
    const last = ended.stdout.trimEnd().split('\n').at(-1) ?? '';
    const [, jobDir = ''] = /^passed 0 (.+)$/.exec(last) ?? [];
    expect(await readFile(join(jobDir, 'guest.log'), 'utf8')).toMatch(/Tests +[0-9]+ passed/);
    await rm(join(jobDir, '../..'), { recursive: true });
  }, 300_000);
});

describe('the example of an open machine', () => {
  const example = join(repositoryRoot, 'examples/open-machine.mjs');

  it('is the file in examples/, in at most 10 lines', async () => {
    const code = await readFile(example, 'utf8');
    expect(await readFile(join(repositoryRoot, 'README.md'), 'utf8')).toContain(`\`\`\`js\n${code}\`\`\``);
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  });

  it('runs two steps in one machine, and tells the exit code of the second', async () => {
    await using site = await Site.open();
    const config = JSON.stringify(site.config());
    const env = { ...process.env, PIKACI_CONFIG: config };
    const ended = await run(process.execPath, [example], { cwd: site.workspace, env });
    expect(ended).toMatchObject({ stdout: 'hello.txt\nbuild 7\nexit code 3\n', stderr: '' });
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('the configuration of the first job', () => {
  it('runs it on the host of which a file beside it tells, as the document says', async () => {
    await using site = await Site.open();
    const config = await readFile(join(repositoryRoot, 'examples/first-job.config.mjs'), 'utf8');
    const folder = join(site.directory, 'hello');
    await mkdir(folder);
    await writeFile(join(folder, 'pikaci.config.mjs'), config);
    await writeFile(join(folder, 'host.json'), JSON.stringify({ ...host, workDir: site.workDir }));
    const ended = await run(process.execPath, [builtCommand, 'run', 'hello', '--run-id', 'first'], {
      cwd: folder,
    });
    expect(ended.stdout).toMatch(/^hello from \S+$/m);
    const jobDir = join(folder, '.pikaci/runs/first/jobs/greet');
    expect(await readFile(join(jobDir, 'artifacts/greeting'), 'utf8')).toMatch(/^hello from /);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});

describe('the runner of a forge', () => {
  const example = join(repositoryRoot, 'examples/forge-runner.mjs');

  it('is 60 lines of code', async () => {
    const lines = (await readFile(example, 'utf8')).split('\n').filter((line) => !/^ *(\/.*)?$/.test(line));
    expect(lines.length).toBeLessThanOrEqual(60);
  });

  it('runs what the forge offers, and loses nothing when it is killed and the forge is away', async () => {
    await using site = await Site.open();
    await using forge = await FakeForge.open();
    await using repository = await temporaryRepository();
    await writeFile(join(repository.path, 'greeting'), 'of the commit\n');
    await git(repository.path, 'add', '.');
    await git(repository.path, 'commit', '--quiet', '-m', 'first');
    const commit = await git(repository.path, 'rev-parse', 'HEAD');
    await writeFile(join(repository.path, 'greeting'), 'of nobody\n');
    const offer = (command: string, at = commit) => {
      const id = site.newRunId();
      forge.offer({ id, repository: repository.path, commit: at, command });
      return id;
    };
    const passes = offer('cat greeting');
    const fails = offer('echo no; exit 3');
    const cancelled = offer('echo begun; exec sleep 600');
    const killed = offer('echo begun; until [ -e /artifacts/go ]; do sleep 0.1; done; echo went on; exit 7');
    const unknownCommit = offer('true', 'f'.repeat(40));

    const start = () => {
      const runner = spawn(process.execPath, [example], {
        cwd: site.directory,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          ...process.env,
          FORGE_URL: forge.url,
          FORGE_TOKEN: forge.token,
          PIKACI_CONFIG: JSON.stringify(site.config()),
        },
      });
      onTestFinished(() => void runner.kill('SIGKILL'));
      return runner;
    };
    const logged = (id: string, text: string) =>
      new Promise<void>((resolve) => {
        const listeners = forge.onLog;
        forge.onLog = (of, log) => {
          listeners(of, log);
          if (of === id && log.includes(text)) resolve();
        };
      });
    const begun = Promise.all([logged(cancelled, 'begun'), logged(killed, 'begun')]);
    const told = (id: string) => vi.waitUntil(() => forge.of(id).results.length > 0, { timeout: 120_000 });
    const first = start();
    await begun;
    forge.cancel(cancelled);
    for (const id of [passes, fails, cancelled, unknownCommit]) await told(id);
    // The machines of the others go behind their results.
    await expect
      .poll(async () => (await site.leftovers()).directories, { timeout: 60_000 })
      .toEqual([killed]);
    first.kill('SIGKILL');
    await once(first, 'exit');

    await site.release(killed, 'job');
    forge.isDown = true;
    const second = start();
    await vi.waitUntil(() => forge.refused > 0, { timeout: 60_000 });
    forge.isDown = false;
    await told(killed);
    await expect.poll(() => site.leftovers(), { timeout: 60_000 }).toEqual(NOTHING_LEFT);
    second.kill('SIGKILL');
    await once(second, 'exit');
    // Places that are used again: a runner that is killed leaves no others. How many there are depends on which jobs met.
    const places = (await readdir(site.directory)).filter((name) => name.startsWith('checkout'));
    expect(places).not.toEqual([]);
    for (const place of places) expect(place).toMatch(/^checkout-[0-3]$/);

    const of = (id: string) => {
      const { log, results } = forge.of(id);
      return { log, results: results.map(({ status, exit_code }) => [status, exit_code]) };
    };
    expect(of(passes)).toEqual({ log: 'of the commit\n', results: [['passed', 0]] });
    expect(of(fails)).toEqual({ log: 'no\n', results: [['failed', 3]] });
    expect(of(cancelled)).toEqual({ log: 'begun\n', results: [['cancelled', 143]] });
    expect(of(killed)).toEqual({ log: 'begun\nwent on\n', results: [['failed', 7]] });
    expect(forge.of(unknownCommit)).toMatchObject({
      log: '',
      results: [{ status: 'error', message: expect.stringContaining('git') }],
    });
  });
});

describe('the host itself, which needs no SSH', () => {
  it('runs a job on its own Incus with "host": "local"', async () => {
    const config = {
      host: 'local',
      incus: { project: host.project, profile: host.profile, image: host.image },
      workDir: `${host.workDir}/local`,
      targets: {
        t: {
          jobs: [{ id: 'j', command: 'cat greeting; echo kept >/artifacts/a', artifacts: ['/artifacts/**'] }],
        },
      },
    };
    const there = `${host.workDir}/local-checkout`;
    const ssh = ['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${host.knownHostsFile}`];
    const onHost = (script: string) =>
      run('ssh', [
        ...ssh,
        '-i',
        host.identityFile,
        '-p',
        String(host.port),
        `${host.user}@${host.host}`,
        script,
      ]);
    const archive = `tar -C '${repositoryRoot}' -c dist guest microvm package.json`;
    const to = `ssh ${ssh.map((word) => `'${word}'`).join(' ')} -i '${host.identityFile}' -p ${host.port} ${host.user}@${host.host}`;
    await run('bash', [
      '-c',
      `set -o pipefail; ${archive} | ${to} 'mkdir -p ${there}/workspace && tar -C ${there} -x'`,
    ]);
    await onHost(
      `ln -s ${prepared.packages}/root ${there}/node_modules && echo hello >${there}/workspace/greeting`,
    );
    await onHost(`printf %s '${JSON.stringify(config)}' >${there}/workspace/pikaci.config.json`);
    const ran = await onHost(
      `cd ${there}/workspace && ${prepared.node}/root/bin/node --preserve-symlinks ${there}/dist/bin.js run t --run-id local --output jsonl && cat .pikaci/runs/local/jobs/j/artifacts/a`,
    );
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.pop()).toBe('kept');
    const finished = lines.map((line) => JSON.parse(line)).find(({ type }) => type === 'job_finished');
    expect(finished).toMatchObject({ status: 'passed', exit_code: 0, job_id: 'j' });
    await onHost(`rm -rf ${there} ${config.workDir}`);
  }, 120_000);
});
