import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { Site } from '../support/site.js';

onEachBackend((backend) => {
  it('exec runs one command in a machine that is gone afterwards', async () => {
    await using site = await Site.open({ backend });
    await writeConfig(site, {});
    await writeFile(join(site.workspace, 'answer'), '42\n');
    const text = 'cat answer; echo "$A"; touch made; exit 3';
    const { code, stdout, stderr } = await commandLine(site, ['exec', '--env', 'A', text], { A: 'of here' })
      .end;
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: '42\nof here\n', stderr: '' });
    const running = commandLine(site, ['exec', '--', 'sh', '-c', 'echo begun; sleep 1000']);
    await running.said('begun');
    running.kill('SIGTERM');
    expect((await running.end).code).toBe(130);
    const { machines } = must(await site.pikaci.listMachines());
    expect(machines.map(({ state }) => state)).toEqual(['released', 'released']);
  });

  it('a terminal in a machine runs what it is told to, with its variables, and ends with it', async () => {
    await using site = await Site.open({ backend });
    await using machine = must(await site.pikaci.openMachine({ id: site.newRunId() }));
    const command = ['sh', '-c', 'test -t 0 && echo "$A in $(pwd)"; exit 5'];
    await using shell = must(await machine.shell({ columns: 80, rows: 24, command, env: { A: "a b'c" } }));
    let shown = '';
    for await (const { data } of shell.output) shown += Buffer.from(data).toString('utf8');
    expect(shown.trim()).toBe("a b'c in /workspace/snapshot");
    expect(must(await shell.exit).code).toBe(5);
  });
});
