import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { gcRuns } from '../../../../src/application/gc/gc-runs.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

/** Plays `echo TEXT`, `exit N`, `wait`, which ends when it is cancelled, and `die`, which leaves no exit record. */
const script: MemoryJobScript = async ({ request, write, cancelled }) => {
  const [, word, rest = ''] = /^(echo|exit|wait) ?(.*)$/.exec(request.command) ?? [];
  if (word === 'echo') write(`${rest}\n`);
  if (request.command === 'die') return null;
  if (word === 'wait') {
    write('waiting\n');
    await cancelled;
    return 143;
  }
  return word === 'exit' ? Number(rest) : 0;
};

async function record(run: Awaited<ReturnType<typeof memoryRun>>, path: string) {
  const bytes = must(await run.host.localFiles.readFile(`/state/machines/${path}`));
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}

describe('an open machine', () => {
  it('runs steps one after another, each with its own exit code, log and record, until it is released', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm1', workspace: WORKSPACE }));
    expect(machine.id).toBe('m1');
    const seen: string[] = [];
    const onOutput = (data: Uint8Array) => void seen.push(Buffer.from(data).toString('utf8'));
    const first = must(await machine.run({ id: 'hello', command: 'echo hello', onOutput }));
    expect(first).toMatchObject({ stepId: 'hello', status: 'passed', cause: 'exit', exitCode: 0 });
    expect(seen.join('')).toBe('hello\n');
    const second = must(await machine.run({ command: 'exit 7' }));
    expect(second).toMatchObject({ status: 'failed', cause: 'exit', exitCode: 7 });
    expect(await record(run, 'm1/steps/hello/step.json')).toMatchObject({
      machine_id: 'm1',
      step_id: 'hello',
      outcome: { status: 'passed', exit_code: 0, kept_log_bytes: 6 },
    });
    expect(must(await run.host.incus.instances('default'))).toHaveLength(1);
    must(await machine.release());
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
    expect((await record(run, 'm1/machine.json')).released_at).not.toBeNull();
    expect((await machine.run({ command: 'echo x' }))._unsafeUnwrapErr().kind).toBe('machine_released');
    // Its steps' records stay.
    expect((await record(run, 'm1/steps/hello/step.json')).outcome.exit_code).toBe(0);
  });

  it('is released by `await using`, and its record is for its owner alone', async () => {
    const run = await memoryRun({ script });
    {
      await using machine = must(await run.pikaci.openMachine());
      must(await machine.run({ command: 'echo x' }));
      const stat = must(await run.host.localFiles.stat(`/state/machines/${machine.id}/machine.json`));
      expect(stat.mode & 0o777).toBe(0o600);
    }
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
  });

  it('is taken up by another process, with the steps that were run, and can be held by both', async () => {
    const run = await memoryRun({ script });
    const first = must(await run.pikaci.openMachine({ id: 'shared' }));
    must(await first.run({ id: 'a', command: 'echo a' }));
    const second = must(await run.another().attachMachine('shared'));
    expect(must(await second.run({ command: 'exit 3' })).exitCode).toBe(3);
    expect(must(await first.run({ command: 'exit 4' })).exitCode).toBe(4);
    expect(must(await second.attachStep('a'))).toMatchObject({ exitCode: 0, status: 'passed' });
    expect((await second.run({ id: 'a', command: 'echo a' }))._unsafeUnwrapErr()).toMatchObject({
      kind: 'step_exists',
      field: 'id',
    });
    must(await second.release());
    expect((await first.run({ command: 'exit 0' }))._unsafeUnwrapErr().kind).toBe('machine_released');
  });

  it('runs one step at a time: the second is refused by the name of the first, and leaves no record', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const cancel = new AbortController();
    let begun: () => void = () => {};
    const began = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const long = machine.run({ id: 'long', command: 'wait', signal: cancel.signal, onOutput: () => begun() });
    await began;
    const refused = (await machine.run({ id: 'other', command: 'echo x' }))._unsafeUnwrapErr();
    expect(refused.kind).toBe('machine_busy');
    expect(refused.message).toContain('the step long runs');
    expect(refused.message).toContain(
      '; "pikaci machine logs m long --follow" shows it until it ends, "pikaci machine cancel m long" ends it',
    );
    expect((await machine.step('other'))._unsafeUnwrapErr().kind).toBe('no_such_step');
    cancel.abort();
    expect(must(await long)).toMatchObject({ status: 'cancelled', cause: 'cancelled' });
    expect(must(await machine.run({ id: 'other', command: 'echo x' })).exitCode).toBe(0);
  });

  it('takes nothing for a step’s result that another process has run under its id', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    must(await machine.run({ id: 's', command: 'exit 3' }));
    must(await run.host.localFiles.remove('/state/machines/m/steps/s', { recursive: true }));
    expect((await machine.run({ id: 's', command: 'exit 0' }))._unsafeUnwrapErr().kind).toBe('step_exists');
    expect((await machine.step('s'))._unsafeUnwrapErr().kind).toBe('no_such_step');
  });

  it('says of a step that left no exit record that it is lost, each time that somebody asks', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const lost = mustFail(await machine.run({ id: 's', command: 'die' }), 'step_lost');
    expect(mustFail(await machine.attachStep('s'), 'step_lost').message).toBe(lost.message);
    expect(mustFail(await machine.attachStep('s', { replay: true }), 'step_lost')).toEqual(lost);
    expect(must(await machine.step('s')).outcome).toMatchObject({ cause: 'lost', exit_code: null });
  });

  it('keeps a step that was left, for whoever attaches to it: its log goes on from the last byte kept', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const leave = new AbortController();
    const left = must(
      await machine.run({
        id: 'long',
        command: 'wait',
        signal: leave.signal,
        onAbort: 'detach',
        onOutput: () => leave.abort(),
      }),
    );
    expect(left).toMatchObject({ status: 'running', cause: 'detached', exitCode: null });
    must(await machine.leave());
    const other = must(await run.another().attachMachine('m'));
    const cancel = new AbortController();
    const again = other.attachStep('long', { signal: cancel.signal });
    cancel.abort();
    expect(must(await again)).toMatchObject({ status: 'cancelled' });
    const log = must(await run.host.localFiles.readFile('/state/machines/m/steps/long/guest.log'));
    expect(Buffer.from(log).toString('utf8')).toBe('waiting\n');
  });

  it('masks the secrets of a step, and does not record them', async () => {
    const run = await memoryRun({
      script: async ({ secrets, write }) => {
        write(`the token is ${secrets['TOKEN']}\n`);
        return 0;
      },
    });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    must(await machine.run({ id: 's', command: 'x', secrets: { TOKEN: 'hunter2-hunter2' } }));
    const log = must(await run.host.localFiles.readFile('/state/machines/m/steps/s/guest.log'));
    expect(Buffer.from(log).toString('utf8')).not.toContain('hunter2');
    expect(JSON.stringify(await record(run, 'm/steps/s/step.json'))).not.toContain('hunter2');
    // The next step finds nothing of them.
    const step = run.host.supervisor.step(machine.name, 's');
    expect(step?.secretsLine).toBe('');
  });

  it('gives a step the machine’s environment with its own on top, its directory and its shell', async () => {
    const requests: unknown[] = [];
    const run = await memoryRun({
      script: async ({ request }) => {
        requests.push(request);
        return 0;
      },
    });
    const machine = must(await run.pikaci.openMachine({ env: { A: '1', B: '1' } }));
    must(await machine.run({ command: ['printf', '%s', "it's"], env: { B: '2' } }));
    must(
      await machine.run({ command: 'x', workingDirectory: 'sub', shell: ['bash', '-e'], runAsRoot: true }),
    );
    expect(requests).toMatchObject([
      {
        command: `printf %s 'it'\\''s'`,
        environment: { A: '1', B: '2' },
        steps: [{ environment: { B: '2' } }],
        run_as_root: false,
      },
      {
        run_as_root: true,
        steps: [{ working_directory: '/workspace/snapshot/sub', shell: ['bash', '-e'] }],
      },
    ]);
  });

  it('is refused with the field that is wrong, before anything is made', async () => {
    const run = await memoryRun({ script });
    const open = async (input: object) => (await run.pikaci.openMachine(input))._unsafeUnwrapErr();
    expect(await open({ leaseSecs: 1 })).toMatchObject({ kind: 'invalid_machine', field: 'leaseSecs' });
    expect(await open({ id: '../x' })).toMatchObject({ kind: 'invalid_machine', field: 'id' });
    expect(await open({ colour: 'red' })).toMatchObject({ kind: 'invalid_machine' });
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const bad = async (input: object) => (await machine.run({ command: 'x', ...input }))._unsafeUnwrapErr();
    expect(await bad({ command: '' })).toMatchObject({ kind: 'invalid_step', field: 'command' });
    expect(await bad({ workingDirectory: '../..' })).toMatchObject({
      kind: 'invalid_step',
      field: 'workingDirectory',
    });
    expect((await run.pikaci.openMachine({ id: 'm' }))._unsafeUnwrapErr().kind).toBe('run_exists');
  });
});

describe('an open machine, when things go wrong', () => {
  it('is opened once when two processes want one id at once, and the one that has it keeps it', async () => {
    const run = await memoryRun({ script });
    const opened = await Promise.all([1, 2, 3].map(() => run.another().openMachine({ id: 'one' })));
    const machines = opened.flatMap((one) => (one.isOk() ? [one.value] : []));
    expect(machines).toHaveLength(1);
    expect(opened.flatMap((one) => (one.isErr() ? [one.error.kind] : []))).toEqual([
      'run_exists',
      'run_exists',
    ]);
    expect(must((await machines[0]?.run({ command: 'exit 4' })) ?? (await Promise.reject())).exitCode).toBe(
      4,
    );
    expect(
      must(
        await (await run.pikaci.attachMachine('one'))
          .map((machine) => machine.run({ command: 'exit 5' }))
          ._unsafeUnwrap(),
      ).exitCode,
    ).toBe(5);
  });

  it('that could not be opened leaves its id free', async () => {
    const run = await memoryRun({ script });
    expect((await run.pikaci.openMachine({ id: 'm', image: 'no/such' }))._unsafeUnwrapErr().kind).toBe(
      'image_not_found',
    );
    must(await run.pikaci.openMachine({ id: 'm' }));
  });

  it('is not removed by who has lost it to another', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    must(await run.host.incus.patchInstance('default', machine.name, { 'user.pikaci.owner': 'somebody' }));
    must(await machine.release());
    expect(must(await run.host.incus.instances('default'))).toHaveLength(1);
  });

  it('whose removal failed is there for another try', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    run.host.incus.faults.failNext('deleteInstance', 'permission_denied');
    expect((await machine.release()).isErr()).toBe(true);
    expect((await record(run, 'm/machine.json')).released_at).toBeNull();
    must(await machine.release());
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
  });

  it('ends a step although nobody reads what it writes', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const cancel = new AbortController();
    const onOutput = () => {
      cancel.abort();
      return new Promise<void>(() => {});
    };
    const step = must(await machine.run({ command: 'wait', signal: cancel.signal, onOutput }));
    expect(step.status).toBe('cancelled');
  });

  it('shows a step from its first byte to who attaches and asks for it, also one that has ended', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    must(await machine.run({ id: 's', command: 'echo hello' }));
    let seen = '';
    const onOutput = (data: Uint8Array) => {
      seen += Buffer.from(data).toString();
    };
    must(await machine.attachStep('s', { onOutput }));
    expect(seen).toBe('');
    must(await machine.attachStep('s', { onOutput, replay: true }));
    expect(seen).toBe('hello\n');
  });

  it('ends a step although whoever reads its output breaks, also at what was kept before', async () => {
    const run = await memoryRun({ script });
    const events: PikaciEvent[] = [];
    const sink = { emit: (event: PikaciEvent) => void events.push(event) };
    const machine = must(await run.pikaci.openMachine({ id: 'm', events: sink }));
    const onOutput = async () => {
      throw new Error('the reader is broken');
    };
    const step = must(await machine.run({ id: 's', command: 'echo hello', onOutput }));
    expect(step.status).toBe('passed');
    must(await machine.attachStep('s', { onOutput, replay: true }));
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual(Array(2).fill('onOutput failed, and the step goes on: the reader is broken'));
  });
});

describe('a step of an open machine that another process follows', () => {
  async function followed() {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const stop = new AbortController();
    let begun: () => void = () => {};
    const began = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const first = machine.run({ id: 's', command: 'wait', signal: stop.signal, onOutput: () => begun() });
    await began;
    const other = must(await run.another().attachMachine('m'));
    return { run, machine, stop, first, other };
  }

  it('is shown to a second one, to its end, and its log is written once', async () => {
    const { run, stop, first, other } = await followed();
    let seen = '';
    const watching = other.attachStep('s', {
      replay: true,
      onOutput: (data) => {
        seen += Buffer.from(data).toString();
        stop.abort();
      },
    });
    expect(must(await watching)).toMatchObject({ status: 'cancelled', cause: 'cancelled' });
    expect(must(await first)).toMatchObject({ status: 'cancelled' });
    expect(seen).toBe('waiting\n');
    const log = must(await run.host.localFiles.readFile('/state/machines/m/steps/s/guest.log'));
    expect(Buffer.from(log).toString('utf8')).toBe('waiting\n');
  });

  it('is cancelled by whoever asks for it, and left by who only watched', async () => {
    const { first, other } = await followed();
    const leave = new AbortController();
    const watching = other.attachStep('s', {
      replay: true,
      onAbort: 'detach',
      signal: leave.signal,
      onOutput: () => leave.abort(),
    });
    expect(must(await watching)).toMatchObject({ status: 'running', cause: 'detached' });
    expect(must(await other.cancelStep('s'))).toMatchObject({ status: 'cancelled', cause: 'cancelled' });
    expect(must(await first)).toMatchObject({ status: 'cancelled' });
    expect(must(await other.cancelStep('s'))).toMatchObject({ status: 'cancelled' });
  });

  it('ends with what became of the machine when somebody released it', async () => {
    const { first, other } = await followed();
    must(await other.release());
    const fault = (await first)._unsafeUnwrapErr();
    expect(fault.kind).toBe('machine_released');
    expect(fault.message).toContain('while the step s ran in it');
  });

  it('that nobody follows is cancelled and recorded', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const leave = new AbortController();
    const onOutput = () => leave.abort();
    must(await machine.run({ id: 's', command: 'wait', signal: leave.signal, onAbort: 'detach', onOutput }));
    must(await machine.cancelStep('s'));
    expect((await record(run, 'm/steps/s/step.json')).outcome).toMatchObject({ cause: 'cancelled' });
  });
});

describe('a library that is closed while a machine is being opened', () => {
  it('undoes the opening, and leaves no machine without a record', async () => {
    const run = await memoryRun({ script });
    const opener = run.another();
    const opening = opener.openMachine({
      id: 'm',
      events: {
        emit: (event) => void (event.type === 'phase_started' && event.phase === 'launch_guest' && closing()),
      },
    });
    let closed: Promise<void> | null = null;
    const closing = () => {
      closed ??= opener.close();
    };
    const opened = await opening;
    await closed;
    expect(closed).not.toBeNull();
    const machines = must(await run.host.incus.instances('default'));
    if (opened.isErr()) expect(machines).toEqual([]);
    expect(must(await run.pikaci.listMachines()).machines).toHaveLength(machines.length);
  });
});

describe('a machine that cannot be had', () => {
  it('is said to be unknown, released, gone or another configuration’s', async () => {
    const run = await memoryRun({ script });
    const attach = async (id: string, pikaci = run.another()) =>
      (await pikaci.attachMachine(id))._unsafeUnwrapErr();
    expect((await attach('nobody')).kind).toBe('no_such_machine');
    must(await must(await run.pikaci.openMachine({ id: 'done' })).release());
    expect((await attach('done')).kind).toBe('machine_released');
    must(await must(await run.pikaci.openMachine({ id: 'late', leaseSecs: 60 })).leave());
    expect((await attach('late', run.another({ workDir: '/elsewhere' }))).kind).toBe('config_mismatch');
    await run.host.clock.advance(61_000);
    expect(must(await run.pikaci.reap()).deleted).toHaveLength(1);
    expect(await attach('late')).toMatchObject({
      kind: 'machine_gone',
      message: expect.stringContaining('its lease ended'),
    });
    const listed = must(await run.pikaci.listMachines());
    expect(listed.machines.map(({ id, state }) => [id, state])).toEqual(
      expect.arrayContaining([
        ['done', 'released'],
        ['late', 'gone'],
      ]),
    );
  });

  it('is listed as what it is: stopped, or another configuration’s', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'm' }));
    const state = async (config: Parameters<typeof run.another>[0] = {}) =>
      must(await run.another(config).listMachines()).machines.map((one) => one.state);
    expect(await state()).toEqual(['open']);
    expect(await state({ workDir: '/srv/other' })).toEqual(['elsewhere']);
    expect(await state({ backend: 'microvm' })).toEqual(['elsewhere']);
    expect(await state({ incus: { project: 'other' } })).toEqual(['elsewhere']);
    const [instance] = run.host.incus.allInstances;
    if (instance === undefined) throw new Error('there is no instance');
    instance.status = 'Stopped';
    expect(await state()).toEqual(['stopped']);
    must(await machine.release());
    expect(await state()).toEqual(['released']);
  });

  it('keeps its lease while a process holds it', async () => {
    const run = await memoryRun({ script });
    const machine = must(await run.pikaci.openMachine({ id: 'held', leaseSecs: 60 }));
    for (let minutes = 0; minutes < 5; minutes++) await run.host.clock.advance(30_000);
    expect(must(await run.another().reap()).deleted).toEqual([]);
    expect(must(await run.pikaci.listMachines()).machines[0]?.state).toBe('open');
    must(await machine.release());
  });

  it('is left, not removed, when the library closes', async () => {
    const run = await memoryRun({ script });
    const opener = run.another();
    must(await opener.openMachine({ id: 'left' }));
    await opener.close();
    const machine = must(await run.pikaci.attachMachine('left'));
    expect(must(await machine.run({ command: 'exit 5' })).exitCode).toBe(5);
  });

  it('is forgotten when there are newer ones, once it is gone; one that may be there never is', async () => {
    const run = await memoryRun({ script });
    const { localFiles: files, processes, clock } = run.host;
    for (const id of ['one', 'two']) {
      must(await must(await run.pikaci.openMachine({ id })).release());
      await clock.advance(1000);
    }
    must(await must(await run.pikaci.openMachine({ id: 'open' })).leave());
    must(await must(await run.pikaci.openMachine({ id: 'reaped', leaseSecs: 30 })).leave());
    await clock.advance(31_000);
    must(await run.pikaci.reap());
    const gc = async (keepRuns: number) =>
      must(await gcRuns({ files, processes, clock }, { stateRoot: '/state', keepRuns })).machines.removed;
    expect(await gc(1)).toEqual(['one']);
    expect((await run.pikaci.attachMachine('reaped'))._unsafeUnwrapErr().kind).toBe('machine_gone');
    expect([...(await gc(0))].sort()).toEqual(['reaped', 'two']);
    expect(must(await run.pikaci.listMachines()).machines.map(({ id }) => id)).toEqual(['open']);
  });
});
