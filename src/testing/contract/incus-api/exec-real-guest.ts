import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { collected, ran } from './exec-output.js';
import { okOf } from './outcome.js';
import { runningInstance } from './running-instance.js';
import type { Bench } from './subject.js';

/** What only a guest with a real shell can show. */
export function realGuestContract(runner: ContractRunner, bench: Bench): void {
  const { it, describe } = runner;
  const { subject, capabilities } = bench;
  if (!capabilities.realGuest) return;
  describe('running a command in a real guest', () => {
    const name = runningInstance(runner, bench);

    it('streams a large output whole', async () => {
      const { api, project } = subject();
      const command = ['head', '-c', String(capabilities.bulkBytes), '/dev/zero'] as const;
      await using exec = okOf(await api.exec(project, name(), { command }));
      let size = 0;
      for await (const { data } of exec.output) size += data.length;
      assert.equal(size, capabilities.bulkBytes);
      assert.equal(okOf(await exec.exit).code, 0);
    });

    it('goes on when the reader stops reading early', async () => {
      const { api, project } = subject();
      const command = ['head', '-c', '50000000', '/dev/zero'] as const;
      await using exec = okOf(await api.exec(project, name(), { command }));
      for await (const { data } of exec.output) {
        assert.ok(data.length > 0);
        break;
      }
      assert.equal(okOf(await exec.exit).code, 0);
    });

    it('has a terminal of the size that was asked for, which can be changed', async () => {
      const { api, project } = subject();
      const script = 'stty size; read ready; stty size; echo "to stderr" >&2; exit 4';
      const terminal = { columns: 90, rows: 30 };
      const request = { command: ['sh', '-c', script], terminal, stdin: 'open' } as const;
      await using exec = okOf(await api.exec(project, name(), request));
      let seen = '';
      let resized = false;
      for await (const { stream, data } of exec.output) {
        assert.equal(stream, 'stdout');
        seen += Buffer.from(data).toString('utf8');
        if (resized || !seen.includes('30 90')) continue;
        resized = true;
        okOf(await exec.resize({ columns: 100, rows: 40 }));
        // The size goes by another socket than the input: the command asks until it has changed.
        okOf(await exec.write(Buffer.from('\n')));
      }
      assert.match(seen, /to stderr/);
      assert.equal(okOf(await exec.exit).code, 4);
    });

    it('runs as another user', async () => {
      const asked = { command: ['sh', '-c', 'id -u; id -g'], user: 65534, group: 65534 } as const;
      assert.equal((await ran(subject(), name(), asked)).stdout, '65534\n65534\n');
    });

    it('runs many commands at once', async () => {
      const numbers = [...Array(12).keys()];
      const all = await Promise.all(
        numbers.map((n) => ran(subject(), name(), { command: ['sh', '-c', `echo ${n}; exit ${n}`] })),
      );
      assert.deepEqual(
        all.map(({ stdout, code }) => `${stdout.trim()} ${code}`),
        numbers.map((n) => `${n} ${n}`),
      );
    }, 60_000);

    it('gives the end of the main process, though a child of it holds the output open', async () => {
      const { api, project } = subject();
      await using exec = okOf(
        await api.exec(project, name(), { command: ['sh', '-c', 'sleep 1000 & echo main; exit 7'] }),
      );
      const { stdout, exit } = await collected(exec);
      assert.equal(stdout, 'main\n');
      assert.equal(okOf(exit).code, 7);
    });
  });
}
