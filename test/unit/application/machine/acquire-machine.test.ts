import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import type { Journal } from '../../../../src/application/events/journal.js';
import type { JobFault } from '../../../../src/application/faults/job-fault.js';
import { AcquireMachine } from '../../../../src/application/machine/acquire-machine.js';
import type { BootRequest } from '../../../../src/application/machine/machine-spec.js';
import { RoomLines } from '../../../../src/application/machine/room-line.js';
import { remoteLinuxVmContext } from '../../../../src/domain/machine/remote-linux-vm-context.js';

const BOOT = {} as BootRequest;
const place = { runId: 'r', jobId: 'j', acquisition: null };
const NAMED = {
  remoteHost: 'host',
  remoteWorkDir: '/w',
  incusProject: 'p',
  incusProfile: 'p',
  incusImageAlias: 'image',
};
const fault: JobFault = { kind: 'local_files', phase: null, host: 'local', message: 'the disk is full' };

/** What is done in which order: the record is slow, and the machine is made as fast as it may be. */
async function acquired(backend: 'incus' | 'microvm', boot: (() => BootRequest) | null, isFull = false) {
  const done: string[] = [];
  const machine = {
    acquisition: null,
    name: 'm',
    context: remoteLinuxVmContext({ ...NAMED, ...place, backend }),
    remove: async () => ok(undefined),
    resolveBase: async () =>
      ok({
        image: null,
        plan: async () =>
          ok({
            machine,
            image: null,
            create: async () => {
              done.push('made');
              return ok(undefined);
            },
          }),
      }),
  };
  const clock = new MemoryClock(undefined, { skipUpToMs: 5000 });
  const acquire = new AcquireMachine({
    hostFiles: new MemoryFileStore('host', () => 0),
    clock,
    backends: { machine: () => machine },
    hostTime: { now: () => 0, learn: async () => undefined },
    workDirectory: { path: '/w', ensure: async () => ok(undefined) },
    settings: { leaseMs: 1000, quotaWaitMs: 0 },
    lines: new RoomLines({ clock, backends: { names: async () => ok([]) } }),
    parallelCreates: 1,
  } as unknown as ConstructorParameters<typeof AcquireMachine>[0]);
  const journal = {
    runPhase: (_phase: string, work: () => unknown) => work(),
    emit: () => undefined,
    warn: () => undefined,
    hostLog: { flushed: async () => undefined },
  } as unknown as Journal;
  const result = await acquire.acquire({
    place,
    spec: { instanceType: 'container' } as never,
    boot,
    journal,
    stage: async () => ok(null),
    record: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push('recorded');
      return isFull ? err(fault) : ok('record');
    },
    signal: new AbortController().signal,
  });
  return { done, result };
}

describe('a machine that is acquired', () => {
  it('is recorded before it is made where it begins its job as it boots: of a job that may have begun there is a record', async () => {
    expect((await acquired('microvm', () => BOOT)).done).toEqual(['recorded', 'made']);
    const { done, result } = await acquired('microvm', () => BOOT, true);
    expect(done).toEqual(['recorded']);
    expect(result._unsafeUnwrapErr()).toEqual(fault);
  });

  it.each([
    ['incus', () => BOOT],
    ['microvm', null],
  ] as const)(
    'is recorded while it is made where its job is handed over later (%s)',
    async (backend, boot) => {
      expect((await acquired(backend, boot)).done).toEqual(['made', 'recorded']);
    },
  );
});
