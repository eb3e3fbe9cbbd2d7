import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const variables = (count: number, letter: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${letter}${index}`, 'x'.repeat(100_000)]));

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  describe('what just fits', () => {
    it('reaches a job: the longest variable, the most of them, the longest names', async () => {
      const secret = 'S'.repeat(200);
      const { log, run } = await site.finish({
        command: `env | wc -c; printf %s "$LONG" | wc -c; cat "$PIKACI_SECRETS_DIR/${secret}"`,
        env: { LONG: 'ü'.repeat(65_533), ...variables(9, 'V') },
        secrets: { [secret]: 'not so secret' },
      });
      expect(run.outcome).toMatchObject({ status: 'passed' });
      const [all = '', long] = log.toString().split('\n');
      expect(Number(all)).toBeGreaterThan(1_030_000);
      expect(long).toBe('131066');
    });

    it('reaches a step beside the words of its shell', async () => {
      const words = ['sh', '-c', 'printf %s "$0" | wc -c; shift 0; . "$1"', 'w'.repeat(130_000)];
      const { log, run } = await site.finish({
        command: undefined as never,
        steps: [{ id: 'one', command: 'env | wc -c', env: variables(4, 'V'), shell: words }],
        env: variables(4, 'W'),
      });
      expect(run.outcome).toMatchObject({ status: 'passed' });
      const [zero, all = ''] = log.toString().split('\n');
      expect(zero).toBe('130000');
      expect(Number(all)).toBeGreaterThan(800_000);
    });
  });
});

describe('on incus', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site[Symbol.asyncDispose]());
  const names = () => ({ project: site.host.project, profile: site.host.profile });

  it('an image without a program that the supervisor needs is named by the job, its steps and the doctor', async () => {
    const image = 'pikaci/without-find';
    await site.onHost(
      [
        'name=without-find-$$ project=$1',
        'in_project() { incus --project "$project" "$@" </dev/null >/dev/null; }',
        'in_project init "$2" "$name" --profile "$3"; in_project start "$name"',
        'in_project exec "$name" -- rm /usr/bin/find; in_project stop --force "$name"',
        'in_project publish "$name" --alias "$4" --compression none; in_project delete "$name"',
      ].join('\n'),
      site.host.project,
      site.host.image,
      site.host.profile,
      image,
    );
    const pikaci = site.open({ incus: { ...names(), image } });
    const { run } = await site.finish({ command: 'echo never' }, {}, pikaci);
    expect(run.outcome).toMatchObject({
      status: 'failed',
      cause: 'setup',
      exit_code: null,
      message: 'the image has no find',
    });
    const machine = must(await pikaci.openMachine());
    const step = must(await machine.run({ command: 'echo never' }));
    expect(step).toMatchObject({ status: 'failed', cause: 'setup', exitCode: null });
    expect(step.message).toMatch(/the image has no find$/);
    must(await machine.release());
    const report = await pikaci.doctor({ machine: true });
    expect(report.ok).toBe(false);
    expect(report.checks.at(-1)).toMatchObject({ name: 'machine', status: 'failed' });
    expect(report.checks.at(-1)?.detail).toMatch(/the image has no find$/);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    await site.onHost('incus image delete "$2" --project "$1"', site.host.project, image);
  }, 180_000);

  it('the doctor tries a machine of the image, and finds nothing wrong', async () => {
    const report = await site.pikaci.doctor({ machine: true });
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(report.checks.at(-1)).toMatchObject({ name: 'machine', status: 'ok' });
    const mounts = report.checks.find(({ name }) => name === 'mounts');
    expect(mounts).toMatchObject({ status: 'ok' });
    const left = await site.onHost(
      'ls -A "$1"; incus list -f csv -c n --project "$2" pikaci-doctor-',
      site.workDir,
      site.host.project,
    );
    expect(left).not.toMatch(/pikaci-doctor/);
  });

  it('the doctor says that the files are on another machine than Incus', async () => {
    const { httpsUrl: url, clientCertFile, clientKeyFile, serverCertFile, image } = site.host;
    const transport = { via: 'https', url, clientCertFile, clientKeyFile, serverCertFile } as const;
    const pikaci = site.open({
      host: 'local',
      workDir: join(site.directory, 'work'),
      incus: { ...names(), image, transport },
    });
    const report = await pikaci.doctor();
    expect(report.checks.filter(({ status }) => status === 'failed')).toMatchObject([
      { name: 'mounts', detail: expect.stringMatching(/on another machine/) },
    ]);
  });
});

describe('the command line', () => {
  let site: Site;
  const moduleConfig = (code: string) => writeFile(join(site.workspace, 'pikaci.config.mjs'), code);
  beforeAll(async () => {
    site = await Site.open();
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it('says of a configuration that never settles, or ends the process, what it does', async () => {
    await moduleConfig('await new Promise(() => {});\nexport default {};\n');
    expect(await commandLine(site, ['run']).end).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not settle: it awaits something that does not happen'),
    });
    await moduleConfig('process.exit(0);\nexport default {};\n');
    expect(await commandLine(site, ['run']).end).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('it calls process.exit(0)'),
    });
  });

  /** Also one that the daemon is still making, which it does not delete before it has. */
  async function removeMachines(): Promise<void> {
    const script =
      'until incus delete --force "$2" --project "$1" 2>/dev/null || ! incus info "$2" --project "$1" >/dev/null 2>&1; do sleep 0.1; done';
    for (const name of await site.machines()) await site.onHost(script, site.host.project, name);
  }

  it('is not green when a configuration ends the process later', async () => {
    const config = { ...site.config(), targets: { t: { jobs: [{ id: 'j', command: 'sleep 60' }] } } };
    await moduleConfig(
      `setTimeout(() => process.exit(0), 500);\nexport default ${JSON.stringify(config)};\n`,
    );
    expect(await commandLine(site, ['run']).end).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('the process was ended before the command had'),
    });
    await removeMachines();
  });

  it.each([
    ['throws', "setTimeout(() => { throw new Error('too late'); }, 500);"],
    ['rejects', "setTimeout(() => void Promise.reject(new Error('too late')), 500);"],
  ])('does not seem to have failed jobs when something %s that nobody catches', async (_how, code) => {
    const config = { ...site.config(), targets: { t: { jobs: [{ id: 'j', command: 'sleep 60' }] } } };
    await moduleConfig(`${code}\nexport default ${JSON.stringify(config)};\n`);
    const stderr = expect.stringMatching(/nobody has caught this[\s\S]*Error: too late/);
    expect(await commandLine(site, ['run']).end).toMatchObject({ code: 3, stderr });
    await removeMachines();
  });

  it('is ended by the first TERM while its configuration is read', async () => {
    await moduleConfig("process.stderr.write('reading\\n');\nfor (;;);\n");
    const stuck = commandLine(site, ['run']);
    await stuck.said('reading');
    stuck.kill('SIGTERM');
    expect(await stuck.end).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('refuses at once a state root that nothing can be written to, and a configuration from a pipe', async () => {
    const file = await writeConfig(site, { targets: { t: { jobs: [{ id: 'j', command: 'true' }] } } });
    const nowhere = commandLine(site, ['run', '--config', file, '--state-root', '/proc/none']);
    expect(await nowhere.end).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no directory can be made in /proc'),
    });
    expect(await commandLine(site, ['run', '--config', '/dev/stdin']).end).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no regular file'),
    });
  });
});
