import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { MemoryProcesses } from '../../src/adapters/memory/memory-processes.js';
import { NodeProcesses } from '../../src/adapters/node/node-processes.js';
import { processesContract } from '../../src/testing/contract/processes.js';

processesContract({ describe, it }, 'the list of this machine', () => new NodeProcesses());
processesContract({ describe, it }, 'the list in memory', () => new MemoryProcesses());

it('a process that was killed is gone, also while nobody has waited for it', async () => {
  const processes = new NodeProcesses();
  const self = await processes.self();
  // The shell's child is killed and not waited for: the shell has become a cat.
  const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; cut -d" " -f22 /proc/$!/stat; kill -9 $!; exec cat']);
  let said = '';
  while (said.split('\n').length < 3) said += String((await once(shell.stdout, 'data'))[0]);
  const [pid, started] = said.split('\n');
  const killed = { ...self, pid: Number(pid), started: started ?? '' };
  while ((await processes.state(killed)) === 'alive');
  expect(await processes.state(killed)).toBe('gone');
  shell.stdin.end();
  await once(shell, 'close');
  expect(await processes.state(killed)).toBe('gone');
});
