import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GuestMachine } from '../../support/guest-machine.js';
import { type GuestShell, guestShells } from '../../support/guest-shell.js';

/** So much memory for each process of a call, in KiB: what reads without a bound fails, and does this machine no harm. */
const withLittleMemory = ['sh', '-c', 'ulimit -v 262144; exec "$@"', 'sh'];
const BOUND_KIB = '524288';

const shells = guestShells();

// This busybox calls its own tools, whatever is on the PATH.
describe.each(shells.filter(({ name }) => name !== 'busybox'))(
  'endless tools of a guest, with $name',
  (shell) => {
    let tools: string;
    let guest: GuestMachine;
    beforeEach(() => {
      tools = mkdtempSync(join(tmpdir(), 'guest-planted-'));
    });
    afterEach(async () => {
      await guest.remove();
      rmSync(tools, { recursive: true, force: true });
    });

    /** Shell text in the place of a tool; `real` in it is the tool itself. */
    function plant(tool: string, text: string): GuestShell {
      const path = join(tools, `planted-${tool}`);
      writeFileSync(
        path,
        `#!/bin/sh\nreal() { PATH='${shell.path}':/usr/bin:/bin; command ${tool} "$@"; }\n${text}\n`,
      );
      chmodSync(path, 0o755);
      // A link, so that it is not taken for a program that stands alone.
      symlinkSync(path, join(tools, tool));
      return { ...shell, path: `${tools}:${shell.path}` };
    }

    const endless = (option: string) =>
      `case " $* " in *' ${option} '*) yes 1234567890 ;; *) real "$@" ;; esac`;

    it.each([
      ['find', '-version'],
      ['tar', '--version'],
    ])('cost it no memory when they are asked for their version: %s', async (tool, option) => {
      guest = new GuestMachine(plant(tool, endless(option)), { namespace: withLittleMemory });
      const directory = join(guest.root, 'out');
      mkdirSync(directory);
      writeFileSync(join(directory, 'file'), 'content');
      const listed = await guest.call(['list', directory]);
      expect([listed.code, listed.stdout.toString()]).toEqual([
        0,
        expect.stringContaining(`7 ${directory}/file\0`),
      ]);
      const packed = await guest.call(['pack'], `${directory}/file\0`);
      expect(packed.code).toBe(0);
      expect(packed.stdout.includes('content')).toBe(true);
    });

    it('cost it no memory when its tail is asked for its version', async () => {
      guest = new GuestMachine(plant('tail', endless('--version')), { namespace: withLittleMemory });
      const run = await guest.run({ command: 'echo whole' }).ended;
      expect(run.stdout.toString()).toBe('whole\n');
      expect(guest.statusOf(run).result).toMatchObject({ exit_code: 0 });
    });

    const limits = () => new Set(readFileSync(join(tools, 'limits'), 'utf8').split('\n').filter(Boolean));
    const telling = () => `ulimit -S -v >>'${tools}/limits'; real "$@"`;

    it('are held to a bound with the supervisor that calls them, and the command is not', async () => {
      guest = new GuestMachine(plant('stat', telling()));
      const run = await guest.run({ command: 'ulimit -S -v' }).ended;
      expect(run.stdout.toString()).toBe('unlimited\n');
      const first = await guest.runStep('one', { command: 'ulimit -S -v' }).ended;
      expect(first.stdout.toString()).toBe('unlimited\n');
      const uploaded = guest.bring(['put', join(guest.root, 'put'), '644', '--size', '1'], 'x');
      expect((await uploaded.ended).code).toBe(0);
      for (const words of [
        ['status'],
        ['follow', '0'],
        ['--step', 'one', 'cancel'],
        ['list', guest.root],
        ['steps'],
      ])
        expect((await guest.call(words)).code, words.join(' ')).toBe(0);
      expect(limits()).toEqual(new Set([BOUND_KIB]));
    });

    it('are so between the steps of a job, too', async () => {
      guest = new GuestMachine(plant('stat', telling()));
      const steps = ['one', 'two'].map((id) => ({ id, command: 'ulimit -S -v' }));
      const run = await guest.run({ command: '', steps }).ended;
      expect(run.stdout.toString()).toBe('unlimited\nunlimited\n');
      expect(limits()).toEqual(new Set([BOUND_KIB]));
    });
  },
);

describe.each(shells)('the supervisor with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  const limitOf = (record: string) => {
    const [pid] = readFileSync(record, 'utf8').split(' ');
    return /^Max address space +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  };

  it('has a bound on its memory, and what it runs has none', async () => {
    guest = new GuestMachine(shell);
    const command = 'ulimit -S -v; sleep 600';
    const job = guest.run({ command });
    await job.output('unlimited\n');
    const step = guest.runStep('one', { command });
    await step.output('unlimited\n');
    const bytes = String(Number(BOUND_KIB) * 1024);
    expect(limitOf(join(guest.state, 'supervisor'))).toBe(bytes);
    expect(limitOf(join(guest.state, 'steps/one/supervisor'))).toBe(bytes);
    await guest.call(['cancel', '0']);
    await guest.call(['--step', 'one', 'cancel', '0']);
    await Promise.all([job.ended, step.ended]);
  });
});
