import { describe, expect, it } from 'vitest';
import { type GuestMachine, type GuestStatus, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';
import { SmallDisk } from '../../support/small-disk.js';
import { smallDiskGuests } from '../../support/small-disk-guest.js';

/** Shell text that fills the disk once the first line of the log is on it. */
const fill = `echo before; until [ -s "$PIKACI_ARTIFACTS/guest.log" ]; do :; done; cat /dev/zero >"$HOME/large" 2>/dev/null`;
const secrets = { TOKEN: 'hunter2', BIG: 'x'.repeat(5000) };

// Without root there is no disk that could be filled.
describe.runIf(isRoot).each(guestShells())('a full disk of a guest with $name', (shell) => {
  const { guestWith, sh } = smallDiskGuests(shell);

  const artifacts = (guest: GuestMachine) => sh('ls -A "$1"', guest.artifacts).split('\n');

  it.each([
    ['exit 0', { status: 'passed', exit_code: 0, message: 'the command passed' }],
    [
      'exit 5',
      {
        status: 'failed',
        exit_code: 5,
        message: 'the command ended with status 5: the disk of the guest is full',
      },
    ],
    ['kill -KILL $$', { status: 'failed', exit_code: 137, cause: 'disk_full' }],
  ])('does not cost a job that has filled it and ends with `%s` its result', async (end, result) => {
    const guest = guestWith('size=1m');
    const run = await guest.run({ command: `${fill}; ${end}` }).ended;
    expect(run.stdout.toString()).toBe('before\n');
    const status = guest.statusOf(run);
    expect(status).toMatchObject({ state: 'finished', log_bytes: 7, result });
    for (const call of [['status'], ['cancel']])
      expect((await guest.call(call)).stdout.toString()).toBe(run.stderr);
    const followed = await guest.call(['follow', '2']);
    expect([followed.stdout.toString(), followed.stderr]).toEqual(['fore\n', run.stderr]);
    expect((await guest.run({}).ended).code).toBe(75);
  });

  it('does not cost the result of a job that has filled the tmpfs as well', async () => {
    const guest = guestWith('size=1m');
    sh('mount -o remount,size=1m /dev/shm');
    const command = `${fill}; cat /dev/zero >/dev/shm/large 2>/dev/null; exit 5`;
    const run = await guest.run({ command }).ended;
    sh('rm /dev/shm/large');
    expect(guest.statusOf(run)).toMatchObject({
      state: 'finished',
      result: { exit_code: 5, cause: 'disk_full' },
    });
  });

  it('does not cost a job its result where nothing mounts /dev/shm', async () => {
    await using other = await SmallDisk.open();
    other.withoutShm();
    const guest = guestWith('size=1m', other);
    const run = await guest.run({ command: `${fill}; exit 5` }).ended;
    expect(guest.statusOf(run)).toMatchObject({ state: 'finished', log_bytes: 7, result: { exit_code: 5 } });
    expect((await guest.call(['status'])).stdout.toString()).toBe(run.stderr);
    expect(other.sh('stat -c "%u %a" /dev/pikaci-record.*')).toBe('0 700\n');
  });

  it('leaves a timeout and a cancelled job what they are', async () => {
    const guest = guestWith('size=1m');
    const timed = await guest.run({ command: `${fill}; sleep 600`, timeout_secs: 1 }).ended;
    expect(guest.statusOf(timed).result).toMatchObject({ exit_code: 124, cause: 'timeout' });
    await guest.remove();
    const other = guestWith('size=1m');
    const run = other.run({ command: 'echo ready; sleep 600' });
    await run.output('ready');
    sh('cat /dev/zero >"$1/large" 2>/dev/null || :', other.root);
    const cancelled = await other.call(['cancel', '0']);
    expect(cancelled.stdout.toString()).toBe((await run.ended).stderr);
    expect(JSON.parse(cancelled.stdout.toString())).toMatchObject({
      state: 'finished',
      result: { cause: 'cancelled' },
    });
  });

  it('cuts the log short, and the result says so', async () => {
    const guest = guestWith('size=1m');
    const run = await guest.run({ command: `${fill}; seq 1 100000 && exit 5` }).ended;
    const status = guest.statusOf(run);
    expect(status.log_bytes).toBe(run.stdout.length);
    expect(status.log_bytes).toBe(Number(sh('stat -c %s "$1"', guest.log)));
    expect(run.stdout.toString()).toMatch(/^before\n/);
    expect(status.result).toMatchObject({
      exit_code: 5,
      message:
        'the command ended with status 5: the disk of the guest is full, and its log could not be written: the disk of the guest is full',
      warnings: ['its log could not be written to its end: the disk of the guest is full'],
    });
  });

  it('does not cost a job its result, nor those of its steps', async () => {
    const guest = guestWith('size=1m');
    const steps = Array.from({ length: 40 }, (_, index) => ({ id: `step-${index}`, command: 'true' }));
    const full = { id: 'full', command: `${fill}; exit 5`, continue_on_error: true };
    const run = await guest.run({ command: '', steps: [full, ...steps, { id: 'last', command: 'exit 6' }] })
      .ended;
    const status = await guest.status();
    expect(status).toMatchObject({
      state: 'finished',
      log_bytes: 7,
      result: { exit_code: 6, cause: 'disk_full' },
    });
    expect(status.steps?.length).toBe(42);
    expect(status.steps?.[0]).toMatchObject({
      id: 'full',
      state: 'failed',
      exit_code: 5,
      log_start: 0,
      log_end: 7,
    });
    expect(guest.stepsOf(run).status).toEqual(status);
  });

  it('leaves no result in the place of its own when there is no room for one, and what the job has put elsewhere', async () => {
    const guest = guestWith('size=1m');
    const command = `echo '{"status":"passed"}' >"$PIKACI_ARTIFACTS/result.json"; ${fill}; exit 5`;
    const run = await guest.run({ command }).ended;
    expect(guest.statusOf(run).result).toMatchObject({ exit_code: 5 });
    expect(artifacts(guest).filter((name) => name.includes('result'))).toEqual(['result.json']);
    expect(JSON.parse(sh('cat "$1/result.json"', guest.artifacts))).toEqual({ status: 'passed' });
  });

  it('has its record where the job can neither read nor replace it', async () => {
    const guest = guestWith('size=1m');
    const command = `chmod 777 "$HOME"; ${fill}; record=$(echo /dev/shm/pikaci-record.*); ls "$record"; mv "$record" /dev/shm/x; rm -r "$record"; mkdir "$record"; exit 5`;
    const environment = { HOME: guest.artifacts };
    const run = await guest.run({ command, environment, run_as_root: false, user: 'nobody' }).ended;
    expect(guest.statusOf(run).result).toMatchObject({ exit_code: 5 });
    expect(sh('stat -c "%u %a" "$(cut -d " " -f 3 "$1/started")"', guest.state)).toBe('0 700\n');
  });

  /** What became of a job that had only so much of a disk: never a part of it, and never silence. */
  async function expectClear(options: string): Promise<GuestStatus['state']> {
    const guest = guestWith(options);
    const command = `# ${'x'.repeat(6000)}\necho whole`;
    const run = await guest.run({ command, environment: { BIG: "it's".repeat(1500) } }, secrets).ended;
    const status = await guest.status();
    if (run.code === 70) {
      expect(run.stderr, options).toMatch(/^pikaci-incus-run: setup: .+\n$/);
      expect(run.stdout.length, options).toBe(0);
    } else expect([run.code, guest.statusOf(run)], options).toEqual([0, status]);
    if (status.state === 'finished' && status.result?.cause === 'exit') {
      expect(status.result.exit_code, options).toBe(0);
      const short = status.result.message.includes('log could not be written');
      expect(run.stdout.toString(), options).toBe(short ? '' : 'whole\n');
    } else if (status.state === 'finished')
      expect(status.result, options).toMatchObject({ status: 'failed', cause: 'setup' });
    else expect([status.state, run.code], options).toEqual(['absent', 70]);
    await guest.remove();
    return status.state;
  }

  it.each([
    ['pages', (count: number) => `size=${count * 4}k`],
    ['files', (count: number) => `size=1m,nr_inodes=${count}`],
  ])('that has too few %s at the start is a setup that failed, and says so', async (_, options) => {
    const states: string[] = [];
    for (let count = 1; count <= 48; count++) states.push(await expectClear(options(count)));
    expect(new Set(states)).toContain('finished');
  });
});
