import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, newInstance } from './subject.js';

const stop = { action: 'stop', timeoutSecs: 0, force: true } as const;

export function statesContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe("an instance's states", () => {
    it('is gone when an ephemeral one was stopped', async () => {
      const { api, project } = subject();
      const { name } = await made(subject(), {});
      okOf(await api.changeState(project, name, stop));
      faultOf(await api.instance(project, name), 'not_found');
      faultOf(await api.changeState(project, name, stop), 'not_found');
      faultOf(await api.deleteInstance(project, name), 'not_found');
    });

    it('keeps one that is not ephemeral, which starts again', async () => {
      const { api, project } = subject();
      const { name } = await made(subject(), { ephemeral: false });
      okOf(await api.changeState(project, name, stop));
      assert.equal(okOf(await api.instanceState(project, name)).status, 'Stopped');
      okOf(await api.changeState(project, name, { action: 'start', timeoutSecs: 30, force: false }));
      assert.equal(okOf(await api.instanceState(project, name)).status, 'Running');
      okOf(await api.changeState(project, name, stop));
      okOf(await api.deleteInstance(project, name));
    });

    it('is not deleted while it runs', async () => {
      const { api, project } = subject();
      const { name } = await made(subject(), {});
      faultOf(await api.deleteInstance(project, name), 'invalid_request');
      assert.equal(okOf(await api.instance(project, name)).value.status, 'Running');
      okOf(await api.changeState(project, name, stop));
    });

    it('ends what runs in it when it is stopped', async () => {
      const { api, project } = subject();
      const { name } = await made(subject(), {});
      await using exec = okOf(await api.exec(project, name, { command: ['sleep', '1000'] }));
      okOf(await api.changeState(project, name, stop));
      const exit = await exec.exit;
      assert.ok(exit.isErr() || exit.value.code !== 0, 'a command that was killed did not succeed');
    });
  });
}

async function made(
  subject: ReturnType<Bench['subject']>,
  parts: Parameters<typeof newInstance>[1],
): Promise<{ readonly name: string }> {
  const wanted = newInstance(subject, parts);
  okOf(await subject.api.createInstance(subject.project, wanted));
  return wanted;
}
