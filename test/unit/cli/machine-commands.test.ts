import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../application/memory-run.js';
import { Cli, type CliOptions, configWith } from './cli-harness.js';

const script: MemoryJobScript = async ({ request, write, cancelled }) => {
  const [, word, rest = ''] = /^(\w+) ?(.*)$/s.exec(request.command) ?? [];
  if (word === 'echo') write(`${rest} ${request.environment?.['A'] ?? ''}\n`);
  if (word === 'wait') {
    write('waiting\n');
    await cancelled;
    return 143;
  }
  const end = {
    schema_version: 1,
    exit_code: 0,
    cause: 'exit',
    finished_at: '2026-01-01T00:00:00Z',
  } as const;
  if (word === 'warn') return { ...end, status: 'passed', message: '', warnings: [rest] };
  return word === 'exit' ? Number(rest) : 0;
};

async function site() {
  const run = await memoryRun({ script });
  const machine = must(await run.pikaci.openMachine({ id: 'm1' }));
  must(await machine.leave());
  const command = () => {
    const cli = new Cli();
    cli.pikaci.machines = run.another();
    return cli;
  };
  return { run, command };
}

describe('pikaci machine', () => {
  it('open prints the id alone on standard output, and leaves the machine', async () => {
    const { run, command } = await site();
    const cli = command();
    expect(await cli.run('machine', 'open', '--id', 'mine', '--env', 'A=1', '--lease', '60')).toBe(0);
    expect(cli.stdout.text).toBe('mine\n');
    expect(cli.stderr.text).toContain('stays for 60 s after its last use; "pikaci machine close mine"');
    const again = command();
    expect(await again.run('machine', 'run', 'mine', 'echo hi')).toBe(0);
    expect(again.stdout.text).toBe('hi 1\n');
    expect(must(await run.host.incus.instances('default'))).toHaveLength(2);
  });

  it('run gives the output and the exit code of the command, of text or of words', async () => {
    const { command } = await site();
    const text = command();
    expect(await text.run('machine', 'run', 'm1', 'exit 7')).toBe(7);
    expect(text.stderr.text).toBe('');
    const words = command();
    expect(await words.run('machine', 'run', '--env', 'A=x', 'm1', 'echo', '--help', 'a b')).toBe(0);
    expect(words.stdout.text).toBe("--help 'a b' x\n");
  });

  it('run takes a first -- behind the machine for the end of the options, and later ones for words', async () => {
    const { command } = await site();
    const text = command();
    expect(await text.run('machine', 'run', 'm1', '--', 'exit 7')).toBe(7);
    const words = command();
    expect(await words.run('machine', 'run', 'm1', '--', 'echo', '--', 'a')).toBe(0);
    expect(words.stdout.text).toContain('-- a');
    const before = command();
    expect(await before.run('machine', 'run', '--', 'm1', 'exit 7')).toBe(7);
  });

  it('run says what the supervisor has to say of a step beside its end, and so does logs, once it has ended', async () => {
    const { command } = await site();
    const cli = command();
    const run = await cli.run('machine', 'run', '--step', 's', 'm1', 'warn its log is not whole');
    expect([run, cli.stderr.text]).toEqual([0, 'pikaci: warning: the step s: its log is not whole\n']);
    const again = command();
    expect(await again.run('machine', 'logs', '--follow', 'm1', 's')).toBe(0);
    expect(again.stderr.text).toBe(cli.stderr.text);
  });

  it('run says when the log of the step was cut, and so does logs, once it has ended', async () => {
    const { run, command } = await site();
    const cli = new Cli();
    cli.pikaci.machines = run.another({ maxLogBytes: 1024 });
    expect(await cli.run('machine', 'run', '--step', 's', 'm1', `echo ${'x'.repeat(2000)}`)).toBe(0);
    expect(cli.stdout.text).toBe('x'.repeat(1024));
    const said =
      'pikaci: warning: the step s: its log is cut: of the 2002 bytes that it wrote, 1024 are kept (maxLogBytes)\n';
    expect(cli.stderr.text).toBe(said);
    const again = command();
    expect(await again.run('machine', 'logs', '--follow', 'm1', 's')).toBe(0);
    expect([again.stdout.text, again.stderr.text]).toEqual(['x'.repeat(1024), said]);
  });

  it('run ends with 125 and the reason when there is no exit code to give, and with 2 for bad usage', async () => {
    const { command } = await site();
    const cases = [
      [['nobody', 'true'], 125, 'no_such_machine'],
      [['--cwd', '../x', 'm1', 'true'], 2, 'invalid_step'],
      [['--step', 'No Step', 'm1', 'true'], 2, 'invalid_step'],
      [['--shell', ' ', 'm1', 'true'], 2, 'shell'],
      [['--as-root', '--user', 'ci', 'm1', 'true'], 2, 'either "user" or "runAsRoot"'],
      [['--env', '__proto__=x', 'm1', 'true'], 2, 'env.__proto__: cannot be a name'],
      [['--env', 'A', 'm1', 'true'], 2, '--env takes NAME=value'],
      [['m1'], 2, "missing required argument 'command'"],
      [['m1', '--'], 2, 'a command is expected'],
      [['../x', 'true'], 2, 'a machine id is'],
    ] as const;
    for (const [argv, code, said] of cases) {
      const cli = command();
      expect(await cli.run('machine', 'run', ...argv)).toBe(code);
      expect(cli.stderr.text).toContain(said);
      expect(cli.stdout.text).toBe('');
    }
  });

  it('cancel ends a step that nobody follows, and says what became of one that has ended', async () => {
    const { run, command } = await site();
    const machine = must(await run.pikaci.attachMachine('m1'));
    const leave = new AbortController();
    const onOutput = () => leave.abort();
    must(await machine.run({ id: 's', command: 'wait', signal: leave.signal, onAbort: 'detach', onOutput }));
    const cancel = command();
    expect(await cancel.run('machine', 'cancel', 'm1', 's')).toBe(0);
    expect(cancel.stderr.text).toContain('the step s was cancelled');
    must(await machine.run({ id: 't', command: 'exit 3' }));
    const late = command();
    expect(await late.run('machine', 'cancel', 'm1', 't')).toBe(0);
    expect(late.stderr.text).toContain('the step t had ended');
    const nobody = command();
    expect(await nobody.run('machine', 'cancel', 'm1', 'u')).not.toBe(0);
    expect(nobody.stderr.text).toContain('no_such_step');
  });

  it('run leaves a step behind when it is told to, and says how it is watched; meanwhile no other runs', async () => {
    const { run, command } = await site();
    const cli = command();
    const running = cli.run('machine', 'run', '--step', 's', '--on-interrupt', 'detach', 'm1', 'wait');
    await cli.stdout.shows('waiting');
    cli.ctrlC();
    expect(await running).toBe(130);
    expect(cli.stderr.text).toContain('the step s goes on: "pikaci machine logs m1 s --follow" shows it');
    const busy = command();
    expect(await busy.run('machine', 'run', 'm1', 'echo x')).toBe(125);
    expect(busy.stderr.text).toContain('machine_busy');
    // As it is said, so it can be pasted.
    const [, ...cancel] = /"pikaci (machine) (cancel) (m1) (s)[^"]*" ends it/.exec(busy.stderr.text) ?? [];
    expect(await command().run(...cancel)).toBe(0);
    const step = run.host.supervisor.steps.values().next().value?.get('s');
    step?.cancel();
    const machine = must(await run.another().attachMachine('m1'));
    expect(must(await machine.attachStep('s')).status).toBe('cancelled');
  });

  it('close removes machines, and is content with one that is gone', async () => {
    const { run, command } = await site();
    const cli = command();
    expect(await cli.run('machine', 'close', 'm1')).toBe(0);
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
    const again = command();
    expect(await again.run('machine', 'close', 'm1', 'nobody')).toBe(2);
    expect(again.stderr.text).toContain('the machine m1 is gone already');
    expect(again.stderr.text).toContain('no_such_machine');
  });

  it('close waits for another one that is removing the machine, and finds it gone', async () => {
    const { run, command } = await site();
    const cli = command();
    for (let looks = 0; looks < 3; looks++) run.host.incus.faults.failNext('patchInstance', 'busy');
    expect(await cli.run('machine', 'close', 'm1')).toBe(0);
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
  });

  it('names no folder by saying nothing, and makes nothing', async () => {
    const { run, command } = await site();
    for (const argv of [
      ['open', '--workspace', ''],
      ['open', '--state-root', ''],
      ['open', '--config', ''],
      ['cp', '', 'm1:/a'],
      ['cp', 'm1:/a', ''],
    ]) {
      const cli = command();
      expect(await cli.run('machine', ...argv)).toBe(2);
      expect(cli.stderr.text).toContain('a path is expected');
    }
    expect(must(await run.host.incus.instances('default'))).toHaveLength(1);
  });

  it('list shows what is open, and with --all what became of the others, to people and to programs', async () => {
    const { command } = await site();
    await command().run('machine', 'open', '--id', 'two');
    await command().run('machine', 'close', 'two');
    const open = command();
    expect(await open.run('machine', 'list')).toBe(0);
    expect(open.stdout.text).toMatch(/^MACHINE +STATE +OPENED +LEASE ENDS +HOST\nm1 +open +\S+ +\S+ +\S+\n$/);
    const all = command();
    expect(await all.run('machine', 'list', '--all', '--output', 'json')).toBe(0);
    expect(JSON.parse(all.stdout.text)).toMatchObject({
      type: 'machine_list',
      machines: expect.arrayContaining([
        expect.objectContaining({ machine_id: 'm1', state: 'open', lease_ends_at: expect.any(String) }),
        expect.objectContaining({ machine_id: 'two', state: 'released', lease_ends_at: null }),
      ]),
    });
  });

  it('list names one that was never opened, and one that is being opened; neither is an error', async () => {
    const { run, command } = await site();
    must(await run.host.localFiles.makeDirectory('/state/machines/killed', { mode: 0o700 }));
    const held = run.host.incus.faults.holdNextCreate();
    const opening = command().run('machine', 'open', '--id', 'm2');
    await held.reached;
    const cli = command();
    expect(await cli.run('machine', 'list')).toBe(0);
    expect(cli.stdout.text).toMatch(/^m2 +opening /m);
    expect(cli.stderr.text).toMatch(/^pikaci: the machine killed was never opened: [^\n]*\n$/);
    held.release();
    expect(await opening).toBe(0);
  });

  it('cp wants exactly one path in a machine', async () => {
    const { command } = await site();
    for (const paths of [
      ['a', 'b'],
      ['m1:/a', 'm1:/b'],
    ]) {
      const cli = command();
      expect(await cli.run('machine', 'cp', ...paths)).toBe(2);
      expect(cli.stderr.text).toContain('one of the two is a path in a machine');
    }
  });
});

describe('pikaci exec', () => {
  async function execution(options: CliOptions = {}) {
    const run = await memoryRun({ script });
    const cli = new Cli({ ...options, files: { 'pikaci.config.json': configWith(['a']) } });
    await run.host.setWorkspace(cli.folder, { file: { content: 'here\n' } });
    cli.pikaci.machines = run.another();
    const instances = async () => must(await run.host.incus.instances('default'));
    return { run, cli, instances };
  }

  it('runs one command in a machine of its own, with variables by name, and passes on its output and its exit code', async () => {
    const { cli, instances } = await execution({ env: { A: 'by name', B: 'no' } });
    expect(await cli.run('exec', '--env', 'A', '--env', 'GONE', '--', 'echo', 'hi')).toBe(0);
    expect([cli.stdout.text, cli.stderr.text]).toEqual(['hi by name\n', '']);
    expect(await instances()).toEqual([]);
    const other = await execution();
    expect(await other.cli.run('exec', 'exit 7')).toBe(7);
  });

  it('ends the command at a first Ctrl-C, and removes the machine', async () => {
    const { cli, instances } = await execution();
    const running = cli.run('exec', 'wait');
    await cli.stdout.shows('waiting');
    cli.ctrlC();
    expect(await running).toBe(130);
    expect(await instances()).toEqual([]);
  });

  it('exits with 125 where there is no machine, and with 2 for what cannot be', async () => {
    const { cli, run, instances } = await execution();
    expect(await cli.run('exec', '--env', '=x', 'true')).toBe(2);
    run.host.incus.faults.failNextStart();
    expect(await cli.run('exec', 'true')).toBe(125);
    expect(await instances()).toEqual([]);
  });

  it.each(['cannot be had', 'is lost'])('exits with 125 also where a terminal %s', async (how) => {
    const shellTerminal = {
      size: () => ({ columns: 80, rows: 24 }),
      read: () => ({ stop: () => undefined }),
      onResize: () => () => undefined,
    };
    const { cli, run, instances } = await execution({ shellTerminal });
    const machines = run.another();
    const gone = { kind: 'guest', phase: null, host: 'local', message: 'it does not answer' } as const;
    const lost = {
      output: (async function* () {})(),
      exit: Promise.resolve(err(gone)),
      [Symbol.asyncDispose]: async () => undefined,
    };
    cli.pikaci.machines = {
      attachMachine: (id, options) => machines.attachMachine(id, options),
      listMachines: (options) => machines.listMachines(options),
      openMachine: async (input) => {
        const machine = must(await machines.openMachine(input));
        machine.shell = async () => (how === 'is lost' ? ok(lost as never) : err(gone));
        return ok(machine);
      },
    };
    expect(await cli.run('exec', 'true')).toBe(125);
    expect(cli.stderr.text).toContain('it does not answer');
    expect(await instances()).toEqual([]);
  });
});

describe('pikaci fork', () => {
  async function forkable() {
    const { run, command } = await site();
    const job = {
      id: 'j',
      steps: [
        { id: 'a', command: 'echo one' },
        { id: 'b', command: 'exit 4' },
      ],
    };
    const secrets = { TOKEN: 'a-secret-of-it' };
    const call = { job: { ...job, secrets }, workspace: WORKSPACE, runId: 'r', keepOnFailureSecs: 60 };
    must(await must(await run.pikaci.runJob(call)).cleanUp);
    return { run, command };
  }

  it('prints the id of the copy alone, which can be used as any open machine', async () => {
    const { command } = await forkable();
    const cli = command();
    expect(await cli.run('fork', 'r', 'j', '--id', 'copy', '--lease', '60')).toBe(0);
    expect(cli.stdout.text).toBe('copy\n');
    expect(cli.stderr.text).toContain('none of the job’s secrets: TOKEN');
    expect(cli.stderr.text).toContain('stays for 60 s after its last use; "pikaci machine shell copy"');
    const again = command();
    expect(await again.run('machine', 'fork', 'copy', '--id', 'third')).toBe(0);
    expect(again.stdout.text).toBe('third\n');
    const use = command();
    expect(await use.run('machine', 'run', 'third', 'echo hi')).toBe(0);
  });

  it('with --command gives the output and the exit status of what the job ran, or of something else', async () => {
    const { command } = await forkable();
    const same = command();
    expect(await same.run('fork', 'r', 'j', '--command')).toBe(4);
    expect(same.stdout.text).toBe('one \n');
    const other = command();
    expect(await other.run('fork', 'r', 'j', '--id', 'c2', '--command', 'exit 9')).toBe(9);
    const empty = command();
    expect(await empty.run('fork', 'r', 'j', '--command', '')).toBe(2);
    const missing = command();
    expect(await missing.run('fork', 'r', 'other', '--command')).toBe(2);
    expect(missing.stderr.text).toContain('/r/jobs/other');
  });
});
