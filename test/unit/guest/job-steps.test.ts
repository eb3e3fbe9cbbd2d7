import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { alive, GuestMachine, type GuestStep, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

type Step = { id: string; command: string } & Record<string, unknown>;

const states = (steps: readonly GuestStep[] = []) => steps.map(({ id, state }) => `${id} ${state}`);
const last = (steps: readonly GuestStep[]) => steps.filter(({ state }) => state !== 'running');

describe.each(guestShells())('the steps of a job supervised by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  const run = (steps: readonly Step[], fields: Record<string, unknown> = {}) => {
    guest = new GuestMachine(shell);
    return guest.run({ command: '', steps, ...fields });
  };

  it('run in order into one log, each with the range of bytes that is its own', async () => {
    const command = (id: string) =>
      `echo "${id} begins"; (sleep 0.05; echo "${id} late") & wait; printf ${id}`;
    const ids = ['one', 'two.2', 'three_3'];
    const ended = await run(ids.map((id) => ({ id, command: command(id) }))).ended;
    const { status, told } = guest.stepsOf(ended);
    expect(status.result).toMatchObject({ status: 'passed', exit_code: 0, cause: 'exit' });
    expect(told).toEqual(guest.stepsFile());
    expect(states(told)).toEqual(ids.flatMap((id) => [`${id} running`, `${id} passed`]));
    expect(status.steps).toEqual(last(told));
    expect(status.result).toEqual(guest.resultFile());
    expect(status.result?.steps).toEqual(status.steps);
    for (const { id, log_start, log_end, started_at, finished_at, exit_code, cause } of status.steps ?? []) {
      const bytes = ended.stdout.subarray(log_start ?? -1, log_end ?? -1).toString();
      expect(bytes).toBe(`${id} begins\n${id} late\n${id}`);
      expect([exit_code, cause]).toEqual([0, 'exit']);
      // Also where date knows no fraction of a second, as that of busybox.
      expect(started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      // The kernel's count of hundredths may begin one late.
      expect(Date.parse(finished_at ?? '') - Date.parse(started_at ?? '')).toBeGreaterThanOrEqual(40);
    }
    expect(status.steps?.at(-1)?.log_end).toBe(status.log_bytes);
    expect(statSync(join(guest.artifacts, 'steps.jsonl')).mode & 0o777).toBe(0o644);
    for (const offset of ['0', '5', '1000']) {
      const followed = await guest.call(['follow', offset]);
      expect(followed.stderr).toBe(ended.stderr);
      expect(followed.stdout.equals(ended.stdout.subarray(Number(offset)))).toBe(true);
    }
    expect(await guest.status()).toEqual(status);
  });

  it('leave nothing of themselves in a job without any', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'echo "${PIKACI_ENV-none}"' }).ended;
    expect(ended.stdout.toString()).toBe('none\n');
    expect(Object.keys(guest.statusOf(ended))).toEqual(['schema_version', 'state', 'log_bytes', 'result']);
    expect(existsSync(join(guest.artifacts, 'steps.jsonl'))).toBe(false);
  });

  it.each([
    ['passed', { command: 'exit 0' }, 'passed', ['passed', 'skipped', 'passed']],
    ['failed', { command: 'exit 3' }, 'failed', ['skipped', 'passed', 'passed']],
    ['failed', { command: 'exit 3', continue_on_error: true }, 'passed', ['passed', 'skipped', 'passed']],
  ] as const)(
    'are begun by their `if` after one that %s (%j): the job %s',
    async (first, fields, job, rest) => {
      const ended = await run([
        { id: 'first', ...fields },
        { id: 'next', command: 'true', if: 'success' },
        { id: 'failure', command: 'true', if: 'failure' },
        { id: 'always', command: 'true', if: 'always' },
      ]).ended;
      const { status } = guest.stepsOf(ended);
      expect(status.result).toMatchObject({
        status: job,
        exit_code: job === 'passed' ? 0 : 3,
        cause: 'exit',
      });
      expect(status.steps?.map(({ state }) => state)).toEqual([first, ...rest]);
      expect(status.steps?.find(({ state }) => state === 'skipped')).toMatchObject({
        cause: 'skipped',
        exit_code: null,
        started_at: null,
        finished_at: null,
        log_start: null,
        log_end: null,
      });
    },
  );

  it('take the result of the job from the first that failed, by its name', async () => {
    const ended = await run([
      { id: 'a', command: 'exit 9', continue_on_error: true },
      { id: 'b', command: 'exit 4', name: 'Bée "quoted" \\ $(id)' },
      { id: 'c', command: 'exit 5', if: 'always' },
    ]).ended;
    const { status } = guest.stepsOf(ended);
    expect(status.result).toMatchObject({
      status: 'failed',
      exit_code: 4,
      cause: 'exit',
      message: 'the step Bée "quoted" \\ $(id) ended with status 4',
    });
    expect(status.steps?.map(({ exit_code }) => exit_code)).toEqual([9, 4, 5]);
  });

  it('are cancelled: the one that runs, and with it all the rest', async () => {
    const started = run([
      { id: 'a', command: 'echo one' },
      { id: 'b', command: 'echo two; exec sleep 600' },
      { id: 'c', command: 'echo three', if: 'always' },
      { id: 'd', command: 'echo four', if: 'failure' },
    ]);
    await started.output('two');
    await guest.call(['cancel', '1']);
    const ended = await started.ended;
    const { status } = guest.stepsOf(ended);
    expect(ended.stdout.toString()).toBe('one\ntwo\n');
    expect(status.result).toMatchObject({ status: 'failed', cause: 'cancelled', message: 'cancelled' });
    expect(states(status.steps)).toEqual(['a passed', 'b cancelled', 'c skipped', 'd skipped']);
  });

  it('time out one by one, and then the job goes on by the rules', async () => {
    const ended = await run(
      [
        { id: 'a', command: 'echo one' },
        { id: 'b', command: 'echo two; exec sleep 600', timeout_secs: 1, name: 'Slow' },
        { id: 'c', command: 'echo three' },
        { id: 'd', command: 'echo four', if: 'failure' },
      ],
      { grace_secs: 1 },
    ).ended;
    const { status } = guest.stepsOf(ended);
    expect(ended.stdout.toString()).toBe('one\ntwo\nfour\n');
    expect(status.result).toMatchObject({
      exit_code: 124,
      cause: 'timeout',
      message: 'the step Slow timed out after 1 s',
    });
    expect(states(status.steps)).toEqual(['a passed', 'b failed', 'c skipped', 'd passed']);
    expect(status.steps?.[1]).toMatchObject({ cause: 'timeout', exit_code: 124 });
  });

  it('end with the time of the job, whatever their `if`', async () => {
    const ended = await run(
      [
        { id: 'a', command: 'echo one; exec sleep 600' },
        { id: 'b', command: 'echo two', if: 'always' },
      ],
      { timeout_secs: 1, grace_secs: 1 },
    ).ended;
    const { status } = guest.stepsOf(ended);
    expect(ended.stdout.toString()).toBe('one\n');
    expect(status.result).toMatchObject({ exit_code: 124, cause: 'timeout', message: 'timed out after 1 s' });
    expect(states(status.steps)).toEqual(['a failed', 'b skipped']);
  });

  it('have their own shell, directory and variables', async () => {
    const ended = await run(
      [
        {
          id: 'a',
          command: 'pwd; echo "$0" "$A" "$B"',
          working_directory: '/usr/bin',
          environment: { B: "it's\n" },
        },
        { id: 'b', command: 'echo "$A|$B|$-"', shell: ['sh', '-e', '-u'], environment: { A: 'own' } },
        { id: 'c', command: 'exit 1', working_directory: '/no such directory' },
      ],
      { environment: { A: 'shared', B: 'below' } },
    ).ended;
    const { status } = guest.stepsOf(ended);
    expect(ended.stdout.toString()).toMatch(
      /^\/usr\/bin\n\S+ shared it's\n\nown\|below\|[a-z]*e[a-z]*u?[a-z]*\n/,
    );
    expect(status.result).toMatchObject({
      exit_code: null,
      cause: 'setup',
      message: 'the step c could not be started: the working directory /no such directory does not exist',
    });
  });

  it('leave no process to the next one, and its output out of their bytes', async () => {
    const command = `(setsid sh -c 'trap "" TERM; echo "daemon $$ ready"; while :; do sleep 0.1; done' &); until grep -q daemon "$PIKACI_ARTIFACTS/guest.log"; do sleep 0.01; done`;
    const ended = await run([
      { id: 'a', command },
      { id: 'b', command: 'echo mine' },
    ]).ended;
    const pid = Number(/daemon (\d+)/.exec(ended.stdout.toString())?.[1]);
    const { status } = guest.stepsOf(ended);
    expect(alive(pid)).toBe(false);
    const [, second] = status.steps ?? [];
    expect(ended.stdout.subarray(second?.log_start ?? 0, second?.log_end ?? 0).toString()).toBe('mine\n');
  });

  it('are lost with their supervisor while one runs, and none is invented', async () => {
    const started = run([
      { id: 'a', command: 'true' },
      { id: 'b', command: 'sleep 600 & echo "child $! ready"; wait' },
      { id: 'c', command: 'true', if: 'always' },
    ]);
    const child = Number(/child (\d+)/.exec(await started.output('ready'))?.[1]);
    process.kill(guest.supervisorPid(), 'SIGKILL');
    const { status, told } = guest.stepsOf(await started.ended);
    expect(status).toMatchObject({ state: 'lost', result: null });
    expect(states(status.steps)).toEqual(['a passed', 'b running']);
    expect(states(told)).toEqual(['a running', 'a passed', 'b running']);
    expect(states(guest.stepsFile())).toEqual(states(told));
    await expect.poll(() => alive(child), { timeout: 20_000 }).toBe(false);
  });

  it('are lost with their supervisor between two of them', async () => {
    // The end of the first step waits for its leftovers; there the supervisor is killed, before it can say what became of it.
    const started = run([
      {
        id: 'a',
        command: `sh -c 'trap "" TERM; echo "left $$ behind"; while :; do sleep 0.1; done' & until grep -q behind "$PIKACI_ARTIFACTS/guest.log"; do sleep 0.01; done; echo over`,
      },
      { id: 'b', command: 'touch "$PIKACI_ARTIFACTS/second"' },
    ]);
    const left = Number(/left (\d+)/.exec(await started.output('over'))?.[1]);
    process.kill(guest.supervisorPid(), 'SIGKILL');
    const { status } = guest.stepsOf(await started.ended);
    expect(status).toMatchObject({ state: 'lost', result: null });
    expect(states(status.steps)).toEqual(['a running']);
    expect(existsSync(join(guest.artifacts, 'second'))).toBe(false);
    await expect.poll(() => alive(left), { timeout: 20_000 }).toBe(false);
  });

  it('are told as they come, in each call from the first one on', async () => {
    const started = run([
      { id: 'a', command: 'echo one' },
      { id: 'b', command: 'echo two; until [ -e "$PIKACI_ARTIFACTS/go" ]; do sleep 0.02; done' },
    ]);
    await started.output('two');
    const follower = guest.start(['follow', '4']);
    const seen = new Promise<void>((resolve) => {
      let text = '';
      follower.child.stderr.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.split('\n').length > 3) resolve();
      });
    });
    await seen;
    writeFileSync(join(guest.artifacts, 'go'), '');
    const [first, second] = [await started.ended, await follower.ended];
    expect(second.stderr).toBe(first.stderr);
    expect(second.stdout.toString()).toBe('two\n');
  });

  if (isRoot) {
    it('are run by their own users, with the secrets', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const command = 'id -un; echo "$USER $HOME"; cat "$PIKACI_SECRETS_DIR/TOKEN"; echo';
      const steps = [
        { id: 'a', command },
        { id: 'b', command, user: 'nobody' },
        { id: 'c', command, run_as_root: true },
        { id: 'd', command, environment: { HOME: '/x' } },
        { id: 'e', command, user: 'missing' },
      ];
      const ended = await guest.run({ command: '', run_as_root: false, steps }, { TOKEN: 'hunter2' }).ended;
      const { status } = guest.stepsOf(ended);
      const of = (name: string, home: string) => `${name}\n${name} ${home}\nhunter2\n`;
      const own = join(guest.root, 'home');
      expect(ended.stdout.toString()).toBe(
        of('pikaci', own) + of('nobody', '/') + of('root', '/root') + of('pikaci', '/x'),
      );
      expect(status.result).toMatchObject({
        status: 'failed',
        exit_code: null,
        cause: 'setup',
        message: 'the step e could not be started: the image has no user missing',
      });
      expect(status.steps?.at(-1)).toMatchObject({ state: 'failed', cause: 'setup', exit_code: null });
    });

    it('cannot be kept from their list by a user', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const steps = [
        {
          id: 'a',
          command:
            'rm -f "$PIKACI_ARTIFACTS/steps.jsonl"; mv "$PIKACI_ARTIFACTS/steps.jsonl" /tmp/x; echo x >>"$PIKACI_ARTIFACTS/steps.jsonl"; :',
        },
        { id: 'b', command: 'true' },
      ];
      const ended = await guest.run({ command: '', run_as_root: false, steps }).ended;
      expect(last(guest.stepsFile())).toEqual(guest.stepsOf(ended).status.steps);
      expect(readFileSync(guest.log, 'utf8')).toContain('steps.jsonl');
    });
  }
});
