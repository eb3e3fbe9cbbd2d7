import { ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { must } from '../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../application/memory-run.js';
import { Cli, folderWith } from './cli-harness.js';

const TERMINAL = {
  size: () => ({ columns: 80, rows: 24 }),
  read: () => ({ stop: () => undefined }),
  onResize: () => () => undefined,
};

/** A machine m1 whose steps do not end when they are told to, and one command. */
async function site() {
  const run = await memoryRun({
    script: async ({ write }) => {
      write('working\n');
      return await new Promise<never>(() => undefined);
    },
  });
  must(await must(await run.pikaci.openMachine({ id: 'm1' })).leave());
  const cli = new Cli({ shellTerminal: TERMINAL });
  const machines = run.another();
  cli.pikaci.machines = machines;
  /** Resolves when the command has called this of the machine, which never answers. */
  const stuckIn = (call: 'release' | 'upload' | 'download' | 'cancelStep' | 'shell' | 'leave') =>
    new Promise<void>((reached) => {
      cli.pikaci.machines = {
        openMachine: (input) => machines.openMachine(input),
        listMachines: (options) => machines.listMachines(options),
        attachMachine: async (id, options) => {
          const machine = must(await machines.attachMachine(id, options));
          machine[call] = () => {
            reached();
            return new Promise<never>(() => undefined);
          };
          return ok(machine);
        },
      };
    });
  return { run, cli, stuckIn };
}

async function leaveAtOnce(cli: Cli, exit: Promise<number>): Promise<string> {
  cli.ctrlC();
  const first = cli.stderr.text;
  expect(first).toMatch(/^pikaci: interrupted: .*; Ctrl-C leaves at once\n$/);
  cli.ctrlC();
  expect(await exit).toBe(130);
  return cli.stderr.text.slice(first.length);
}

describe('a second Ctrl-C', () => {
  it.each(['cancel', 'detach'] as const)(
    'during machine run (--on-interrupt %s) leaves at once and names the step',
    async (choice) => {
      const { cli } = await site();
      const exit = cli.run('machine', 'run', '--on-interrupt', choice, 'm1', 'x');
      await cli.stdout.shows('working');
      // Without a name of its own, as well: what is to be pasted has the one that was made.
      const said = await leaveAtOnce(cli, exit);
      const [, step] = /^pikaci: the step (s-[0-9a-f]{12}) may still run in the machine m1;/.exec(said) ?? [];
      expect(said).toContain(`\n  pikaci machine logs m1 ${step} --follow\n`);
      expect(said).toContain(`\n  pikaci machine cancel m1 ${step}\n`);
    },
  );

  it('is not a TERM, which ends the step of a machine run without its grace', async () => {
    const { cli } = await site();
    const exit = cli.run('machine', 'run', 'm1', 'x');
    await cli.stdout.shows('working');
    cli.ctrlC();
    cli.signal('SIGTERM');
    expect(await exit).toBe(130);
    expect(cli.stderr.text).toContain('gets no more grace');
    expect(cli.stderr.text).not.toContain('may still run');
  });

  it('during machine logs --follow says that the step goes on', async () => {
    const { run, cli } = await site();
    const machine = must(await run.pikaci.attachMachine('m1'));
    const leave = new AbortController();
    const onOutput = () => leave.abort();
    must(await machine.run({ id: 's', command: 'x', signal: leave.signal, onAbort: 'detach', onOutput }));
    const root = folderWith({});
    const exit = cli.run('machine', 'logs', '--follow', '--state-root', root, 'm1', 's');
    await cli.stdout.shows('working');
    // What was said on the way here is said again, so that the command works where it is pasted.
    expect(await leaveAtOnce(cli, exit)).toContain(`pikaci machine cancel m1 s --state-root ${root}\n`);
  });

  it('during machine open names the machine that was made, and how to remove it', async () => {
    const { run, cli } = await site();
    const held = run.host.incus.faults.holdNextCreate();
    const exit = cli.run('machine', 'open');
    await held.reached;
    const said = await leaveAtOnce(cli, exit);
    const made = must(await run.host.incus.instances('default')).map(({ name }) => name);
    expect(made).toHaveLength(2);
    expect(said).toMatch(/^pikaci: the machine .* may stay until its lease ends/);
    expect(said).toContain('pikaci machine close 20261123-164501-a1a2a3\n');
    expect(said).toContain('pikaci gc --remote\n');
    held.release();
  });

  it('during machine close names those that may stay, and not those that are gone', async () => {
    const { run, cli, stuckIn } = await site();
    must(await must(await run.pikaci.openMachine({ id: 'm0' })).release());
    const reached = stuckIn('release');
    const machines = cli.pikaci.machines;
    if (machines === null) throw new Error('no machines');
    const attach = machines.attachMachine;
    cli.pikaci.machines = {
      ...machines,
      attachMachine: (id, options) =>
        id === 'm0' ? run.pikaci.attachMachine(id, options) : attach(id, options),
    };
    const exit = cli.run('machine', 'close', 'm0', 'm1');
    await reached;
    cli.ctrlC();
    cli.ctrlC();
    expect(await exit).toBe(130);
    expect(cli.stderr.text).toContain('pikaci machine close m1\n');
  });

  it.each([
    ['upload', ['cp', 'a', 'm1:/tmp/a'], '/tmp/a in the machine m1'],
    ['download', ['cp', 'm1:/tmp/a', 'here'], 'here'],
    ['cancelStep', ['cancel', 'm1', 's'], 'pikaci machine cancel m1 s\n'],
  ] as const)('during %s says what may be there', async (call, argv, said) => {
    const { cli, stuckIn } = await site();
    const reached = stuckIn(call);
    const exit = cli.run('machine', ...argv);
    await reached;
    expect(await leaveAtOnce(cli, exit)).toContain(said);
  });

  it.each([
    ['is being opened', 'shell'],
    ['has ended', 'leave'],
  ] as const)('during machine shell, as the shell %s, says that the machine stays', async (_, call) => {
    const { run, cli, stuckIn } = await site();
    const reached = stuckIn(call);
    // A shell that cannot be had ends at once.
    const exit = cli.run('machine', 'shell', 'm1');
    await reached;
    const said = await leaveAtOnce(cli, exit);
    expect(said).toMatch(
      /^pikaci: the machine m1 stays until its lease ends, and what was begun in the shell may go on/,
    );
    expect(said).toMatch(/\n {2}pikaci machine close m1\n$/);
    expect(must(await run.pikaci.listMachines()).machines).toMatchObject([{ id: 'm1', state: 'open' }]);
  });

  it('during shell says that the job’s machine stays', async () => {
    const { cli } = await site();
    const reached = new Promise<void>((resolve) => {
      cli.pikaci.shell = () => {
        resolve();
        return new Promise<never>(() => undefined);
      };
    });
    const exit = cli.run('shell', 'r1', 'a');
    await reached;
    expect(await leaveAtOnce(cli, exit)).toMatch(/ the machine of r1\/a, .*\n {2}pikaci gc --remote\n$/);
  });

  it.each([
    [
      ['--remote', '--keep-days', '7'],
      /not all .* two minutes\. .*\n {2}pikaci gc --remote --keep-days 7\n$/,
    ],
    [['--remote', '--dry-run'], /^pikaci: nothing was removed\n$/],
  ] as const)('during gc %j says how to remove the rest', async (argv, said) => {
    const { cli } = await site();
    const reached = new Promise<void>((resolve) => {
      cli.pikaci.reap = () => {
        resolve();
        return new Promise<never>(() => undefined);
      };
    });
    const exit = cli.run('gc', ...argv);
    await reached;
    expect(await leaveAtOnce(cli, exit)).toMatch(said);
  });

  it('during gc --keep-runs as well', async () => {
    const { cli } = await site();
    const root = folderWith({});
    const reached = new Promise<void>((resolve) => {
      cli.runState = {
        ...cli.runState,
        gcRuns: () => {
          resolve();
          return new Promise<never>(() => undefined);
        },
      };
    });
    const exit = cli.run('gc', '--keep-runs', '3', '--state-root', root);
    await reached;
    expect(await leaveAtOnce(cli, exit)).toMatch(
      new RegExp(
        `not all that was to go has been removed\\. .*\n {2}pikaci gc --keep-runs 3 --state-root ${root}\n$`,
      ),
    );
  });

  it('during doctor --machine says that its machine may stay', async () => {
    const { cli } = await site();
    const reached = new Promise<void>((resolve) => {
      cli.pikaci.doctor = () => {
        resolve();
        return new Promise<never>(() => undefined);
      };
    });
    const exit = cli.run('doctor', '--machine');
    await reached;
    expect(await leaveAtOnce(cli, exit)).toMatch(/a machine .* on ci@box:22 .*\n {2}pikaci gc --remote\n$/);
  });
});
