import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GuestCall } from '../../support/guest-call.js';
import { PlayedMicrovm, takesCalls } from '../../support/played-microvm.js';

const RESULT =
  '{"schema_version":1,"status":"failed","exit_code":5,"finished_at":"x","message":"","cause":"exit"}';
const STEPS = '{"id":"one","status":"passed"}\n{"id":"two","status":"running"}\n';

let machine: PlayedMicrovm;
let jobDir: string;
beforeEach(async () => {
  machine = await PlayedMicrovm.open();
  ({ jobDir } = machine);
});
afterEach(() => machine[Symbol.asyncDispose]());

const text = (base64: unknown) => Buffer.from(String(base64), 'base64').toString();

/** What `follow` says on its standard error: the lines of the steps, and the status. */
function told(stderr: string): { readonly steps: string[]; readonly status: Record<string, unknown> } {
  const lines = stderr.trimEnd().split('\n');
  return { steps: lines.slice(0, -1), status: JSON.parse(lines.at(-1) ?? '') };
}

describe.runIf(process.getuid?.() === 0)('the machine of a job that failed', () => {
  const end = `echo log >shares/artifacts/guest.log; echo '${RESULT}' >shares/artifacts/result.json`;
  const kept = async () => {
    await machine.runner(`${end}; : >shares/calls/ended; ${takesCalls()}`);
    expect(await machine.launchWithChannel('keep_failed_secs=600')).toMatchObject({ code: 0 });
  };

  it('stays after the end of its job, which is told as any other', async () => {
    await kept();
    const followed = await machine.call('follow', jobDir, '0');
    expect(followed).toMatchObject({ code: 0, stdout: 'log\n' });
    const { status } = told(followed.stderr);
    expect(status).toMatchObject({ state: 'ended', reason: 'kept', booted: true });
    expect(text(status['result_base64'])).toBe(`${RESULT}\n`);
    expect(await machine.status()).toEqual(status);
    expect(JSON.parse((await machine.call('cancel', jobDir, '5')).stdout)).toEqual(status);
    expect(await machine.call('call', jobDir, 'sh', '-c', 'echo here; exit 3')).toMatchObject({
      code: 3,
      stdout: 'here\n',
    });
    expect(await readFile(join(jobDir, 'vm/control/keep-failed'), 'utf8')).toBe('600\n');
  });

  it('has shells, each on a console of its own, whose size can be changed', async () => {
    await kept();
    const shells: GuestCall[] = [];
    for (const console of [0, 1, 2, 3]) {
      const shell = machine.begin('shell', jobDir, '30', '100', 'sh');
      await shell.errorOutput(`shell ${console}\n`);
      shells.push(shell);
    }
    expect(await machine.call('shell', jobDir, '30', '100', 'sh')).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('busy'),
    });
    expect(await machine.call('resize', jobDir, '2', '40', '120')).toMatchObject({ code: 0 });
    const ends = shells.map(async (shell, index) => {
      shell.child.stdin.write(`echo "this is $((${index} + 1))"; cat size-${index}\n`);
      await shell.output(`this is ${index + 1}\n${index === 2 ? '40 120' : '30 100'}\n`);
      shell.child.stdin.write(`exit ${index + 20}\n`);
      return (await shell.ended).code;
    });
    expect(await Promise.all(ends)).toEqual([20, 21, 22, 23]);
  });

  it('has its console back from a shell whose caller is gone', async () => {
    await kept();
    const shells: GuestCall[] = [];
    for (const console of [0, 1, 2, 3]) {
      const shell = machine.begin('shell', jobDir, '30', '100', 'sh', '-c', 'echo begun; exec sleep 600');
      await shell.output('begun\n');
      expect(await shell.errorOutput(`shell ${console}\n`)).toBe(`shell ${console}\n`);
      shells.push(shell);
    }
    const [killed, cut] = shells;
    await killed?.drop();
    cut?.child.stdin.end();
    expect(await cut?.ended).toMatchObject({ code: 69 });
    const found = [];
    for (const command of ['sleep 600', 'sleep 601'])
      found.push(await (await onFreeConsole(command)).errorOutput('shell '));
    expect(found.sort()).toEqual(['shell 0\n', 'shell 1\n']);
  });

  it('types nothing of a caller who was gone before the console was taken for its shell', async () => {
    await machine.runner(`: >shares/calls/ended; cat console-0.in >typed & ${takesCalls(':')}`);
    expect(await machine.launchWithChannel('keep_failed_secs=600')).toMatchObject({ code: 0 });
    const shell = machine.begin('shell', jobDir, '30', '100', 'sh');
    await shell.errorOutput('shell 0\n');
    shell.child.stdin.write('of a caller who is gone\n');
    await shell.drop();
    const calls = async () => (await readdir(join(jobDir, 'calls'))).filter((name) => /^[0-9]+$/.test(name));
    await expect.poll(calls, { timeout: 20_000 }).toEqual([]);
    await pause(500);
    expect(await readFile(join(jobDir, 'vm/typed'), 'utf8')).toBe('');
  });

  it('ends when it is destroyed, with its calls and shells', async () => {
    await kept();
    const call = machine.begin('call', jobDir, 'sh', '-c', 'echo begun; sleep 600');
    call.child.stdin.end();
    await call.output('begun\n');
    const shell = machine.begin('shell', jobDir, '30', '100', 'sh', '-c', 'echo begun; sleep 600');
    await shell.output('begun\n');
    expect(await machine.call('destroy', jobDir)).toMatchObject({ code: 0 });
    for (const ended of await Promise.all([call.ended, shell.ended]))
      expect(ended).toMatchObject({ code: 69, stderr: expect.stringContaining('not_running') });
    expect(await machine.status()).toMatchObject({ state: 'absent' });
    expect(await machine.call('call', jobDir, 'true')).toMatchObject({ code: 66 });
  });

  it('goes with its job when that did not ask for it to stay', async () => {
    await machine.runner(end);
    expect(await machine.launchWithChannel('keep_failed_secs=600')).toMatchObject({ code: 0 });
    expect(told((await machine.call('follow', jobDir, '0')).stderr).status).toMatchObject({
      state: 'ended',
      reason: 'exit 0',
    });
  });
});

/** A shell, once there is a console for it. */
async function onFreeConsole(command: string): Promise<GuestCall> {
  for (let left = 100; left > 0; left -= 1) {
    const shell = machine.begin('shell', jobDir, '30', '100', 'sh', '-c', `echo begun; exec ${command}`);
    const begun = await shell.output('begun\n').catch(() => null);
    if (begun !== null) return shell;
    await pause(50);
  }
  throw new Error('every console has been in use for 5 s');
}

describe.runIf(process.getuid?.() === 0)('the steps of a job', () => {
  const request = (text: string) => writeFile(join(jobDir, 'vm/control/request.json'), text);
  /** A machine that does this and goes on until there is the file `go`; what is told of it as it runs and afterwards. */
  async function followed(plant: string, job = '{"steps":[{"id":"one"}]}\n') {
    await machine.runner(
      `cd shares/artifacts; ${plant}; echo log >guest.log; until [ -e "${machine.path}/go" ]; do sleep 0.02; done`,
    );
    await request(job);
    expect(await machine.launch()).toMatchObject({ code: 0 });
    const running = machine.begin('follow', jobDir, '0');
    await running.output('log\n');
    const status = await machine.status();
    await writeFile(join(machine.path, 'go'), '');
    const asItRan = told((await running.ended).stderr);
    const afterwards = told((await machine.call('follow', jobDir, '0')).stderr);
    expect(afterwards.status).toEqual(asItRan.status);
    return { status, asItRan, afterwards };
  }
  const lines = STEPS.trim()
    .split('\n')
    .map((line) => `step ${line}`);

  it('are told as they come and in the status', async () => {
    const { status, asItRan, afterwards } = await followed(`printf '%s' '${STEPS}' >steps.jsonl`);
    expect(text(status['steps_base64'])).toBe(STEPS);
    expect(asItRan.steps).toEqual(lines);
    expect(afterwards.steps).toEqual(lines);
    expect(text(afterwards.status['steps_base64'])).toBe(STEPS);
  });

  it.each([
    ['a user without root', `printf '%s' '${STEPS}' >planted; chown 1000 planted; mv planted steps.jsonl`],
    ['a link to one of root’s', `printf '%s' '${STEPS}' >elsewhere; ln -s elsewhere steps.jsonl`],
    ['a link to one of the host’s', 'ln -s ../../../../planted/steps.jsonl steps.jsonl'],
    ['a FIFO', 'mkfifo steps.jsonl'],
    ['a device', 'mknod steps.jsonl c 1 5'],
    ['a directory', 'mkdir steps.jsonl'],
  ])('are believed of a plain file of root’s only, not of %s', async (_, plant) => {
    await mkdir(join(machine.path, 'planted'));
    await writeFile(join(machine.path, 'planted/steps.jsonl'), STEPS);
    const { status, asItRan, afterwards } = await followed(plant);
    for (const seen of [status, asItRan.status, afterwards.status])
      expect(seen).toMatchObject({ steps_base64: '' });
    expect([...asItRan.steps, ...afterwards.steps]).toEqual([]);
  });

  it('are not believed of a job that has none', async () => {
    const { status, asItRan, afterwards } = await followed(`printf '%s' '${STEPS}' >steps.jsonl`, '{}\n');
    expect(status).toMatchObject({ steps_base64: '' });
    expect([...asItRan.steps, ...afterwards.steps]).toEqual([]);
  });
});
