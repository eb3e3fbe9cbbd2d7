import { mkdir, symlink } from 'node:fs/promises';
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

  it.each(['zsh-of-nobody', '/no/such/zsh'])(
    'is said not to be in the machine where %s is not',
    async (missing) => {
      guest = new GuestMachine(shell);
      const ended = await guest.run({ command: 'echo run', shell: [missing, '-e'] }).ended;
      expect(ended.stdout.toString()).toBe('');
      expect(guest.statusOf(ended).result).toMatchObject({
        status: 'failed',
        exit_code: null,
        cause: 'setup',
        message: `the shell ${missing} is not in the machine: use another one, or an image that has it`,
      });
    },
  );

  it('is looked for on the PATH of the job', async () => {
    guest = new GuestMachine(shell);
    const own = `${guest.root}/own bin`;
    await mkdir(own);
    await symlink('/bin/sh', `${own}/sh-of-somebody`);
    const env = { PATH: `/nowhere:${own}:/usr/bin:/bin` };
    const ended = await guest.run({ command: 'echo found', shell: ['sh-of-somebody'], environment: env })
      .ended;
    expect(ended.stdout.toString()).toBe('found\n');
  });

  it.each([[[]], [['-e']], ['sh'], [[1]]])('is refused when it is %j', async (wrong) => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'true', shell: wrong }).ended;
    expect(ended.stderr.toString()).toContain('shell: must be');
  });
});
