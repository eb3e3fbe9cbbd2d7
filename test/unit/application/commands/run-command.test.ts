import { describe, expect, it } from 'vitest';
import { MemoryShell } from '../../../../src/adapters/memory/memory-shell.js';
import { type RunCommandOptions, runCommand } from '../../../../src/application/commands/run-command.js';

const command = { argv: ['make', 'all'] } as const;
const options = (more: Partial<RunCommandOptions> = {}): RunCommandOptions => ({
  purpose: 'the command of sdk',
  timeoutSecs: 60,
  failure: 'prepare_failed',
  signal: new AbortController().signal,
  onOutput: async () => {},
  ...more,
});
const hangs = (shell: MemoryShell, said = '') => {
  let begin = () => {};
  const began = new Promise<void>((resolve) => {
    begin = resolve;
  });
  shell.handle(({ write, stopped }) => {
    write('stderr', said);
    return new Promise<number>((resolve) => {
      stopped.addEventListener('abort', () => resolve(143));
      begin();
    });
  });
  return began;
};

describe('a command of a prepare node', () => {
  it('whose connection is lost is a fault of the host, with the end of what it said', async () => {
    const shell = new MemoryShell('ci@box:22');
    const began = hangs(shell, 'step 7 of 9\n');
    const ran = runCommand(shell, command, options({ onOutput: async () => shell.loseConnection() }));
    await began;
    const fault = (await ran)._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'host', cause: { kind: 'connection_lost' } });
    expect(fault.message).toMatch(/^the command of sdk: the connection was lost.*:\nstep 7 of 9$/s);
  });

  it('that cannot be handed to the host is a fault of the host as well', async () => {
    const shell = new MemoryShell();
    shell.loseConnection(1);
    expect((await runCommand(shell, command, options()))._unsafeUnwrapErr().kind).toBe('host');
  });

  it('that is not done in time says that, and not that somebody cancelled it', async () => {
    const shell = new MemoryShell();
    void hangs(shell, 'waiting for a lock\n');
    const fault = (await runCommand(shell, command, options({ timeoutSecs: 0.05 })))._unsafeUnwrapErr();
    expect(fault).toEqual({
      kind: 'prepare_failed',
      phase: null,
      host: 'memory',
      message: 'the command of sdk: not done within 0.05 s:\nwaiting for a lock',
    });
  });

  it('that is cancelled says why', async () => {
    const shell = new MemoryShell();
    const stop = new AbortController();
    const began = hangs(shell);
    const ran = runCommand(shell, command, options({ signal: stop.signal }));
    await began;
    stop.abort('a failed, and the first failure ends the run');
    expect((await ran)._unsafeUnwrapErr()).toMatchObject({
      kind: 'cancelled',
      message: 'the command of sdk: cancelled: a failed, and the first failure ends the run',
    });
  });

  it('may print more than anybody keeps, unless its output is what is asked for', async () => {
    const shell = new MemoryShell();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    shell.handle(({ write }) => {
      for (let mib = 0; mib < 17; mib++) write('stdout', piece);
      return 0;
    });
    const ran = await runCommand(shell, command, options({ keepStdout: false }));
    expect(ran._unsafeUnwrap().length).toBe(0);
    const asked = (await runCommand(shell, command, options()))._unsafeUnwrapErr();
    expect(asked.message).toMatch(/^the command of sdk: printed more than 16777216 bytes/);
  });

  it('that fails carries the end of what it said', async () => {
    const shell = new MemoryShell();
    shell.handle(({ write }) => {
      write('stderr', 'no rule to make all\n');
      return 2;
    });
    expect((await runCommand(shell, command, options()))._unsafeUnwrapErr()).toMatchObject({
      kind: 'prepare_failed',
      message: 'the command of sdk: make ended with 2:\nno rule to make all',
    });
  });
});

it('a command of pikaci’s own that fails is the host’s failure, and no node’s', async () => {
  const shell = new MemoryShell();
  shell.handle(({ write }) => {
    write('stderr', 'No space left on device\n');
    return 1;
  });
  const { failure: _, ...own } = options();
  expect((await runCommand(shell, command, own))._unsafeUnwrapErr()).toMatchObject({
    kind: 'host',
    message: 'the command of sdk: make ended with 1:\nNo space left on device',
  });
});
