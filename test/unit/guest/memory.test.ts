import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

const MIB = 1024 * 1024;

describe.each(guestShells())('memory that does not do, supervised by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  /** A container: what its control group says, and shell text that has `kills` processes of it killed. */
  function contained({ version, limit, kills }: { version: 1 | 2; limit: string; kills: number }) {
    guest = new GuestMachine(shell, { contained: true });

    mkdirSync(join(guest.root, 'group/memory'), { recursive: true });
    const group = join(guest.root, 'group', version === 1 ? 'memory' : '.');
    writeFileSync(join(group, version === 1 ? 'memory.limit_in_bytes' : 'memory.max'), `${limit}\n`);
    const file = join(group, version === 1 ? 'memory.oom_control' : 'memory.events');
    const met = limit === 'max' ? 0 : 3;
    const text = (number: number) =>
      version === 1
        ? `oom_kill_disable 0\nunder_oom 0\noom_kill ${number}\n`
        : `low 0\nhigh 0\nmax 5\noom ${met}\noom_kill ${number}\noom_group_kill 0\n`;
    writeFileSync(file, text(4));
    const kill = (to: number) => [
      `printf 'oom_kill ${to + 3}\\n' >${guest.root}/vmstat`,
      `printf '${text(to).replaceAll('\n', '\\n')}' >${file}`,
    ];
    return { killed: kill(4 + kills).join('\n'), again: kill(5 + kills).join('\n') };
  }

  it.each([
    {
      version: 2,
      limit: String(100 * MIB),
      kills: 2,
      said: 'the memory limit of 100 MiB killed 2 processes',
    },
    { version: 1, limit: String(100 * MIB), kills: 1, said: 'the memory limit of 100 MiB killed 1 process' },
    { version: 2, limit: '1000', kills: 1, said: 'the memory limit of 0 KiB killed 1 process' },
    {
      version: 2,
      limit: String(20 * MIB + 1),
      kills: 3,
      said: 'the memory limit of 20 MiB killed 3 processes',
    },
    { version: 2, limit: 'max', kills: 1, said: 'the host ran out of memory, which killed 1 process' },
  ] as const)('is the cause of a failure: $said', async ({ version, limit, kills, said }) => {
    const { killed } = contained({ version, limit, kills });
    const ended = await guest.run({ command: `${killed}\nexit 137` }).ended;
    const { result } = guest.statusOf(ended);
    expect(result).toMatchObject({
      status: 'failed',
      exit_code: 137,
      cause: 'oom',
      message: `the command ended with status 137: ${said}`,
    });
    expect(result).not.toHaveProperty('warnings');
  });

  it('is a warning of what passes all the same, and of what is ended', async () => {
    const { killed } = contained({ version: 2, limit: String(64 * MIB), kills: 1 });
    const said = ['the memory limit of 64 MiB killed 1 process'];
    const passed = guest.statusOf(await guest.run({ command: `${killed}` }).ended);
    expect(passed.result).toMatchObject({ status: 'passed', cause: 'exit', warnings: said });
    await guest.remove();
    const { killed: again } = contained({ version: 2, limit: String(64 * MIB), kills: 1 });
    const command = `${again}\nsleep 600`;
    const timed = guest.statusOf(await guest.run({ command, timeout_secs: 1 }).ended);
    expect(timed.result).toMatchObject({ exit_code: 124, cause: 'timeout', warnings: said });
  });

  it('is that of the machine where it is one of its own', async () => {
    guest = new GuestMachine(shell);
    writeFileSync(join(guest.root, 'meminfo'), 'MemTotal:         226304 kB\nMemFree: 1 kB\n');
    const command = `echo oom_kill 9 >${guest.root}/vmstat\nexit 1`;
    const ended = await guest.run({ command }).ended;
    expect(guest.statusOf(ended).result).toMatchObject({
      exit_code: 1,
      cause: 'oom',
      message:
        'the command ended with status 1: the machine ran out of memory (221 MiB), which killed 2 processes',
    });
  });

  it("is told of the step it happened in, and what others had killed on the host is not this machine's", async () => {
    const { killed } = contained({ version: 2, limit: String(64 * MIB), kills: 1 });
    const steps = [
      {
        id: 'elsewhere',
        command: `echo oom_kill 99 >${guest.root}/vmstat\nexit 3`,
        continue_on_error: true,
      },
      { id: 'here', name: 'the one', command: `${killed}\nexit 4` },
      { id: 'after', command: 'exit 5', if: 'always' },
    ];
    const { status } = guest.stepsOf(await guest.run({ command: '', steps }).ended);
    expect(status.result).toMatchObject({
      exit_code: 4,
      cause: 'oom',
      message: 'the step the one ended with status 4: the memory limit of 64 MiB killed 1 process',
    });
    expect(status.steps?.map(({ cause }) => cause)).toEqual(['exit', 'oom', 'exit']);
  });

  it('is counted from one step of an open machine to the next', async () => {
    const { killed, again } = contained({ version: 2, limit: String(64 * MIB), kills: 2 });
    const result = async (id: string, command: string) =>
      guest.statusOf(await guest.runStep(id, { command }).ended).result;
    expect(await result('one', `${killed}\nexit 3`)).toMatchObject({
      cause: 'oom',
      message: expect.stringContaining('killed 2 processes'),
    });
    expect(await result('two', 'exit 4')).toMatchObject({ exit_code: 4, cause: 'exit' });
    expect(await result('three', `${again}\nexit 5`)).toMatchObject({
      cause: 'oom',
      message: expect.stringContaining('killed 1 process'),
    });
  });
});
