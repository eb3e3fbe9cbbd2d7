import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GuestCall } from '../../support/guest-call.js';
import { PlayedMicrovm, takesCalls } from '../../support/played-microvm.js';

const SECRET = 'nothing that a guest may see';

let machine: PlayedMicrovm;
let jobDir: string;
beforeEach(async () => {
  machine = await PlayedMicrovm.open();
  ({ jobDir } = machine);
});
afterEach(() => machine[Symbol.asyncDispose]());

async function openMachine(answer?: string): Promise<void> {
  await machine.runner(takesCalls(answer));
  expect(await machine.launchWithChannel('keep=1')).toMatchObject({ code: 0 });
}

const begin = (...words: readonly string[]): GuestCall => machine.begin('call', jobDir, ...words);
const call = (...words: readonly string[]) => machine.call('call', jobDir, ...words);

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 1000; !(await holds()); left -= 1) {
    if (left === 0) throw new Error(`not within 20 s: ${what}`);
    await pause(20);
  }
}

/** The directories of calls, on either side. */
async function callsLeft(): Promise<string[]> {
  const both = await Promise.all(
    [join(jobDir, 'vm/control/calls'), join(jobDir, 'calls')].map((path) => readdir(path)),
  );
  return both.flat().filter((name) => name !== 'ready');
}

describe.runIf(process.getuid?.() === 0)('a call into a microVM', () => {
  it('has the exit code, the output and the errors of what it runs', async () => {
    await openMachine();
    const codes = [0, 1, 2, 9, 10, 64, 69, 99, 100, 127, 128, 129, 199, 200, 249, 250, 254, 255];
    for (const code of codes) {
      const ended = await call(
        'sh',
        '-c',
        'printf "out %s" "$1"; printf "err %s\\n" "$1" >&2; exit "$1"',
        'sh',
        `${code}`,
      );
      expect(ended).toEqual({ code, stdout: `out ${code}`, stderr: `err ${code}\n` });
    }
    expect(await callsLeft()).toEqual([]);
  });

  it('carries 5 MB there and back, byte for byte', async () => {
    await openMachine();
    const bytes = randomBytes(5_000_000);
    const copied = begin('sh', '-c', 'cat; printf "no newline at the end" >&2; exit 7');
    copied.child.stdin.end(bytes);
    const ended = await copied.ended;
    expect(ended.stdout.equals(bytes)).toBe(true);
    expect(ended).toMatchObject({ code: 7, stderr: 'no newline at the end' });
  });

  it('tells output as it comes, on both sides', async () => {
    await openMachine();
    const go = join(machine.path, 'go');
    const waiting = begin(
      'sh',
      '-c',
      'echo first; until [ -e "$1" ]; do sleep 0.02; done; echo second',
      'sh',
      go,
    );
    waiting.child.stdin.end();
    await waiting.output('first\n');
    await writeFile(go, '');
    expect((await waiting.ended).stdout.toString()).toBe('first\nsecond\n');
  });

  it('takes any words as they are', async () => {
    await openMachine();
    const words = [
      '',
      ' ',
      "it's",
      '"quoted"',
      "''",
      '$HOME `id` $(id)',
      '\\',
      '\\n',
      'two\nlines',
      'a newline at the end\n',
      '\n',
      "\n'\n'",
      '-n',
      '*',
      'ä ☃',
      '\t\r\u0007',
      '; exit 3',
      '',
    ];
    const ended = await call('sh', '-c', 'printf "%s\\0" "$@"', 'sh', ...words);
    expect(ended).toEqual({ code: 0, stdout: words.map((word) => `${word}\0`).join(''), stderr: '' });
  });

  it('is one of many at once, each with its own input, output and code', async () => {
    await openMachine();
    const calls = Array.from({ length: 16 }, (_, index) => {
      const begun = begin('sh', '-c', 'cat; seq 1 2000; exit "$1"', 'sh', String(index));
      begun.child.stdin.end(`input ${index}\n`);
      return begun.ended;
    });
    const numbers = Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join('');
    for (const [index, ended] of (await Promise.all(calls)).entries()) {
      expect(ended.stdout.toString()).toBe(`input ${index}\n${numbers}`);
      expect(ended).toMatchObject({ code: index, stderr: '' });
    }
    expect(await callsLeft()).toEqual([]);
  });

  it('is refused where there is no machine, none that is on, or none that was made for it', async () => {
    const refused = async (code: number, name: string) => {
      expect(await call('true')).toMatchObject({
        code,
        stderr: expect.stringContaining(`pikaci-microvm-host: ${name}: `),
      });
    };
    await refused(66, 'not_found');
    await mkdir(join(jobDir, 'vm/control'), { recursive: true });
    await refused(69, 'not_running');
    await machine.runner('echo log >shares/artifacts/guest.log; exec sleep 600');
    expect(await machine.launch()).toMatchObject({ code: 0 });
    await refused(69, 'no_channel');
  });

  it('ends when the machine goes off in the middle, with what it had written', async () => {
    await openMachine();
    const cut = begin('sh', '-c', 'echo begun; sleep 600');
    cut.child.stdin.end();
    await cut.output('begun\n');
    expect(await machine.call('destroy', jobDir)).toMatchObject({ code: 0 });
    const ended = await cut.ended;
    expect(ended).toMatchObject({ code: 69, stderr: expect.stringContaining('not_running') });
    expect(ended.stdout.toString()).toBe('begun\n');
  });

  it('of a caller that was killed is forgotten, on both sides', async () => {
    await openMachine('echo "$out" >called; sleep 600');
    const killed = begin('true');
    killed.child.stdin.end();
    await until('the machine has the call', () => existsSync(join(jobDir, 'vm/called')));
    expect(await waitingProcesses()).not.toEqual([]);
    expect(await callsLeft()).toEqual(['1', '1']);
    await killed.drop();
    await until('its directories are gone', async () => (await callsLeft()).length === 0);
    await until('no process waits for its answer', async () => (await waitingProcesses()).length === 0);
  });

  it('that nobody listens to any more is forgotten, on both sides, before it has an answer', async () => {
    await openMachine();
    // A pipe, as the host's sshd gives it, whose reader leaves after one line.
    const script = ['sh', join(machine.path, 'scripts/pikaci-microvm-host'), 'call', jobDir];
    const { stdout } = await promisify(execFile)('sh', [
      ...['-c', '{ "$@" </dev/null; echo "$?" >"$0"; } | head -n 1', join(machine.path, 'code')],
      ...script,
      ...['sh', '-c', 'echo begun; sleep 600'],
    ]);
    expect(stdout).toBe('begun\n');
    expect(await readFile(join(machine.path, 'code'), 'utf8')).toBe('141\n');
    expect(await callsLeft()).toEqual([]);
    expect(await waitingProcesses()).toEqual([]);
  });

  it('is refused by a machine whose runner attaches no channel', async () => {
    await machine.runner(': >shares/calls/no-channel; exec sleep 600');
    expect(await machine.launchWithChannel('keep=1')).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/^pikaci-microvm-host: no_channel: /),
    });
    expect(await machine.launchWithChannel('keep=1')).toMatchObject({ code: 69 });
  });

  describe('of a guest that is hostile', () => {
    const hostile = async () => {
      await writeFile(join(machine.path, 'secret'), SECRET);
      await mkdir(join(machine.path, 'planted'));
      for (const [name, text] of [
        ['out', SECRET],
        ['err', SECRET],
        ['code', '0\n'],
      ] as const)
        await writeFile(join(machine.path, 'planted', name), text);
      await openMachine('export out; machine=$$ sh -c');
    };
    /** A call that the machine answers by doing this, with `$1` as a directory that it could not read if it were one. */
    const answeredBy = (script: string) => call(script, 'sh', machine.path);

    it('shows nothing that a link, a FIFO or a device leads to', async () => {
      await hostile();
      for (const plant of [
        'ln -s "$1/secret" "$out/out"; : >"$out/err"',
        ': >"$out/out"; ln -s "$1/secret" "$out/err"',
        'ln -s "$1/secret" "$out/out"; ln -s "$1/secret" "$out/err"',
        'mkfifo "$out/out"; : >"$out/err"',
        ': >"$out/out"; mkfifo "$out/err"',
        'mknod "$out/out" c 1 5; : >"$out/err"',
        'mknod "$out/out" b 7 0; mknod "$out/err" c 1 5',
        'mkdir "$out/out" "$out/err"',
        ': >"$out/err"; ln -s "$1/secret" "$out/out.new"; mv "$out/out.new" "$out/out"',
      ])
        expect({ plant, ...(await answeredBy(`${plant}; echo 0 >"$out/code"`)) }).toEqual({
          plant,
          code: 0,
          stdout: '',
          stderr: '',
        });
      expect(await callsLeft()).toEqual([]);
    });

    it('believes no code that is none, however long it is', async () => {
      await hostile();
      for (const plant of [
        ...[
          '-1',
          '256',
          '259',
          '999999999999999999999',
          '',
          '1 2',
          ' 1',
          '0x1',
          '00',
          '007',
          '; exit 0',
          '1;',
        ].map((code) => `printf '%s\\n' '${code}' >"$out/code"`),
        'printf "\\0\\0\\n" >"$out/code"',
        'truncate -s 1T "$out/code"',
        'head -c 20000000 /dev/zero | tr "\\0" 1 >"$out/code.new"; mv "$out/code.new" "$out/code"',
      ]) {
        const ended = await answeredBy(`: >"$out/out"; : >"$out/err"; ${plant}`);
        expect({ plant, code: ended.code, stdout: ended.stdout }).toEqual({ plant, code: 69, stdout: '' });
        expect(ended.stderr).toMatch(/^pikaci-microvm-host: not_running: /);
      }
    });

    it('has its end when the directory of the call is replaced or gone', async () => {
      await hostile();
      for (const plant of [
        'rm -r "$out"; sleep 0.3; mkfifo "$out"',
        'rm -r "$out"',
        'rm -r "$out"; ln -s "$1/planted" "$out"',
        'rm -r "$out"; : >"$out"',
        'rm -r "$out"; mkfifo "$out"',
      ]) {
        const ended = await answeredBy(plant);
        expect({ plant, code: ended.code, stdout: ended.stdout }).toEqual({ plant, code: 69, stdout: '' });
        expect(ended.stderr).not.toContain(SECRET);
      }
      // What it puts into the place of its own directory when the call has ended goes with the machine.
      expect(await readdir(join(jobDir, 'vm/control/calls'))).toEqual([]);
      expect(await readdir(join(machine.path, 'planted'))).toHaveLength(3);
    });

    it('has its end with the machine when its code is a link, a FIFO or a device', async () => {
      for (const plant of ['ln -s "$1/planted/code"', 'mkfifo', 'mknod']) {
        await hostile();
        const device = plant === 'mknod' ? 'c 1 5' : '';
        const ended = await answeredBy(
          `: >"$out/err"; ${plant} "$out/code" ${device}; sleep 0.5; kill "$machine"`,
        );
        expect({ plant, code: ended.code }).toEqual({ plant, code: 69 });
        await machine.call('destroy', jobDir);
        await rm(join(machine.path, 'planted'), { recursive: true });
      }
    });
  });
});

/** The processes on the host that wait for the answer to a call of this machine. */
async function waitingProcesses(): Promise<string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return commands.filter((words) => words.includes('\0deliver\0') && words.includes(`\0${jobDir}\0`));
}
