import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMachine } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const MIB = 1024 * 1024;

let site: Site;
let opened = 0;
beforeAll(async () => {
  site = await Site.open({ backend: 'microvm' });
  await writeConfig(site, {});
  await writeFile(join(site.directory, 'go'), '');
});
afterAll(() => site[Symbol.asyncDispose]());

const newId = () => `m-${randomBytes(3).toString('hex')}-${++opened}`;
const open = async () => must(await site.pikaci.openMachine({ id: newId(), workspace: site.workspace }));
const stepLog = async (machine: OpenMachine, step: string) =>
  (await readFile(join(site.stateRoot, 'machines', machine.id, 'steps', step, 'guest.log'))).toString();
/** What of calls is on the host: their directories, either side's. Waits until there is nothing, for a minute. */
const callsLeft = (id: string) =>
  site.onHost(
    `cd "$1/runs/$2/jobs/machine"; left=600
    while [ -n "$(ls vm/control/calls)$(ls calls | grep -vx ready)" ] && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
    ls vm/control/calls; ls calls`,
    site.workDir,
    id,
  );

describe('the channel into a microVM', () => {
  it('carries 64 MiB, every byte of them', async () => {
    await using machine = await open();
    const large = randomBytes(64 * MIB);
    const local = join(site.directory, 'large.bin');
    await writeFile(local, large);
    must(await machine.upload(local, '/tmp/large.bin'));
    must(await machine.run({ id: 'hash', command: 'sha256sum </tmp/large.bin; stat -c %s /tmp/large.bin' }));
    const hash = createHash('sha256').update(large).digest('hex');
    expect(await stepLog(machine, 'hash')).toBe(`${hash}  -\n${large.length}\n`);
    expect(await callsLeft(machine.id)).toBe('ready\n');
  });

  it('carries many calls at once, beside a step that runs', async () => {
    await using machine = await open();
    const numbers = Array.from({ length: 8 }, (_, index) => index + 1);
    const make = 'for n in $(seq 8); do mkdir -p /tmp/d/$n; seq "$n" 20000 >/tmp/d/$n/numbers; done';
    must(await machine.run({ command: make }));
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const step = machine.run({
      id: 'long',
      command: 'echo begun; until [ -e /tmp/go ]; do sleep 0.05; done; echo done; exit 4',
      onOutput: () => begun(),
    });
    await hasBegun;
    const back = (number: number) => join(site.directory, `back-${machine.id}-${number}`);
    const downloads = await Promise.all(
      numbers.map((number) => machine.download(`/tmp/d/${number}`, back(number))),
    );
    for (const [index, number] of numbers.entries()) {
      const result = downloads[index];
      if (result === undefined) throw new Error(`there is no download ${number}`);
      expect(must(result).collected.map(({ path }) => path)).toEqual(['numbers']);
      const lines = (await readFile(join(back(number), 'numbers'), 'utf8')).trim().split('\n').map(Number);
      expect(lines).toEqual(Array.from({ length: 20_001 - number }, (_, line) => number + line));
    }
    must(await machine.upload(join(site.directory, 'go'), '/tmp/go'));
    expect(must(await step).exitCode).toBe(4);
    expect(await stepLog(machine, 'long')).toBe('begun\ndone\n');
    expect(await callsLeft(machine.id)).toBe('ready\n');
  });

  it('drops the call of a caller that was killed, and not the step that it followed', async () => {
    const id = newId();
    const machine = must(await site.pikaci.openMachine({ id, workspace: site.workspace }));
    must(await machine.leave());
    const command = 'echo begun; until [ -e /tmp/go ]; do sleep 0.05; done; seq 1 20000; exit 4';
    const killed = commandLine(site, ['machine', 'run', '--step', 'long', id, command]);
    await killed.said('begun');
    killed.kill('SIGKILL');
    await killed.end;
    expect(await callsLeft(id)).toBe('ready\n');
    const next = must(await site.pikaci.attachMachine(id));
    expect((await next.run({ command: 'true' }))._unsafeUnwrapErr().kind).toBe('machine_busy');
    must(await next.upload(join(site.directory, 'go'), '/tmp/go'));
    expect(must(await next.attachStep('long'))).toMatchObject({ status: 'failed', exitCode: 4 });
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('');
    expect(await stepLog(next, 'long')).toBe(`begun\n${numbers}`);
    await next[Symbol.asyncDispose]();
    expect(await site.leftovers(id)).toEqual(NOTHING_LEFT);
  });

  it('has a shell of its own for whoever comes next, however many have left theirs open', async () => {
    await using machine = await open();
    const shells = new Set<string>();
    for (const number of [1, 2, 3, 4, 5, 6]) {
      const shell = must(await machine.shell({ columns: 80, rows: 24 }));
      // One that outlives its hang-up would take what is typed into the next one on its console.
      must(await shell.write(Buffer.from(`trap '' HUP; echo "number $((${number})) is $$."\n`)));
      let shown = '';
      let pid: string | undefined;
      for await (const { data } of shell.output) {
        shown += Buffer.from(data).toString('utf8');
        pid = new RegExp(`number ${number} is (\\d+)\\.`).exec(shown)?.[1];
        if (pid !== undefined) break;
      }
      shells.add(pid ?? `none in ${shown}`);
      await shell[Symbol.asyncDispose]();
    }
    expect([...shells]).toEqual(Array.from({ length: 6 }, () => expect.stringMatching(/^\d+$/)));
    expect(await callsLeft(machine.id)).toBe('ready\n');
  });
});
