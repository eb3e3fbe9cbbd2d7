import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine, type GuestStatus, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

/** Lays something over a program that nobody can run. */
const WITHOUT = [
  'for found in "/usr/local/bin/$1" "/usr/bin/$1" "/bin/$1" "/usr/sbin/$1" "/sbin/$1"; do',
  '  [ ! -e "$found" ] || mount --bind /dev/null "$found"',
  'done; shift; exec "$@"',
].join('\n');
const without = (tool: string) => ['unshare', '-m', 'sh', '-c', WITHOUT, 'sh', tool];
const shells = guestShells().filter(({ name }) => name !== 'busybox');

// Without root nothing can be laid over a program.
describe.runIf(isRoot).each(shells)('an image that lacks a program, with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it.each(['find', 'setsid', 'chown', 'ln', 'date'])('has that for its result: %s', async (tool) => {
    guest = new GuestMachine(shell, { namespace: without(tool) });
    const run = await guest.run({}).ended;
    expect(run).toMatchObject({
      code: 70,
      stderr: `pikaci-incus-run: setup: the image has no ${tool}\n`,
    });
    const status: GuestStatus = JSON.parse((await guest.call(['status'])).stdout.toString());
    expect(status).toMatchObject({
      state: 'finished',
      result: { status: 'failed', exit_code: null, cause: 'setup', message: `the image has no ${tool}` },
    });
  });

  it.each(['mkdir', 'mv'])('says so at least to its caller: %s', async (tool) => {
    guest = new GuestMachine(shell, { namespace: without(tool) });
    const run = await guest.run({}).ended;
    expect(run).toMatchObject({
      code: 70,
      stderr: `pikaci-incus-run: setup: the image has no ${tool}\n`,
    });
  });

  it("does without install, as of Debian's busybox", async () => {
    guest = new GuestMachine(shell, { namespace: without('install') });
    const run = await guest.run({ command: 'exit 3' }).ended;
    expect(guest.statusOf(run).result).toMatchObject({ cause: 'exit', exit_code: 3 });
  });

  it('says so of a step', async () => {
    guest = new GuestMachine(shell, { namespace: without('find') });
    const run = await guest.runStep('one', {}).ended;
    expect(run).toMatchObject({ code: 70, stderr: 'pikaci-incus-run: setup: the image has no find\n' });
  });
});
