import { describe, it } from 'vitest';
import { LocalShell } from '../../src/adapters/local/shell.js';
import type { MemoryRun } from '../../src/adapters/memory/memory-handler.js';
import { MemoryShell } from '../../src/adapters/memory/memory-shell.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { remoteShellContract } from '../../src/testing/contract/remote-shell.js';
import { twoDirectories } from '../support/two-directories.js';

remoteShellContract(
  { describe, it },
  'the shell of this machine',
  async () => {
    const shell = new LocalShell({ killGraceMs: 200 });
    const directories = await twoDirectories();
    return {
      ...directories,
      shell,
      [Symbol.asyncDispose]: async () => {
        await shell[Symbol.asyncDispose]();
        await directories[Symbol.asyncDispose]();
      },
    };
  },
  { processes: true },
);

remoteShellContract(
  { describe, it },
  'the shell in memory',
  async () => {
    const local = new LocalShell();
    // The script of this fake is to run the command for real; what is tested is how it passes things on.
    const shell = new MemoryShell('memory', local).handle((run) => runForReal(local, run));
    return { ...(await twoDirectories()), shell };
  },
  { processes: false },
);

async function runForReal(local: LocalShell, run: MemoryRun) {
  const running = must(await local.spawn({ ...run.command, stdin: await run.stdin() }));
  for await (const { stream, data } of running.output) run.write(stream, data);
  return must(await running.exit);
}
