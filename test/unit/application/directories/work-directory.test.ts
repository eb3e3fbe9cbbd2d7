import { describe, expect, it } from 'vitest';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { WorkDirectory } from '../../../../src/application/directories/work-directory.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const DIRECTORY = '/var/tmp/pikaci';
const never = new AbortController().signal;

/** A host whose work directory somebody has made in some way. */
async function hostWith(make: (host: MemoryHost) => Promise<unknown>) {
  const host = new MemoryHost();
  must(await host.hostFiles.makeDirectory('/var/tmp'));
  await make(host);
  await host.setWorkspace('/tree', { a: { content: 'a' } });
  const pikaci = must(
    createPikaci(
      { host: 'local', workDir: DIRECTORY, stateRoot: '/state', targets: {} },
      { adapters: host.adapters },
    ),
  );
  return { host, pikaci, directory: new WorkDirectory(host.adapters, DIRECTORY) };
}
const made = (mode: number) => (host: MemoryHost) => host.hostFiles.makeDirectory(DIRECTORY, { mode });
const modeOf = async (host: MemoryHost) => must(await host.hostFiles.lstat(DIRECTORY)).mode;

const REFUSED: readonly [string, (host: MemoryHost) => Promise<unknown>, RegExp][] = [
  [
    'of another user',
    async (host) => {
      await made(0o700)(host);
      host.hostFiles.give(DIRECTORY, 1001);
    },
    /belongs to the user 1001.*sudo mv -T \/var\/tmp\/pikaci \/var\/tmp\/pikaci\.refused/,
  ],
  ['that its group can write to', made(0o770), /mode 0770.*chmod 0700 \/var\/tmp\/pikaci/],
  ['that everybody can write to', made(0o1777), /mode 1777.*chmod 0700 \/var\/tmp\/pikaci/],
  [
    'that is a link',
    async (host) => {
      await host.hostFiles.makeDirectory('/elsewhere', { mode: 0o700 });
      host.hostFiles.link('/elsewhere', DIRECTORY);
    },
    /is a link.*readlink -f \/var\/tmp\/pikaci/,
  ],
  ['that is a file', (host) => host.hostFiles.writeFile(DIRECTORY, Buffer.from('')), /is not a directory/],
];

describe('the work directory', () => {
  it('is made for its owner alone, and its parents as they would be', async () => {
    const { host, directory } = await hostWith(async () => {});
    must(await directory.ensure(never));
    expect(await modeOf(host)).toBe(0o700);
    expect(must(await host.hostFiles.lstat('/var/tmp')).mode).toBe(0o755);
  });

  it('is closed to others where they could only read it, as version 0.1 has left it', async () => {
    const { host, directory } = await hostWith(made(0o755));
    must(await directory.ensure(never));
    expect(await modeOf(host)).toBe(0o700);
  });

  it('is closed when there is nothing in it but what pikaci makes', async () => {
    const { host, directory } = await hostWith(async (machine) => {
      await made(0o755)(machine);
      for (const name of ['runs', 'snapshots', 'prepared', 'cache', 'runner-flakes', '.pikaci-doctor-1'])
        must(await machine.hostFiles.makeDirectory(`${DIRECTORY}/${name}`));
    });
    must(await directory.ensure(never));
    expect(await modeOf(host)).toBe(0o700);
  });

  it.each([0o755, 0o1777])(
    'is left as it is, mode %o, when it holds other things, such as /srv, and refused',
    async (mode) => {
      const { host, directory } = await hostWith(async (machine) => {
        await made(mode)(machine);
        for (const name of ['runs', 'www', 'git', 'tftp', 'nfs'])
          must(await machine.hostFiles.makeDirectory(`${DIRECTORY}/${name}`));
      });
      const { message } = mustFail(await directory.ensure(never), 'host_files');
      expect(message).toContain('holds what is not pikaci\'s ("git", "nfs", "tftp" and 1 more)');
      expect(message).toContain(`sudo install -d -m 0700 -o "$(id -un)" ${DIRECTORY}/pikaci`);
      expect(await modeOf(host)).toBe(mode);
      // Its owner has closed it: that is a decision.
      must(await host.hostFiles.setMode(DIRECTORY, 0o700));
      must(await directory.ensure(never));
    },
  );

  it('is asked about once, and again after it was refused', async () => {
    const { host, directory } = await hostWith(made(0o777));
    mustFail(await directory.ensure(never), 'host_files');
    must(await host.hostFiles.setMode(DIRECTORY, 0o700));
    must(await directory.ensure(never));
    const asked = host.shell.commands.length;
    must(await directory.ensure(never));
    expect(host.shell.commands.length).toBe(asked);
  });

  it('is not made by a look for what can be removed', async () => {
    const { host, directory } = await hostWith(async () => {});
    must(await directory.check(never));
    expect(host.hostFiles.has(DIRECTORY)).toBe(false);
  });

  for (const [title, make, words] of REFUSED) {
    it(`${title} is refused by a job, by a reaper and by the doctor, with what to type, and nothing is put into it`, async () => {
      const { host, pikaci } = await hostWith(make);
      const listed = (await host.hostFiles.list(DIRECTORY)).unwrapOr([]);
      const job = mustFail(
        await pikaci.runJob({ job: { id: 'j', command: 'true', timeoutSecs: 60 }, workspace: '/tree' }),
        'host_files',
      );
      expect(job).toMatchObject({ field: 'workDir' });
      expect(job.message).toMatch(words);
      expect(mustFail(await pikaci.reap(), 'host_files').message).toMatch(words);
      const report = await pikaci.doctor();
      expect(report.ok).toBe(false);
      const check = report.checks.find(({ name }) => name === 'work_dir');
      expect(check?.status).toBe('failed');
      expect(`${check?.detail} ${check?.remedy}`).toMatch(words);
      expect((await host.hostFiles.list(DIRECTORY)).unwrapOr([])).toEqual(listed);
    });
  }
});
