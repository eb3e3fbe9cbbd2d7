import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlayedMicrovm } from '../../support/played-microvm.js';

const LEASE = PlayedMicrovm.lease;
const RESULT =
  '{"schema_version":1,"status":"passed","exit_code":0,"finished_at":"x","message":"","cause":"exit"}';

let machine: PlayedMicrovm;
let jobDir: string;
beforeEach(async () => {
  machine = await PlayedMicrovm.open();
  ({ jobDir } = machine);
});
afterEach(() => machine[Symbol.asyncDispose]());

const call = (...words: readonly string[]) => machine.call(...words);
const runner = (script: string) => machine.runner(script);
const launch = (lease = LEASE, options: readonly string[] = []) => machine.launch(lease, options);
const status = () => machine.status();

describe.runIf(process.getuid?.() === 0)('the script that looks after microVMs', () => {
  it('boots a machine, follows its log from any byte, and has its result when it has ended', async () => {
    await runner(`printf 'one\\ntwo\\n' >shares/artifacts/guest.log; echo '${RESULT}' >shares/artifacts/result.json
      touch shares/tools/new 2>/dev/null && echo 'it was writable'; echo console`);
    expect(await launch()).toMatchObject({ code: 0 });
    const followed = await call('follow', jobDir, '4');
    expect(followed.stdout).toBe('two\n');
    const told = JSON.parse(followed.stderr.trim().split('\n').at(-1) ?? '');
    expect(told).toMatchObject({ state: 'ended', booted: true, reason: 'exit 0', log_bytes: 8 });
    expect(Buffer.from(told.result_base64, 'base64').toString()).toBe(`${RESULT}\n`);
    expect(Buffer.from(told.console_base64, 'base64').toString()).toBe('console\n');
    expect(existsSync(join(machine.path, 'source/new'))).toBe(false);
  });

  it('tells the line of a panic also when its trace is longer than the end of the console', async () => {
    await runner(`echo 'Run /init'; echo '[ 2.1] Kernel panic - not syncing: sysrq triggered crash'
      seq -f '[ 2.1] at_%04.0f+0x24/0x40' 300; exit 0`);
    await launch();
    await call('follow', jobDir, '0');
    const told = Buffer.from(String((await status())['console_base64']), 'base64').toString();
    expect(told).toMatch(/^\[ 2\.1\] Kernel panic - not syncing: sysrq triggered crash\n/);
    expect(told.endsWith('at_0300+0x24/0x40\n')).toBe(true);
    expect(told.length).toBeLessThan(2600);
  });

  it('boots it once: the same owner finds it, another one is refused', async () => {
    await runner('echo x >>count; echo log >shares/artifacts/guest.log; exec sleep 600');
    const launched = await Promise.all([launch(), launch(), launch()]);
    expect(launched.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await readFile(join(jobDir, 'vm/count'), 'utf8')).toBe('x\n');
    expect(await launch('run job somebody 1000')).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('already_started'),
    });
    expect(await status()).toMatchObject({ state: 'running' });
    expect((await call('destroy', jobDir)).code).toBe(0);
    expect(await status()).toMatchObject({ state: 'absent' });
    expect((await call('destroy', jobDir)).code).toBe(0);
  });

  it('believes no result that a user without root has left, and follows no link to one', async () => {
    const leave = (command: string) => runner(`${command}; echo log >shares/artifacts/guest.log`);
    for (const command of [
      `echo '${RESULT}' >shares/artifacts/result.json; chown 1000 shares/artifacts/result.json`,
      `echo '${RESULT}' >elsewhere; ln -s "$PWD/elsewhere" shares/artifacts/result.json`,
      'mkfifo shares/artifacts/result.json',
    ]) {
      await leave(command);
      await launch();
      await call('follow', jobDir, '0');
      expect(await status()).toMatchObject({ state: 'ended', result_base64: '' });
      await call('destroy', jobDir);
    }
  });

  it('lists and packs what is there, and nothing that a link leads to', async () => {
    await runner(`echo log >shares/artifacts/guest.log; cd shares/artifacts; echo kept >kept; ln -s /etc/passwd link; ln -s /etc etc
      mknod disk b 7 0`);
    await launch();
    await call('follow', jobDir, '0');
    const listed = (await call('list', jobDir, '/artifacts', '/etc', '/artifacts/../../vm')).stdout.split(
      '\0',
    );
    const { size } = await stat(join(jobDir, 'artifacts/guest-request.json'));
    expect(listed.filter(Boolean).sort()).toEqual(
      [
        'b 0 /artifacts/disk',
        'f 4 /artifacts/guest.log',
        'f 5 /artifacts/kept',
        `f ${size} /artifacts/guest-request.json`,
        'l 11 /artifacts/link',
        'l 4 /artifacts/etc',
      ].sort(),
    );
    // A pattern may begin with the name of a link, or go through one.
    const below = await call('list', jobDir, '/artifacts/etc', '/artifacts/etc/passwd', '/artifacts/kept');
    expect(below.stdout.split('\0').filter(Boolean)).toEqual(['l 4 /artifacts/etc', 'f 5 /artifacts/kept']);
    const packed = await promisify(execFile)('sh', [
      '-c',
      'printf "/artifacts/kept\\0/artifacts/etc/passwd\\0" | sh "$1" pack "$2" 2>/dev/null | tar -t',
      'sh',
      join(machine.path, 'scripts/pikaci-microvm-host'),
      jobDir,
    ]);
    expect(packed.stdout).toBe('artifacts/kept\n');
  });

  it('takes the result from the place of its own, and leaves the job what it has put in the other', async () => {
    await runner(`echo log >shares/artifacts/guest.log; cd shares/artifacts; mkdir .pikaci; echo '${RESULT}' >.pikaci/result.json
      echo own >result.json; chown 1000 result.json`);
    await launch();
    await call('follow', jobDir, '0');
    const names = async () =>
      (await call('list', jobDir, '/artifacts')).stdout
        .split('\0')
        .map((entry) => entry.replace(/^.*[/]/, ''));
    expect(Buffer.from(String((await status())['result_base64']), 'base64').toString()).toBe(`${RESULT}\n`);
    expect((await names()).sort()).toEqual(['', 'guest-request.json', 'guest.log', 'result.json']);
    await promisify(execFile)('ln', [
      '-f',
      join(jobDir, 'artifacts/.pikaci/result.json'),
      join(jobDir, 'artifacts/result.json'),
    ]);
    expect((await names()).sort()).toEqual(['', 'guest-request.json', 'guest.log']);
  });

  it('tells what was answered to the certificates of a machine, where root has left it', async () => {
    const trusted = async (command: string) => {
      await runner(`echo log >shares/artifacts/guest.log; cd shares/artifacts; mkdir -p .pikaci; ${command}`);
      await launch();
      await call('follow', jobDir, '0');
      const { stdout } = await call('trusted', jobDir);
      await call('destroy', jobDir);
      return stdout;
    };
    expect(await trusted(':')).toBe('');
    expect(await trusted('echo said >.pikaci/trusted')).toBe('said\n');
    expect(await trusted('chown 1000 .pikaci/trusted')).toBe('');
    expect(await trusted('ln -sf /etc/passwd .pikaci/trusted')).toBe('');
  });

  it('tells what the guest could not set aside, or was at when it ended, as not whole', async () => {
    await runner(`echo log >shares/artifacts/guest.log; mkdir shares/artifacts/.pikaci
      printf './a b\\0./c/d\\0' >shares/artifacts/.pikaci/not-copied; printf './half\\0' >shares/artifacts/.pikaci/copying`);
    await launch();
    await call('follow', jobDir, '0');
    await mkdir(join(jobDir, 'workspace-artifacts'), { recursive: true });
    await writeFile(join(jobDir, 'workspace-artifacts/half'), 'half\n');
    expect((await call('list', jobDir, '/workspace/snapshot')).stdout.split('\0').filter(Boolean)).toEqual([
      'x 0 /workspace/snapshot/a b',
      'x 0 /workspace/snapshot/c/d',
      'x 0 /workspace/snapshot/half',
      'f 5 /workspace/snapshot/half',
    ]);
    await promisify(execFile)('chown', ['1000', join(jobDir, 'artifacts/.pikaci/not-copied')]);
    expect((await call('list', jobDir, '/workspace/snapshot')).stdout).toMatch(
      /^x 0 \/workspace\/snapshot\/half\0f/,
    );
  });

  it('lets one of many win who write the lease at the same moment', async () => {
    await runner('echo log >shares/artifacts/guest.log; exec sleep 600');
    await launch();
    const swaps = Array.from({ length: 8 }, (_, i) =>
      call('lease-swap', jobDir, LEASE, `run job other-${i} 2000`),
    );
    const ended = await Promise.all(swaps);
    expect(ended.filter(({ code }) => code === 0)).toHaveLength(1);
    expect(ended.filter(({ code }) => code === 65)).toHaveLength(7);
    const winner = ended.findIndex(({ code }) => code === 0);
    expect((await call('lease', jobDir)).stdout).toBe(`run job other-${winner} 2000\n\n`);
    await writeFile(join(jobDir, 'owner'), 'mine\n');
    expect((await call('lease', jobDir)).stdout).toBe(`run job other-${winner} 2000\nmine\n`);
    expect(await call('lease', join(machine.path, 'none'))).toMatchObject({ code: 66 });
  });

  it('lists machines by their leases; one that is being prepared is nobody’s yet', async () => {
    await runner('echo log >shares/artifacts/guest.log; exec sleep 600');
    expect((await call('machines', machine.path)).stdout).toBe('');
    await launch();
    expect((await call('machines', machine.path)).stdout).toBe(`${jobDir} running - ${LEASE}\n`);
    await writeFile(join(jobDir, 'owner'), 'mine\n');
    expect((await call('machines', machine.path)).stdout).toBe(`${jobDir} running mine ${LEASE}\n`);
    expect((await call('sources', machine.path)).stdout.split('\0')).toContain(join(machine.path, 'source'));
    await call('destroy', jobDir, 'mine');
    const forgotten = join(jobDir, 'vm/control');
    await mkdir(forgotten, { recursive: true });
    const daysAgo = new Date(Date.now() - 3 * 24 * 3600_000);
    await utimes(forgotten, daysAgo, daysAgo);
    expect((await call('machines', machine.path)).stdout).toBe(`${jobDir} absent mine \n`);
  });

  it('lists a machine that has ended as one, until it is destroyed', async () => {
    await runner('echo log >shares/artifacts/guest.log; exec sleep 600');
    await launch();
    const [pid = ''] = (await readFile(join(jobDir, 'vm/machine'), 'utf8')).split(' ');
    process.kill(Number(pid), 'SIGKILL');
    await call('follow', jobDir, '0');
    expect((await call('machines', machine.path)).stdout).toBe(`${jobDir} ended - ${LEASE}\n`);
    await call('destroy', jobDir);
    expect((await call('machines', machine.path)).stdout).toBe('');
  });

  it('destroys the machine of the acquisition that is named, and no other', async () => {
    await runner('echo log >shares/artifacts/guest.log; exec sleep 600');
    await writeFile(join(jobDir, 'owner'), 'mine\n');
    await launch();
    for (const words of [[], ['another']]) {
      await call('destroy', jobDir, ...words);
      expect((await call('machines', machine.path)).stdout).toBe(`${jobDir} running mine ${LEASE}\n`);
    }
    await call('destroy', jobDir, 'mine');
    expect((await call('machines', machine.path)).stdout).toBe('');
  });

  it('says what is wrong with a call', async () => {
    for (const words of [['nonsense'], ['status', 'relative'], ['follow', jobDir, '-1'], []])
      expect(await call(...words)).toMatchObject({
        code: 64,
        stderr: expect.stringMatching(/^pikaci-microvm-host: usage: /),
      });
    expect((await call('check')).stdout).toMatch(/^[0-9]{13}\ndescriptors [0-9]+\nreflink (yes|no)\n$/);
  });
});
