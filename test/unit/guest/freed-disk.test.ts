import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GuestMachine, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';
import { smallDiskGuests } from '../../support/small-disk-guest.js';

const FULL = 'the disk of the guest is full';
const fill =
  'until [ -s "$HOME/large" ] && ! echo x >>"$HOME/more"; do cat /dev/zero >"$HOME/large"; done 2>/dev/null; true';
const free = 'rm -f "$HOME/large" "$HOME/more"';

// Without root there is no disk that could be filled.
describe.runIf(isRoot).each(guestShells())('a guest whose disk is full, with $name,', (shell) => {
  const { guestWith, sh } = smallDiskGuests(shell);

  it('takes a step that frees it, and those behind it', async () => {
    const guest = guestWith('size=4m');
    const filled = await guest.runStep('fill', { command: `${fill}; seq 1 100000` }).ended;
    expect(guest.statusOf(filled).result).toMatchObject({
      status: 'passed',
      exit_code: 0,
      message: `the command passed, and its log could not be written: ${FULL}`,
      warnings: [`its log could not be written to its end: ${FULL}`],
    });
    for (const round of [1, 2]) {
      const freed = await guest.runStep(`free-${round}`, { command: `${free}; echo freed` }).ended;
      expect(freed.stdout.toString()).toBe('freed\n');
      expect(guest.statusOf(freed).result).toMatchObject({ exit_code: 0, message: 'the command passed' });
      const again = await guest.runStep(`fill-${round}`, { command: fill }).ended;
      expect(guest.statusOf(again).result).toMatchObject({ exit_code: 0 });
    }
  });

  it('runs the steps of a job behind the one that has filled it', async () => {
    const guest = guestWith('size=4m');
    const steps = [
      { id: 'fill', command: `${fill}; seq 1 100000; exit 3` },
      { id: 'skipped', command: 'echo never' },
      { id: 'free', command: `${free}; echo freed`, if: 'always' },
      { id: 'last', command: 'echo last', if: 'always' },
    ];
    const run = await guest.run({ command: '', steps }).ended;
    const status = await guest.status();
    expect(status.steps?.map(({ id, state, exit_code }) => [id, state, exit_code])).toEqual([
      ['fill', 'failed', 3],
      ['skipped', 'skipped', null],
      ['free', 'passed', 0],
      ['last', 'passed', 0],
    ]);
    expect(run.stdout.toString()).toMatch(/freed\nlast\n$/);
    expect(status.result).toMatchObject({
      exit_code: 3,
      cause: 'disk_full',
      message: `the step fill ended with status 3: ${FULL}, and its log could not be written: ${FULL}`,
      warnings: [`the log could not be written to its end: ${FULL}, in the step fill`],
    });
  });

  it('says what keeps it from running anything, and what can be done about it', async () => {
    const guest = guestWith('size=1m');
    expect((await guest.runStep('one', { command: 'true' }).ended).code).toBe(0);
    sh('cat /dev/zero >"$1/large" 2>/dev/null || :', guest.root);
    const run = await guest.runStep('two', { command: 'true' }).ended;
    expect(run.code).toBe(70);
    expect(run.stderr).toMatch(/^pikaci-incus-run: setup: the [a-z ]+ (could not|cannot) be [a-z]+: /);
    expect(run.stderr).toContain(`: ${FULL}; remove files in it, or give the machine a larger one\n`);
  });

  it('says that a file which is sent to it does not fit', async () => {
    const guest = guestWith('size=1m');
    const content = Buffer.alloc(2 * 1024 * 1024);
    const path = join(guest.root, 'sent');
    const put = await guest.bring(['put', path, '644', '--size', String(content.length)], content).ended;
    expect([put.code, put.stderr]).toEqual([
      70,
      `pikaci-incus-run: setup: ${path} could not be written: ${FULL}; remove files in it, or give the machine a larger one\n`,
    ]);
    expect(sh('ls -A "$1"', guest.root)).not.toContain('.pikaci-put');
  });

  it('is told apart from a place that is read-only, or is not there', async () => {
    const guest = guestWith('size=2m');
    sh('mkdir "$1/ro" && mount -t tmpfs -o ro none "$1/ro"', guest.root);
    const sent = async (path: string) =>
      (await guest.bring(['put', path, '644', '--size', '1'], 'x').ended).stderr;
    const failed = 'pikaci-incus-run: setup:';
    expect(await sent(`${guest.root}/ro/x`)).toBe(
      `${failed} ${guest.root}/ro/x could not be written: ${guest.root}/ro is read-only\n`,
    );
    expect(await sent(`${guest.root}/ro/deep/x`)).toBe(
      `${failed} ${guest.root}/ro/deep cannot be made: ${guest.root}/ro is read-only\n`,
    );
    expect(await sent('/proc/x')).toBe(
      `${failed} /proc/x could not be written: nothing can be made in /proc\n`,
    );
    sh('rm -r "$1"; ln -s "$2/ro" "$1"', guest.state, guest.root);
    const run = await guest.runStep('one', { command: 'true' }).ended;
    expect(run.stderr).toBe(`${failed} the state directory cannot be created: ${guest.state} is read-only\n`);
  });
});

describe.each(guestShells())('a working directory of a job with $name', (shell) => {
  it.runIf(isRoot)('that cannot be made is told with the cause, whatever its name has', async () => {
    const guest = new GuestMachine(shell);
    writeFileSync(join(guest.root, 'file'), '');
    const cargo = `${guest.root}/file/"a\\b"`;
    const run = await guest.run({ cargo_home_dir: cargo }).ended;
    const status = guest.statusOf(run);
    await guest.remove();
    expect(status.result).toMatchObject({
      cause: 'setup',
      message: `the directory ${cargo} of the job cannot be created: ${guest.root}/file is not a directory`,
    });
  });
});
