import assert from 'node:assert/strict';
import type { IncusEvents } from '../../../ports/incus-api.js';
import type { IncusEvent } from '../../../ports/incus-types.js';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, newInstance } from './subject.js';

const noOperation = '00000000-0000-4000-8000-000000000000';

export function operationsContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe('operations and events', () => {
    it('tell of an operation from its start, and let it be looked up and waited for', async () => {
      const { api, project } = subject();
      await using events = okOf(await api.events({ project, types: ['operation'] }));
      const wanted = newInstance(subject(), { start: false });
      const creating = api.createInstance(project, wanted);
      const event = await firstEvent(events, ({ metadata }) =>
        JSON.stringify(metadata).includes(wanted.name),
      );
      assert.equal(event.type, 'operation');
      assert.equal(event.project, project);
      const { id } = event.metadata as { readonly id: string };
      const waited = okOf(await api.waitOperation(id, { timeoutMs: 60_000 }));
      assert.deepEqual([waited.id, waited.status, waited.statusCode], [id, 'Success', 200]);
      assert.equal(okOf(await api.operation(id)).id, id);
      assert.ok(okOf(await api.operations(project)).some((one) => one.id === id));
      faultOf(await api.cancelOperation(id), 'invalid_request');
      okOf(await creating);
      await discard(subject(), wanted.name);
    });

    it('are not found when there is no such operation', async () => {
      const { api } = subject();
      faultOf(await api.operation(noOperation), 'not_found');
      faultOf(await api.waitOperation(noOperation), 'not_found');
      faultOf(await api.cancelOperation(noOperation), 'not_found');
    });

    it('tell what becomes of an instance', async () => {
      const { api, project } = subject();
      await using events = okOf(await api.events({ project, types: ['lifecycle'] }));
      const wanted = newInstance(subject(), { start: false });
      okOf(await api.createInstance(project, wanted));
      const created = (event: IncusEvent): boolean => {
        const { action, source } = event.metadata as { readonly action: string; readonly source: string };
        return action === 'instance-created' && source.includes(wanted.name);
      };
      assert.equal((await firstEvent(events, created)).type, 'lifecycle');
      await discard(subject(), wanted.name);
    });

    it('end when the listener lets go', async () => {
      const { api, project } = subject();
      const events = okOf(await api.events({ project }));
      await events[Symbol.asyncDispose]();
      assert.equal(await events.closed, null);
      for await (const event of events.events) assert.fail(`an event after the end: ${event.type}`);
    });
  });
}

async function firstEvent(events: IncusEvents, matches: (event: IncusEvent) => boolean): Promise<IncusEvent> {
  for await (const event of events.events) if (matches(event)) return event;
  assert.fail('the events ended before the one that was due');
}
