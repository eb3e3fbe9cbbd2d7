import type { OpenMachine } from '../../src/index.js';
import { bareApi, connectPikaci } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import type { Row, Times } from './row.js';

/** (h) A step of a machine that is open, from the call to its recorded end, beside a bare exec in the same machine. */
export function secondStepRow(host: BenchHost, place: BenchPlace): Row {
  const pikaci = connectPikaci(host, place.stateRoot, 'incus');
  const api = bareApi(host);
  let opened: Promise<OpenMachine> | null = null;
  const open = async () => {
    const machine = value(await pikaci.openMachine({ runAsRoot: true }), 'open');
    value(await machine.run({ command: 'true' }), 'first step');
    return machine;
  };
  return {
    name: 'h',
    async round(): Promise<Times> {
      opened ??= open();
      const machine = await opened;
      const start = performance.now();
      await using exec = value(
        await api.incus.exec(host.project, machine.name, { command: ['/bin/sh', '-c', 'echo done'] }),
        'exec',
      );
      for await (const _ of exec.output);
      value(await exec.exit, 'bare exec');
      const bare = performance.now();
      let first: number | null = null;
      const onOutput = () => {
        first ??= performance.now() - bare;
      };
      const step = value(await machine.run({ command: 'echo done', onOutput }), 'step');
      const end = performance.now();
      if (step.exitCode !== 0 || first === null)
        throw new Error(`the step did not do its work: ${step.message}`);
      return { bare: bare - start, first, step: end - bare };
    },
    async [Symbol.asyncDispose]() {
      await (await opened)?.release();
      await api[Symbol.asyncDispose]();
      await pikaci.close();
    },
  };
}
