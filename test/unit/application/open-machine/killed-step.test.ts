import { describe, expect, it } from 'vitest';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../memory-run.js';

/** A machine, and files of a step whose runner was killed while it wrote them. */
async function killedWhile(state: 'claimed' | 'recorded') {
  const run = await memoryRun({ script: async () => 0 });
  const machine = must(await run.pikaci.openMachine({ id: 'm1' }));
  must(await machine.run({ id: 'whole', command: 'true' }));
  const files = run.host.localFiles;
  must(await files.makeDirectory('/state/machines/m1/steps/s', { mode: 0o700 }));
  if (state === 'recorded') {
    const record = JSON.parse(
      Buffer.from(must(await files.readFile('/state/machines/m1/steps/whole/step.json'))).toString(),
    );
    const begun = JSON.stringify({ ...record, step_id: 's', outcome: null });
    must(await files.writeFile('/state/machines/m1/steps/s/step.json', Buffer.from(begun)));
  }
  return machine;
}

describe('a step whose runner was killed before the machine had it', () => {
  it('has never begun when it was not recorded: that is said, and its id is free', async () => {
    const machine = await killedWhile('claimed');
    for (const fault of [
      await machine.attachStep('s'),
      await machine.step('s'),
      await machine.cancelStep('s'),
    ])
      expect(mustFail(fault, 'no_such_step').message).toContain('never began');
    expect(must(await machine.run({ id: 's', command: 'true' }))).toMatchObject({ exitCode: 0 });
    expect(mustFail(await machine.run({ id: 's', command: 'true' }), 'step_exists').field).toBe('id');
  });

  it('ends as one that never began when it was recorded', async () => {
    const machine = await killedWhile('recorded');
    const lost = mustFail(await machine.attachStep('s'), 'step_lost');
    expect(lost.message).toBe('the step s left no exit record: the guest has no record of the step');
    expect(must(await machine.step('s')).outcome).toMatchObject({ status: 'failed', cause: 'lost' });
  });
});

describe('a step whose first call was refused before anything ran', () => {
  it.each([
    ['permission_denied', 'guest'],
    ['invalid_request', 'guest'],
    ['not_found', 'machine_gone'],
  ] as const)('(%s) never began: it has no record, and its id is free', async (kind, fault) => {
    const run = await memoryRun({ script: async () => 0 });
    const machine = must(await run.pikaci.openMachine({ id: 'm1' }));
    run.host.incus.faults.failNext('exec', kind);
    mustFail(await machine.run({ id: 's', command: 'true' }), fault);
    mustFail(await machine.attachStep('s'), 'no_such_step');
    expect(must(await machine.run({ id: 's', command: 'true' }))).toMatchObject({ exitCode: 0 });
  });
});
