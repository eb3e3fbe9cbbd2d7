import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Ended } from '../../support/guest-call.js';
import { alive, GuestMachine, type GuestStatus, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';
import { SmallDisk } from '../../support/small-disk.js';

describe.each(guestShells())('the steps of an open machine with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  const step = (id: string, ...words: string[]) => guest.call(['--step', id, ...words]);
  const listed = async () =>
    (await guest.call(['steps'])).stdout
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id: string; status: GuestStatus });
  const supervisorOf = (id: string) =>
    Number(readFileSync(join(guest.state, 'steps', id, 'supervisor'), 'utf8').split(' ')[0]);

  it('have a log, a result and secrets each, and put nothing among the artifacts', async () => {
    guest = new GuestMachine(shell);
    expect(await listed()).toEqual([]);
    const first = await guest.runStep('b.1', { command: 'echo one; echo "$PIKACI_ARTIFACTS"' }, { A: '1' })
      .ended;
    const second = await guest.runStep('a_2', { command: 'echo two; exit 3' }, { A: '2' }).ended;
    expect(first.stdout.toString()).toBe(`one\n${guest.artifacts}\n`);
    expect(guest.statusOf(second)).toMatchObject({
      state: 'finished',
      log_bytes: 4,
      result: { status: 'failed', exit_code: 3, cause: 'exit' },
    });
    expect(readdirSync(guest.artifacts)).toEqual(['xdg-state']); // as the request has it
    expect((await step('b.1', 'status')).stdout.toString()).toBe(first.stderr);
    expect((await step('a_2', 'follow', '1')).stdout.toString()).toBe('wo\n');
    expect((await step('b.1', 'secrets')).stdout.toString()).toBe('{"A":"1"}\n');
    expect((await step('a_2', 'cancel')).stdout.toString()).toBe(second.stderr);
    expect(JSON.parse((await step('c', 'status')).stdout.toString())).toMatchObject({ state: 'absent' });
    expect(await listed()).toEqual([
      { id: 'b.1', status: guest.statusOf(first) },
      { id: 'a_2', status: guest.statusOf(second) },
    ]);
    expect((await guest.status()).state).toBe('absent');
  });

  it('are each run once, and one at a time', async () => {
    guest = new GuestMachine(shell);
    const running = guest.runStep('one', { command: 'echo ready; sleep 600' });
    await running.output('ready');
    const busy = await guest.runStep('two', { command: 'echo never' }).ended;
    expect([busy.code, busy.stdout.length]).toEqual([75, 0]);
    expect(busy.stderr).toBe('pikaci-incus-run: busy: the step one runs in this machine\n');
    const again = await guest.runStep('one', { command: 'echo never' }).ended;
    expect([again.code, again.stderr]).toEqual([
      75,
      expect.stringMatching(/^pikaci-incus-run: already_started: /),
    ]);
    expect((await listed()).map(({ id }) => id)).toEqual(['one']);
    await step('one', 'cancel', '0');
    expect(guest.statusOf(await running.ended).result?.cause).toBe('cancelled');
    const used = await guest.runStep('one', { command: 'echo never' }).ended;
    expect(used.stderr).toMatch(/^pikaci-incus-run: already_started: /);
    const next = await guest.runStep('two', { command: 'echo two' }).ended;
    expect(next.stdout.toString()).toBe('two\n');
    expect((await listed()).map(({ id }) => id)).toEqual(['one', 'two']);
  });

  it('that are begun at once are one that runs, and others that are told so', async () => {
    guest = new GuestMachine(shell);
    mkdirSync(join(guest.root, 'home')); // the two that are refused may be told so before the step has begun
    const ran: string[] = [];
    for (let round = 0; round < 6; round++) {
      const ids = ['a', 'b', 'c'].map((id) => `${id}${round}`);
      const calls = ids.map((id) =>
        guest.runStep(id, {
          command: `echo ${id} >>"$HOME/ran"; until [ -e "$HOME/go${round}" ]; do sleep 0.01; done`,
        }),
      );
      const refused: Ended[] = [];
      const settled = calls.map(async ({ ended }) => {
        const end = await ended;
        if (end.code === 75 && refused.push(end) === 2)
          writeFileSync(join(guest.root, `home/go${round}`), '');
        return end;
      });
      const ends = await Promise.all(settled);
      expect(ends.map(({ code }) => code).sort()).toEqual([0, 75, 75]);
      const winner = ids[ends.findIndex(({ code }) => code === 0)] ?? '';
      ran.push(winner);
      for (const { stderr } of refused)
        expect(stderr).toBe(`pikaci-incus-run: busy: the step ${winner} runs in this machine\n`);
      expect(readFileSync(join(guest.root, 'home/ran'), 'utf8')).toBe(`${ran.join('\n')}\n`);
    }
    expect((await listed()).map(({ id }) => id)).toEqual(ran);
  });

  it('of one id that are begun at once are one that runs', async () => {
    guest = new GuestMachine(shell);
    const calls = [1, 2, 3].map(() => guest.runStep('same', { command: 'echo ran >>"$HOME/ran"' }).ended);
    const ends = await Promise.all(calls);
    expect(ends.filter(({ code }) => code === 0).length).toBe(1);
    for (const end of ends.filter(({ code }) => code !== 0))
      expect(end.stderr).toMatch(/^pikaci-incus-run: (busy|already_started): /);
    expect(readFileSync(join(guest.root, 'home/ran'), 'utf8')).toBe('ran\n');
  });

  it('have files of secrets for as long as they run; what is to be masked stays for root until it is forgotten', async () => {
    guest = new GuestMachine(shell);
    const command =
      'echo "at $PIKACI_SECRETS_DIR"; cat "$PIKACI_SECRETS_DIR/A"; until [ -e "$HOME/go" ]; do sleep 0.02; done';
    const running = guest.runStep('one', { command }, { A: 'hunter2' });
    const files = /at (.*)/.exec(await running.output('hunter2'))?.[1] ?? '';
    expect((await step('one', 'forget')).code).toBe(75);
    expect(existsSync(files)).toBe(true);
    writeFileSync(join(guest.root, 'home/go'), '');
    expect(guest.statusOf(await running.ended)).toMatchObject({ state: 'finished' });
    expect(existsSync(files)).toBe(false);
    expect((await step('one', 'secrets')).stdout.toString()).toBe('{"A":"hunter2"}\n');
    expect((await step('one', 'forget')).code).toBe(0);
    expect(existsSync(dirname(files))).toBe(false);
    expect((await step('one', 'secrets')).stdout.toString()).toBe('{}\n');
    expect((await step('one', 'forget')).code).toBe(0);
  });

  it('do not wait for one whose supervisor was killed', async () => {
    guest = new GuestMachine(shell);
    const running = guest.runStep('one', { command: 'sleep 600 & echo "child $! ready"; wait' });
    const child = Number(/child (\d+)/.exec(await running.output('ready'))?.[1]);
    process.kill(supervisorOf('one'), 'SIGKILL');
    expect(guest.statusOf(await running.ended)).toMatchObject({ state: 'lost', result: null });
    // The call may end before its parent has ended what is left.
    await expect.poll(() => alive(child), { timeout: 20_000 }).toBe(false);
    expect((await guest.runStep('two', { command: 'echo two' }).ended).stdout.toString()).toBe('two\n');
    expect((await listed()).map(({ id, status }) => `${id} ${status.state}`)).toEqual([
      'one lost',
      'two finished',
    ]);
  });

  it('go on when the call is killed, and can be followed', async () => {
    guest = new GuestMachine(shell);
    const running = guest.runStep('one', {
      command: 'echo first; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo last',
    });
    await running.output('first');
    await running.drop();
    const follower = guest.start(['--step', 'one', 'follow', '0']);
    await follower.output('first');
    writeFileSync(join(guest.root, 'home/go'), '');
    expect((await follower.ended).stdout.toString()).toBe('first\nlast\n');
  });

  it('may be given as the only one of a request, with a shell, a directory and the rest', async () => {
    guest = new GuestMachine(shell);
    mkdirSync(join(guest.root, 'else where'));
    const only = {
      id: 'ignored',
      command: 'pwd; echo "$A $B $-"; exit 4',
      shell: ['sh', '-e'],
      working_directory: join(guest.root, 'else where'),
      environment: { A: 'own' },
      if: 'failure',
    };
    const ended = await guest.runStep('one', { command: '', steps: [only], environment: { A: 'a', B: 'b' } })
      .ended;
    expect(ended.stdout.toString()).toMatch(/else where\nown b \S*e/);
    expect(Object.keys(guest.statusOf(ended))).toEqual(['schema_version', 'state', 'log_bytes', 'result']);
    expect(guest.statusOf(ended).result).toMatchObject({
      exit_code: 4,
      message: 'the command ended with status 4',
    });
    const slow = { ...only, command: 'sleep 600', timeout_secs: 1 };
    const timed = await guest.runStep('two', { command: '', steps: [slow], grace_secs: 0 }).ended;
    expect(guest.statusOf(timed).result).toMatchObject({ cause: 'timeout', message: 'timed out after 1 s' });
    const refused = await guest.runStep('three', { command: '', steps: [only, { ...only, id: 'x' }] }).ended;
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringMatching(/invalid_request: steps: /)]);
    expect((await guest.runStep('four', { command: 'echo four' }).ended).stdout.toString()).toBe('four\n');
  });

  it('start nothing with a request that did not arrive whole, and leave the turn to others', async () => {
    guest = new GuestMachine(shell);
    const text = JSON.stringify(guest.request({ command: 'echo never' }));
    const cut = await guest.bring(['--step', 'one', 'run'], text).ended;
    expect([cut.code, cut.stderr]).toEqual([65, expect.stringMatching(/^pikaci-incus-run: truncated: /)]);
    expect(await listed()).toEqual([]);
    expect((await guest.runStep('one', { command: 'echo one' }).ended).stdout.toString()).toBe('one\n');
  });

  it.each(['', '.', '..', '../x', '-x', 'A', 'a b', 'a/b', 'a\nb', '*', "a'b", 'x'.repeat(64)])(
    'refuse %j as an id',
    async (id) => {
      guest = new GuestMachine(shell);
      for (const words of [['run'], ['status'], ['follow', '0'], ['cancel', '0'], ['secrets']]) {
        const ended = await guest.bring(['--step', id, ...words], `${JSON.stringify(guest.request())}\n`)
          .ended;
        expect([ended.code, ended.stdout.length]).toEqual([64, 0]);
        expect(ended.stderr).toMatch(/^pikaci-incus-run: usage: .+\n$/);
      }
      expect(existsSync(guest.state)).toBe(false);
    },
  );

  it('take the longest id', async () => {
    guest = new GuestMachine(shell);
    const id = 'x'.repeat(63);
    expect((await guest.runStep(id, { command: 'echo ok' }).ended).stdout.toString()).toBe('ok\n');
    for (const words of [[], ['list', '/etc'], ['pack'], ['steps']])
      expect((await step(id, ...words)).code).toBe(64);
  });

  if (isRoot) {
    it('find in the writable workspace what those before have left there', async () => {
      await using disk = await SmallDisk.open();
      guest = new GuestMachine(shell, { namespace: disk.namespace });
      mkdirSync(guest.workspace);
      writeFileSync(join(guest.workspace, 'file'), 'as it was\n');
      const command = 'echo "$0" >>file; wc -l <file; grep -c " $PWD " /proc/mounts';
      const fields = { command, writable_workspace: true };
      const logs: string[] = [];
      for (const id of ['one', 'two', 'three'])
        logs.push((await guest.runStep(id, fields).ended).stdout.toString().replaceAll(' ', ''));
      expect(logs).toEqual(['2\n1\n', '3\n1\n', '4\n1\n']);
      expect(readFileSync(join(guest.workspace, 'file'), 'utf8')).toBe('as it was\n');
    });

    it('are the default user’s, who cannot reach what is the supervisor’s', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const command =
        'id -un; ls "$PIKACI_ENV" | wc -l; echo x >"$(dirname "$PIKACI_ENV")/new"; ls -A ../state; :';
      const ended = await guest.runStep('one', { command, run_as_root: false }).ended;
      expect(ended.stdout.toString()).toMatch(/^pikaci\n\s*1\n/);
      expect(existsSync(join(guest.root, 'state-job/steps/one/new'))).toBe(false);
    });
  }
});
