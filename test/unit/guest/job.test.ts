import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { alive, GuestMachine, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

/** Shell text that leaves the session with a double fork, says its pid and refuses to be told. */
const daemon = `(setsid sh -c 'trap "" TERM; echo "daemon $$ ready"; while :; do sleep 1; done' &)`;
const pidOf = (name: string, output: string): number =>
  Number(new RegExp(`${name} (\\d+)`).exec(output)?.[1]);

describe.each(guestShells())('a job supervised by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it('passes when its command exits with 0, and says so in the artifacts and in the status', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'echo out; echo err >&2; echo more' }).ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout.toString()).toBe('out\nerr\nmore\n');
    const status = guest.statusOf(ended);
    expect(status).toEqual({
      schema_version: 1,
      state: 'finished',
      log_bytes: 13,
      result: guest.resultFile(),
    });
    expect(status.result).toMatchObject({ schema_version: 1, status: 'passed', exit_code: 0, cause: 'exit' });
    expect(status.result?.finished_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it.each([
    ['exit 3', 3],
    ['exit 255', 255],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
    ['no-such-program-here', 127],
  ])('fails when its command is `%s`, with %i', async (command, code) => {
    guest = new GuestMachine(shell);
    expect(guest.statusOf(await guest.run({ command }).ended).result).toMatchObject({
      status: 'failed',
      exit_code: code,
      cause: 'exit',
    });
  });

  it('starts in the workspace, with nothing on stdin and no signal ignored', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({
      command:
        'pwd; cat; grep SigIgn /proc/self/status; ls -l /proc/$$/fd | grep -cE "/state/|/pikaci-record"',
    }).ended;
    expect(ended.stdout.toString()).toMatch(/^\S+\/workspace\nSigIgn:\t0+\n2\n$/);
    expect(ended.stdout.toString()).toContain(guest.workspace);
  });

  it('may write to /dev/stdout and /dev/stderr without losing what the log has', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'echo 1; echo 2 >/dev/stderr; echo 3 >/dev/stdout; echo 4' })
      .ended;
    expect(ended.stdout.toString()).toBe('1\n2\n3\n4\n');
  });

  it('is ended with its whole tree at the timeout: TERM, the grace, KILL', async () => {
    guest = new GuestMachine(shell);
    const command = `${daemon}; trap 'echo "got TERM"' TERM; sh -c 'echo "child $$ ready"; exec sleep 60' & while :; do sleep 1; done`;
    // Long enough for a shell that gets little of its machine to say what it got.
    const ended = await guest.run({ command, timeout_secs: 1, grace_secs: 4 }).ended;
    const output = ended.stdout.toString();
    expect(output).toContain('got TERM');
    expect([pidOf('child', output), pidOf('daemon', output)].filter(alive)).toEqual([]);
    expect(guest.statusOf(ended).result).toMatchObject({
      status: 'failed',
      exit_code: 124,
      cause: 'timeout',
      message: 'timed out after 1 s',
    });
  });

  it('keeps the timeout as its cause when it then exits with 0', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({
      command: `trap 'exit 0' TERM; while :; do sleep 0.1; done`,
      timeout_secs: 1,
    }).ended;
    expect(guest.statusOf(ended).result).toMatchObject({
      status: 'failed',
      exit_code: 124,
      cause: 'timeout',
    });
  });

  it('is cancelled with its whole tree, once and again', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({ command: `${daemon}; sleep 60 & echo "child $! ready"; wait` });
    await run.output('child');
    const output = await run.output('daemon');
    const cancelled = await guest.call(['cancel', '0']);
    const ended = await run.ended;
    expect(cancelled.stdout.toString()).toBe(ended.stderr);
    expect(guest.statusOf(ended).result).toMatchObject({
      status: 'failed',
      cause: 'cancelled',
      message: 'cancelled',
    });
    expect([pidOf('child', output), pidOf('daemon', output)].filter(alive)).toEqual([]);
    expect((await guest.call(['cancel'])).stdout.toString()).toBe(ended.stderr);
  });

  it('may be cancelled at once while an earlier cancel is still patient', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({ command: `trap 'echo stubborn' TERM; echo ready; while :; do sleep 0.1; done` });
    await run.output('ready');
    const patient = guest.start(['cancel', '600']);
    await run.output('stubborn');
    await guest.call(['cancel', '0']);
    expect((await patient.ended).stdout.toString()).toBe((await run.ended).stderr);
  });

  it('ends with its command, whatever it has left behind on the log', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({
      command: `${daemon}; sleep 600 & echo "child $! ready"; until grep -q daemon "$PIKACI_ARTIFACTS/guest.log"; do :; done`,
    }).ended;
    const output = ended.stdout.toString();
    expect(guest.statusOf(ended).result).toMatchObject({ status: 'passed', exit_code: 0, cause: 'exit' });
    expect([pidOf('child', output), pidOf('daemon', output)].filter(alive)).toEqual([]);
  });

  it('passes when it has closed its output early', async () => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: `echo first; exec >/dev/null 2>&1; sleep 0.3; echo lost` })
      .ended;
    expect(ended.stdout.toString()).toBe('first\n');
    expect(guest.statusOf(ended).result).toMatchObject({ status: 'passed', message: 'the command passed' });
  });

  it.each(['directory', 'link'])(
    'keeps a %s of the name of its result, which has a place of its own',
    async (kind) => {
      guest = new GuestMachine(shell);
      const victim = join(guest.root, 'victim');
      writeFileSync(victim, 'untouched');
      const plant = kind === 'link' ? `ln -s ${victim}` : `mkdir -p "$PIKACI_ARTIFACTS/result.json/deep"; :`;
      const ended = await guest.run({ command: `${plant} "$PIKACI_ARTIFACTS/result.json"` }).ended;
      expect(guest.resultFile('.pikaci/result.json')).toEqual(guest.statusOf(ended).result);
      const left = lstatSync(join(guest.artifacts, 'result.json'));
      expect([left.isDirectory(), left.isSymbolicLink()]).toEqual([kind === 'directory', kind === 'link']);
      expect(readFileSync(victim, 'utf8')).toBe('untouched');
    },
  );

  it('may leave a file of the name of its result, which is listed; the result itself is not', async () => {
    guest = new GuestMachine(shell);
    const run = await guest.run({ command: 'echo own >"$PIKACI_ARTIFACTS/result.json"' }).ended;
    expect(guest.statusOf(run).result).toMatchObject({ status: 'passed' });
    expect(guest.resultFile('.pikaci/result.json')).toEqual(guest.statusOf(run).result);
    expect(readFileSync(join(guest.artifacts, 'result.json'), 'utf8')).toBe('own\n');
    const names = async () =>
      (await guest.call(['list', guest.artifacts])).stdout
        .toString()
        .split('\0')
        .filter((entry) => entry !== '')
        .map((entry) => entry.slice(entry.lastIndexOf('/') + 1))
        .sort();
    expect(await names()).toEqual(['guest-request.json', 'guest.log', 'result.json']);
    await guest.remove();
    guest = new GuestMachine(shell);
    await guest.run({ command: 'true' }).ended;
    expect(guest.resultFile()).toEqual(guest.resultFile('.pikaci/result.json'));
    expect(await names()).toEqual(['guest-request.json', 'guest.log']);
  });

  it('is not started a second time', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({ command: 'echo first; sleep 600' });
    await run.output('first');
    const second = await guest.run({ command: 'echo second' }).ended;
    expect([second.code, second.stdout.toString()]).toEqual([75, '']);
    expect(second.stderr).toMatch(/^pikaci-incus-run: already_started: .+\n$/);
    expect((await guest.status()).state).toBe('running');
  });

  it('is absent before it was started, and lost when its supervisor was killed', async () => {
    guest = new GuestMachine(shell);
    expect(await guest.status()).toEqual({ schema_version: 1, state: 'absent', log_bytes: 0, result: null });
    const run = guest.run({ command: 'sleep 600 & echo "child $! ready"; wait' });
    const child = pidOf('child', await run.output('ready'));
    process.kill(guest.supervisorPid(), 'SIGKILL');
    const ended = await run.ended;
    expect(guest.statusOf(ended)).toMatchObject({
      state: 'lost',
      result: null,
      log_bytes: ended.stdout.length,
    });
    expect(alive(child)).toBe(false);
    expect(JSON.parse((await guest.call(['cancel'])).stdout.toString())).toMatchObject({ state: 'lost' });
  });

  it('leaves no process behind', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({
      command: 'echo ready; until [ -e "$PIKACI_ARTIFACTS/go" ]; do sleep 0.01; done',
    });
    await run.output('ready');
    const session = /\) \S+ \d+ \d+ (\d+)/.exec(
      readFileSync(`/proc/${guest.supervisorPid()}/stat`, 'utf8'),
    )?.[1];
    writeFileSync(join(guest.artifacts, 'go'), '');
    await run.ended;
    const { execFileSync } = await import('node:child_process');
    const left = () =>
      execFileSync('sh', [
        '-c',
        `cat /proc/[0-9]*/stat 2>/dev/null | grep ') [^ZX] [0-9]* [0-9]* ${session} ' || :`,
      ]).toString();
    // The log is whole before the last of them has ended, and a busy machine takes its time.
    while (left() !== '') await new Promise((resolve) => setTimeout(resolve, 20));
  });

  if (isRoot) {
    it('runs as uid 1000 unless told otherwise, which is made when the image lacks it', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const command =
        'id -u; id -g; id -un; echo err >/dev/stderr; echo out >/dev/stdout; touch "$HOME/a" "$CARGO_HOME/b" "$XDG_STATE_HOME/c" && echo wrote; rm -f "$PIKACI_ARTIFACTS/guest.log"; mv "$PIKACI_ARTIFACTS/guest-request.json" /tmp/x; :';
      const ended = await guest.run({ command, run_as_root: false }).ended;
      expect(ended.stdout.toString()).toMatch(/^1000\n1000\npikaci\nerr\nout\nwrote\n/);
      expect(readFileSync(guest.log).equals(ended.stdout)).toBe(true);
      expect(readFileSync(join(guest.root, 'passwd'), 'utf8')).toMatch(
        /^nobody:.+\npikaci:x:1000:1000:.+\n$/m,
      );
    });

    it('runs as the login name that the request gives, and not at all when there is no such user', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const command = 'id -u; echo "$USER $HOME"; stat -c %u /';
      const ended = await guest.run({ command, run_as_root: false, user: 'nobody' }).ended;
      expect(ended.stdout.toString()).toBe('65534\nnobody /\n0\n');
      await guest.remove();
      guest = new GuestMachine(shell, { accounts: true });
      const refused = await guest.run({ run_as_root: false, user: 'missing' }).ended;
      expect(guest.statusOf(refused).result).toMatchObject({
        status: 'failed',
        cause: 'setup',
        message: 'the image has no user missing',
      });
    });

    it.each([
      ['/srv/of-builder/', 'srv/of-builder', 'builder'],
      ['/nonexistent', 'nonexistent', 'nothing there'],
    ])('has the home directory that the list of users says: %s', async (_, home, owner) => {
      guest = new GuestMachine(shell, { accounts: true });
      const path = home === 'nonexistent' ? '/nonexistent' : join(guest.root, home);
      appendFileSync(join(guest.root, 'passwd'), `\nbuilder:x:4321:4321::${path}/:/bin/sh\n`);
      const command = 'whoami; echo "$HOME"; stat -c %U "$HOME" 2>/dev/null || echo nothing there';
      const ended = await guest.run({ command, run_as_root: false, user: 'builder' }).ended;
      expect(ended.stdout.toString()).toBe(`builder\n${path}\n${owner}\n`);
      expect(existsSync('/nonexistent')).toBe(false);
    });

    it('is one person, also where another name has the number 1000', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const accounts = {
        passwd: 'ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash',
        group: 'ubuntu:x:1000:',
      };
      for (const [file, line] of Object.entries(accounts))
        appendFileSync(join(guest.root, file), `\n${line}\n`);
      const command = [
        'whoami; id -un; id -gn; echo "$USER $LOGNAME $HOME"',
        'head -n 1 /etc/passwd; tail -n 1 /etc/passwd; stat -c "%u %U" "$HOME"; id -u ubuntu',
      ].join('\n');
      const ended = await guest.run({ command, run_as_root: false }).ended;
      const home = join(guest.root, 'home');
      expect(ended.stdout.toString()).toBe(
        `pikaci\npikaci\npikaci\npikaci pikaci ${home}\npikaci:x:1000:1000:pikaci:${home}:/bin/sh\n${accounts.passwd}\n1000 pikaci\n1000\n`,
      );
      expect(existsSync('/etc/passwd.pikaci')).toBe(false);
    });

    it('cannot be kept from its result by a user who plants links and directories', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      mkdirSync(join(guest.root, 'kept'));
      symlinkSync(join(guest.root, 'kept'), join(guest.root, 'to-kept'));
      const command = `ln -s ${guest.root}/to-kept "$PIKACI_ARTIFACTS/result.json"`;
      const ended = await guest.run({ command, run_as_root: false }).ended;
      expect(guest.resultFile('.pikaci/result.json')).toEqual(guest.statusOf(ended).result);
    });
  }
});
