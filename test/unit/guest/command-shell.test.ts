import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

describe.each(guestShells())('the shell of a command, with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it('is the one that the request names, and passes over a failing line where it names none', async () => {
    const command = 'echo one\nfalse\necho two';
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command, shell: ['/bin/sh', '-e'] }).ended;
    expect(ended.stdout.toString()).toBe('one\n');
    expect(guest.statusOf(ended).result).toMatchObject({ status: 'failed', exit_code: 1, cause: 'exit' });
    await guest.remove();
    guest = new GuestMachine(shell);
    const old = await guest.run({ command }).ended;
    expect(old.stdout.toString()).toBe('one\ntwo\n');
    expect(guest.statusOf(old).result).toMatchObject({ status: 'passed' });
  });

  it.each([[[]], [['-e']], ['sh'], [[1]]])('is refused when it is %j', async (wrong) => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'true', shell: wrong }).ended;
    expect(ended.stderr.toString()).toContain('shell: must be');
  });
});
