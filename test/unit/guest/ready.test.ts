import { appendFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Ended } from '../../support/guest-call.js';
import { GuestMachine, isRoot } from '../../support/guest-machine.js';
import { type GuestShell, guestShells } from '../../support/guest-shell.js';

describe.each(guestShells())('a machine that is not ready yet, with $name', (shell) => {
  let guest: GuestMachine;
  let tools: string;
  const made: string[] = [];
  const newTools = () => {
    tools = mkdtempSync(join(tmpdir(), 'guest-init-'));
    made.push(tools);
  };
  afterEach(async () => {
    await guest.remove();
    for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
  });

  /** A guest whose first process is systemd's: its `systemctl` waits for the file `settled`. */
  function systemd(options: { accounts?: boolean } = {}) {
    newTools();
    const waits = `case $1 in
list-jobs) echo "7 slow.service start running"; echo "8 other.service start waiting" ;;
*) while [ ! -e "${tools}/settled" ]; do sleep 0.02; done; echo degraded; exit 1 ;;
esac`;
    writeFileSync(join(tools, 'systemctl'), `#!/bin/sh\n${waits}\n`, { mode: 0o755 });
    plain({ ...shell, path: `${tools}:${shell.path}` }, options);
    place('lib/systemd/systemd', '');
    mkdirSync(join(guest.root, 'system/proc/1'), { recursive: true });
    linkSync(join(guest.root, 'system/lib/systemd/systemd'), join(guest.root, 'system/proc/1/exe'));
    mkdirSync(join(guest.root, 'system/run/systemd/system'), { recursive: true });
  }

  function plain(of: GuestShell, options: { accounts?: boolean } = {}) {
    if (made.length === 0) newTools();
    guest = new GuestMachine(of, options);
  }

  function place(path: string, text: string) {
    const at = join(guest.root, 'system', path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
  }

  const settle = () => writeFileSync(join(tools, 'settled'), '');
  const told = ({ stderr }: Ended) =>
    stderr
      .split('\n')
      .filter((line) => line.startsWith('ready '))
      .map((line) => JSON.parse(line.slice('ready '.length)) as unknown);
  const resultOf = ({ stderr }: Ended) =>
    (JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as { result: Record<string, unknown> }).result;
  const ends = (state: string) => [
    { state: 'waiting', timeout_secs: expect.any(Number) },
    { state, waited_ms: expect.any(Number) },
  ];

  it.runIf(isRoot)(
    'is waited for until its init has settled, and has the users that are there then',
    async () => {
      systemd({ accounts: true });
      const who = { run_as_root: false, user: 'late', home_dir: '/home/late', ready: { timeout_secs: 90 } };
      const run = guest.run({ ...who, command: 'echo "$(id -un) $HOME"' }, { TOKEN: 's' });
      await run.errorOutput('"waiting"');
      expect(await guest.status()).toMatchObject({ state: 'running', log_bytes: 0 });
      appendFileSync(join(guest.root, 'passwd'), `\nlate:x:4321:4321::${guest.root}/late:/bin/sh\n`);
      appendFileSync(join(guest.root, 'group'), 'late:x:4321:\n');
      settle();
      const ended = await run.ended;
      expect(ended.stdout.toString()).toBe(`late ${guest.root}/late\n`);
      expect(told(ended)).toEqual(ends('ready'));
      expect(resultOf(ended)).toMatchObject({ status: 'passed' });
      expect(told(await guest.call(['follow', '0']))).toEqual(ends('ready'));
    },
  );

  it('is waited for by its first step alone, and by what is sent before', async () => {
    systemd();
    const put = guest.bring(['put', join(guest.root, 'sent'), '644', '--size', '2', '--root'], 'a\n');
    const at = join(guest.root, 'now');
    const early = await guest.bring(['put', at, '644', '--size', '2', '--at-once', '--root'], 'b\n').ended;
    expect([early.code, early.stderr]).toEqual([0, '']);
    settle();
    expect((await put.ended).code).toBe(0);
    rmSync(join(tools, 'settled'));
    const step = guest.runStep('one', { command: 'cat "$HOME/../sent"' });
    await step.errorOutput('"waiting"');
    settle();
    expect((await step.ended).stdout.toString()).toBe('a\n');
    expect(told(await guest.runStep('two', {}).ended)).toEqual([]);
  });

  it('ends the job by a cancel, or where it is not ready in time and that was asked for', async () => {
    systemd();
    const run = guest.run({ command: 'echo never' });
    await run.errorOutput('"waiting"');
    expect(existsSync(join(guest.state, 'pikaci-incus-run'))).toBe(true);
    await guest.call(['cancel', '0']);
    const cancelled = await run.ended;
    expect(told(cancelled)).toEqual(ends('cancelled'));
    expect(resultOf(cancelled)).toMatchObject({ status: 'failed', exit_code: null, cause: 'cancelled' });
    await guest.remove();
    systemd();
    const asked = await guest.run({ command: 'echo never', ready: { init: true, timeout_secs: 1 } }).ended;
    expect(resultOf(asked)).toMatchObject({
      cause: 'setup',
      message: 'the machine was not ready after 1 s: systemd has not finished starting (slow.service)',
    });
    expect(told(asked)).toEqual(ends('failed'));
  });

  it('is said, where it was waited for by itself, and the job goes on', async () => {
    systemd();
    const late = await guest.run({ command: 'echo on', ready: { timeout_secs: 1 } }).ended;
    expect([late.stdout.toString(), told(late)]).toEqual(['on\n', ends('late')]);
    expect(resultOf(late)).toMatchObject({
      status: 'passed',
      warnings: ['the machine was not ready after 1 s: systemd has not finished starting (slow.service)'],
    });
    await guest.remove();
    systemd();
    const without = await guest.run({ command: 'echo on', ready: { init: false } }).ended;
    expect([without.stdout.toString(), resultOf(without)['warnings']]).toEqual(['on\n', undefined]);
  });

  it('has an address and a resolver, where that is asked for or its init has just started', async () => {
    plain(shell);
    place('sys/class/net/lo/type', '772\n');
    place('sys/class/net/eth0/type', '1\n');
    place('sys/class/net/br0/type', '1\n');
    place('sys/class/net/br0/bridge/x', '');
    place('proc/net/route', 'Iface\tDestination\nbr0\t000011AC\n');
    expect(told(await guest.run({ command: 'echo at once' }).ended)).toEqual([]);
    await guest.remove();
    plain(shell);
    place('sys/class/net/eth0/type', '1\n');
    const run = guest.run({ command: 'echo on', ready: { network: true } });
    await run.errorOutput('"waiting"');
    place('etc/resolv.conf', 'search x\nnameserver 10.0.0.1\n');
    place('proc/net/route', 'Iface\tDestination\neth0\t0049B50A\n');
    expect(told(await run.ended)).toEqual(ends('ready'));
    await guest.remove();
    plain(shell);
    place('sys/class/net/eth0/type', '1\n');
    const never = await guest.run({ command: 'echo on', ready: { network: true, timeout_secs: 1 } }).ended;
    expect(resultOf(never)['message']).toBe(
      'the machine was not ready after 1 s: its network has no address',
    );
  });

  it('is asked by a command of its own until that passes', async () => {
    plain(shell);
    const file = join(guest.root, 'there');
    const run = guest.run({ command: 'echo on', ready: { command: `test -e ${file}` } });
    await run.errorOutput('"waiting"');
    writeFileSync(file, '');
    expect((await run.ended).stdout.toString()).toBe('on\n');
    await guest.remove();
    plain(shell);
    const failing = { command: 'sleep 600 & exit 3', timeout_secs: 1 };
    const never = await guest.run({ command: 'echo on', ready: failing }).ended;
    expect(resultOf(never)).toMatchObject({
      cause: 'setup',
      message: 'the machine was not ready after 1 s: the command of "ready" ended with status 3',
    });
  });

  it('is waited for with OpenRC until that has come to its last runlevel', async () => {
    plain(shell);
    place('sbin/init', '');
    place('etc/inittab', '');
    mkdirSync(join(guest.root, 'system/proc/1'), { recursive: true });
    linkSync(join(guest.root, 'system/sbin/init'), join(guest.root, 'system/proc/1/exe'));
    writeFileSync(join(guest.root, 'system/sbin/openrc'), '', { mode: 0o755 });
    place('run/openrc/softlevel', 'boot\n');
    const run = guest.run({ command: 'echo on' });
    await run.errorOutput('"waiting"');
    mkdirSync(join(guest.root, 'system/run/openrc/rc.starting'));
    place('run/openrc/softlevel', 'default\n');
    rmSync(join(guest.root, 'system/run/openrc/rc.starting'), { recursive: true });
    expect(told(await run.ended)).toEqual(ends('ready'));
  });
});
