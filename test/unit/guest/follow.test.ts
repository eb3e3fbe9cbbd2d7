import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

describe.each(guestShells())('a job followed by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it('delivers what it writes while it runs', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({
      command: `echo first; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo second`,
    });
    await run.output('first');
    expect((await guest.status()).state).toBe('running');
    writeFileSync(join(guest.root, 'home/go'), '');
    const ended = await run.ended;
    expect(ended.stdout.toString()).toBe('first\nsecond\n');
    expect(guest.statusOf(ended)).toMatchObject({ state: 'finished', log_bytes: 13 });
  });

  it('survives followers that are killed, and loses and doubles no byte', async () => {
    guest = new GuestMachine(shell);
    const command = `i=0; while [ $i -lt 4000 ]; do echo "line $i"; i=$((i + 1)); [ $((i % 100)) != 0 ] || sleep 0.01; done`;
    let follower = guest.run({ command });
    const parts: Buffer[] = [];
    let offset = 0;
    for (const line of [300, 1100, 2300, 3900]) {
      await follower.output(`line ${line}`);
      await follower.drop();
      const part = follower.stdout;
      parts.push(part);
      offset += part.length;
      follower = guest.start(['follow', String(offset)]);
    }
    const last = await follower.ended;
    const all = Buffer.concat([...parts, last.stdout]).toString();
    expect(all).toBe(Array.from({ length: 4000 }, (_, i) => `line ${i}\n`).join(''));
    expect(guest.statusOf(last)).toMatchObject({
      state: 'finished',
      log_bytes: all.length,
      result: { status: 'passed' },
    });
  });

  it('is not held up by a reader that stalls', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({ command: 'echo first; head -c 19999994 /dev/zero' });
    await run.output('first');
    run.child.stdout.pause();
    const other = await guest.call(['follow', '19999999']);
    expect(guest.statusOf(other)).toMatchObject({ state: 'finished', log_bytes: 20_000_000 });
    run.child.stdout.resume();
    expect((await run.ended).stdout.length).toBe(20_000_000);
  });

  it('can be followed after its end from any byte, and from beyond the last one', async () => {
    guest = new GuestMachine(shell);
    const run = await guest.run({ command: 'printf 0123456789' }).ended;
    for (const [offset, rest] of [
      [0, '0123456789'],
      [4, '456789'],
      [10, ''],
      [11, ''],
      [10_000, ''],
    ] as const) {
      const ended = await guest.call(['follow', String(offset)]);
      expect([ended.code, ended.stdout.toString(), ended.stderr]).toEqual([0, rest, run.stderr]);
    }
  });

  it('can be followed from beyond the last byte while it runs', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({
      command: `echo first; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo second`,
    });
    await run.output('first');
    const beyond = guest.start(['follow', '10000']);
    const near = guest.start(['follow', '8']);
    writeFileSync(join(guest.root, 'home/go'), '');
    expect((await beyond.ended).stdout.toString()).toBe('');
    expect((await near.ended).stdout.toString()).toBe('cond\n');
    expect((await beyond.ended).stderr).toBe((await run.ended).stderr);
  });

  it('can be followed before its log exists', async () => {
    guest = new GuestMachine(shell);
    mkdirSync(guest.state);
    mkdirSync(guest.artifacts);
    const startTime = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19];
    writeFileSync(join(guest.state, 'started'), `${process.pid} ${startTime}\n`);
    const early = guest.start(['follow', '0']);
    expect((await guest.status()).state).toBe('running');
    writeFileSync(guest.log, 'late');
    writeFileSync(join(guest.state, 'log-bytes'), '4\n');
    writeFileSync(join(guest.state, 'result.json'), '{"status":"passed"}\n');
    const ended = await early.ended;
    expect(ended.stdout.toString()).toBe('late');
    expect(guest.statusOf(ended)).toMatchObject({ state: 'finished', log_bytes: 4 });
  });

  it.each([
    ['a FIFO', 'mkfifo "$log"'],
    ['a device', 'ln -s /dev/zero "$log"'],
    ['a directory', 'mkdir "$log"; touch "$log/x"'],
    ['a link', 'echo elsewhere >"$HOME/x"; ln -s "$HOME/x" "$log"'],
    ['nothing', ':'],
  ])('has its end where its job has put %s in its place, for whoever comes later', async (_what, put) => {
    guest = new GuestMachine(shell);
    const command = `echo begun; log=$PIKACI_ARTIFACTS/guest.log; until [ -e "$HOME/go" ]; do sleep 0.02; done; rm "$log"; ${put}; echo more; exit 3`;
    const run = guest.run({ command });
    await run.output('begun');
    writeFileSync(join(guest.root, 'home/go'), '');
    expect((await run.ended).stdout.toString()).toBe('begun\nmore\n');
    const later = await guest.call(['follow', '0']);
    expect(later.stdout.toString()).toBe('');
    const { state, log_bytes, result } = guest.statusOf(later);
    expect({ state, log_bytes, code: result?.exit_code }).toEqual({
      state: 'finished',
      log_bytes: 0,
      code: 3,
    });
  });

  it('is delivered to two followers at a time', async () => {
    guest = new GuestMachine(shell);
    const run = guest.run({ command: 'echo first; seq 1 20000; sleep 0.1; seq 1 20000' });
    await run.output('first');
    const second = await guest.call(['follow', '0']);
    expect(second.stdout.equals((await run.ended).stdout)).toBe(true);
    expect(second.stdout.equals(readFileSync(guest.log))).toBe(true);
  });

  it.each(['', 'x', '-1', '1e3', '08', '99999999999999999999'])('refuses %j as an offset', async (offset) => {
    guest = new GuestMachine(shell);
    const ended = await guest.call(['follow', offset]);
    expect([ended.code, ended.stdout.length]).toEqual([64, 0]);
    expect(ended.stderr).toMatch(/^pikaci-incus-run: usage: .+\n$/);
  });
});
