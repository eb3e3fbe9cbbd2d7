import { expect, it } from 'vitest';
import { MemoryShell } from '../../../src/adapters/memory/memory-shell.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';
import { ran } from '../../../src/testing/contract/run-command.js';

it('handlers answer commands, and what was asked is kept', async () => {
  const shell = new MemoryShell().handle(({ command, write }) => {
    if (command.argv[0] !== 'uname') return undefined;
    write('stdout', 'Linux\n');
    return 0;
  });
  expect(await ran(shell, { argv: ['uname', '-s'] })).toMatchObject({ stdout: 'Linux\n', code: 0 });
  expect(await ran(shell, { argv: ['other'] })).toMatchObject({ code: 127 });
  expect(shell.commands.map((command) => command.argv)).toEqual([['uname', '-s'], ['other']]);
});

it('a lost connection cuts off what runs and what comes next', async () => {
  const shell = new MemoryShell().handle(
    ({ stopped }) => new Promise((resolve) => stopped.addEventListener('abort', () => resolve(0))),
  );
  const running = must(await shell.spawn({ argv: ['sleep'] }));
  shell.loseConnection(1);
  mustFail(await running.exit, 'connection_lost');
  mustFail(await shell.spawn({ argv: ['sleep'] }), 'connection_lost');
  await using again = must(await shell.spawn({ argv: ['sleep'] }));
  await again[Symbol.asyncDispose]();
  mustFail(await again.exit, 'aborted');
});
