import { MemoryHost } from '../../src/adapters/memory/memory-host.js';
import { runCommandLine } from '../../src/composition/run-command-line.js';

/** The command line of this process as it is, on a host in memory, whose jobs do what their commands say. */
const host = new MemoryHost({
  script: async ({ request, write, cancelled }) => {
    const [word = '', argument = ''] = request.command.split(' ');
    const number = Number(argument);
    if (word === 'exit') return number;
    if (word === 'print') for (let line = 1; line <= number; line += 1) write(`line ${line}\n`);
    if (word === 'hostile') {
      write('\x1b]2;own');
      write('ed\x07\x1b[2J\x1b[1;1H\x1b[31mred\x1b[0m \x1b[?1049hlast\n');
      return 0;
    }
    write('waiting\n');
    if (word === 'stubborn') await new Promise<never>(() => undefined);
    await cancelled;
    return 143;
  },
});
await host.setWorkspace(process.cwd(), { file: { content: 'x' } });
// Nothing of the host in memory keeps a process alive.
setInterval(() => undefined, 60_000);
process.exit(await runCommandLine(host.adapters));
