import assert from 'node:assert/strict';
import type { Processes } from '../../ports/processes.js';
import type { SuiteRunner } from './contract-runner.js';

/** What every `Processes` has to do. */
export function processesContract(runner: SuiteRunner, name: string, make: () => Processes): void {
  runner.describe(`${name} keeps the contract of Processes`, () => {
    runner.it('the process that asks is alive, and always the same', async () => {
      const processes = make();
      const self = await processes.self();
      assert.deepEqual(await processes.self(), self);
      assert.equal(await processes.state(self), 'alive');
      assert.equal(await processes.state(JSON.parse(JSON.stringify(self))), 'alive');
    });

    runner.it('a pid that is used again is not the process of before', async () => {
      const processes = make();
      assert.equal(await processes.state({ ...(await processes.self()), started: 'then' }), 'gone');
    });

    runner.it('what belongs to another machine, or is not told whole, is not known', async () => {
      const processes = make();
      const self = await processes.self();
      assert.equal(await processes.state({ ...self, scope: 'another machine' }), 'unknown');
      assert.equal(await processes.state({ ...self, scope: null }), 'unknown');
      assert.equal(await processes.state({ ...self, started: null }), 'unknown');
    });
  });
}
