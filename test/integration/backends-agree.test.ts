import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobSpecInput } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { prepareOutput } from '../support/prepared-output.js';
import { Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    await mkdir(join(site.workspace, 'a/b'), { recursive: true });
    await writeFile(join(site.workspace, 'a/b/file'), 'as it was\n');
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** Steps take the place of the command. */
  const finishSteps = (job: Pick<JobSpecInput, 'steps'>) =>
    site.finish(job as JobSpecInput & { readonly command: string });

  describe('what a machine mounts', () => {
    it('has the owners and modes that it has on the host, both ways', async () => {
      const path = await prepareOutput(site, 'owned', {
        fill: 'umask 077; mkdir private shared; echo for root >private/f; chown 1000:1000 shared',
        mounts: [
          { name: 'private', relative_path: 'private', guest_path: '/mnt/private' },
          { name: 'shared', relative_path: 'shared', guest_path: '/mnt/shared', read_only: false },
        ],
      });
      const preparedOutputs = [{ name: 'owned', path }];
      const root = await site.finish({ command: 'cat /mnt/private/f', runAsRoot: true, preparedOutputs });
      expect(root.log.toString()).toBe('for root\n');
      const command = 'echo x >/mnt/shared/f; stat -c %u:%a /mnt/private /mnt/shared /mnt/shared/f';
      const { log } = await site.finish({ command, preparedOutputs });
      expect(log.toString()).toBe('0:700\n1000:700\n1000:644\n');
      expect(await site.onHost('stat -c %u:%g "$1/shared/f"', path)).toBe('1000:1000\n');
    });

    it('may lie at a directory of the job or below its home, whose parents are the job’s', async () => {
      const path = await prepareOutput(site, 'places', {
        fill: 'mkdir cargo target tool; echo cargo >cargo/f; echo target >target/f; echo tool >tool/f',
        mounts: [
          { name: 'cargo', relative_path: 'cargo', guest_path: '/cargo-home' },
          { name: 'target', relative_path: 'target', guest_path: '/cargo-target' },
          { name: 'tool', relative_path: 'tool', guest_path: '/home/pikaci/.cache/deep/tool' },
        ],
      });
      const { log } = await site.finish({
        command: `cat /cargo-home/f /cargo-target/f ~/.cache/deep/tool/f; touch ~/.cache/own ~/.cache/deep/own && echo own
          stat -c %U ~/.cache ~/.cache/deep`,
        preparedOutputs: [{ name: 'places', path }],
      });
      expect(log.toString()).toBe('cargo\ntarget\ntool\nown\npikaci\npikaci\n');
    });

    it('may be the home directory itself, read-only', async () => {
      const path = await prepareOutput(site, 'home', {
        fill: 'mkdir home; echo home >home/f',
        mounts: [{ relative_path: 'home', guest_path: '/home/pikaci' }],
      });
      const { log } = await site.finish({ command: 'cat ~/f', preparedOutputs: [{ name: 'home', path }] });
      expect(log.toString()).toBe('home\n');
    });

    it('is refused where the supervisor has its own files, before there is a machine', async () => {
      const path = await prepareOutput(site, 'refused', {
        mounts: [{ guest_path: '/var/lib/pikaci-job' }],
      });
      const job = { id: 'j', command: 'true', preparedOutputs: [{ name: 'refused', path }] };
      const run = await site.pikaci.runJob({ job, workspace: site.workspace, runId: site.newRunId() });
      expect(mustFail(run, 'payload_refused').message).toContain('"/var/lib/pikaci-job"');
    });
  });

  describe('a writable workspace', () => {
    for (const user of ['pikaci', 'root', 'nobody'])
      it(`lets ${user} rename a directory of the snapshot`, async () => {
        const { log } = await site.finish({
          command: `perl -e 'rename("a", "moved") or die "$!\n"' && cat moved/b/file && id -un`,
          writableWorkspace: true,
          ...(user === 'root' ? { runAsRoot: true } : { user }),
        });
        expect(log.toString()).toBe(`as it was\n${user}\n`);
      });

    it('takes an upload before a step has run', async () => {
      const local = join(site.directory, 'sent');
      await mkdir(local, { recursive: true });
      await writeFile(join(local, 'one'), 'one\n');
      const id = `agree-${backend}`;
      await using machine = must(
        await site.pikaci.openMachine({ id, workspace: site.workspace, writableWorkspace: true }),
      );
      must(await machine.upload(join(local, 'one'), 'a/single'));
      must(await machine.upload(local, 'tree'));
      const said: Buffer[] = [];
      must(
        await machine.run({
          command: 'cat a/single tree/one a/b/file && echo more >>a/single && stat -c %U a/single',
          onOutput: (data) => void said.push(Buffer.from(data)),
        }),
      );
      expect(Buffer.concat(said).toString()).toBe('one\none\nas it was\npikaci\n');
    });
  });

  it('a working directory that is missing is said, and nothing of the supervisor is in the log', async () => {
    const { run, log } = await finishSteps({
      steps: [{ id: 'a', command: 'echo ran', workingDirectory: '/no/such' }],
    });
    expect(log.toString()).toBe('');
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'setup', exit_code: null });
    expect(run.outcome.message).toContain('the working directory /no/such does not exist');
  });

  it('what PIKACI_ENV has that is no variable is a warning of the step', async () => {
    const { events } = await finishSteps({
      steps: [{ id: 'a', command: 'echo "1A=x" >>"$PIKACI_ENV"' }],
    });
    const warnings = events.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual(['the step "a": PIKACI_ENV of a: line 1: ignored: not a valid name']);
  });

  it('6,000 files are read and changed where a login may have 1,024 descriptors', async () => {
    const many = join(site.directory, 'many');
    for (let folder = 0; folder < 60; folder++) {
      await mkdir(join(many, `d${folder}`), { recursive: true });
      await Promise.all(
        Array.from({ length: 100 }, (_, file) => writeFile(join(many, `d${folder}/f${file}`), 'x\n')),
      );
    }
    const limit = await site.onHost(
      'pid=$(pgrep -o -x sshd); prlimit --pid "$pid" --nofile=1024: && prlimit --pid "$pid" --nofile --noheadings -o SOFT',
    );
    expect(limit.trim()).toBe('1024');
    // A connection of its own, which has that limit.
    const pikaci = site.open();
    const job = {
      command:
        'find . -type f -exec cat {} + | wc -l; find . -type f | head -n 3000 | xargs rm; find . -type f | wc -l',
    };
    const { log } = await site.finish({ ...job, writableWorkspace: true }, { workspace: many }, pikaci);
    expect(log.toString()).toBe('6000\n3000\n');
    const holding = { command: 'find . -type f -exec sha256sum {} + | wc -l' };
    expect((await site.finish(holding, { workspace: many }, pikaci)).log.toString()).toBe('6000\n');
  });
});
