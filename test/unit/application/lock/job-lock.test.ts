import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { MemoryProcesses } from '../../../../src/adapters/memory/memory-processes.js';
import { NodeFileStore } from '../../../../src/adapters/node/node-file-store.js';
import { NodeProcesses } from '../../../../src/adapters/node/node-processes.js';
import { SystemClock } from '../../../../src/adapters/node/system-clock.js';
import { JobLock, type JobLockPorts } from '../../../../src/application/lock/job-lock.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const DIR = '/state/job';
const never = new AbortController().signal;

async function locks() {
  const localFiles = new MemoryFileStore('local');
  must(await localFiles.makeDirectory(DIR));
  const processes = new MemoryProcesses();
  const clock = new MemoryClock();
  const ports = { localFiles, processes, clock };
  return { ...ports, take: (signal = never) => JobLock.take(ports, DIR, signal) };
}

/** Lets time pass until `work` has an answer. */
async function meanwhile<T>(clock: MemoryClock, work: Promise<T>): Promise<T> {
  let done = false;
  void work.finally(() => {
    done = true;
  });
  while (!done) {
    await clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return work;
}

describe("the lock of a job's directory", () => {
  it("is its holder's until another one has it, also when its directory is away", async () => {
    const { take, localFiles } = await locks();
    const lock = must(await take());
    expect(await lock.isHeld()).toBe(true);
    localFiles.failNext('list', 'io');
    expect(await lock.isHeld()).toBe(true);
    must(await localFiles.remove(DIR, { recursive: true }));
    expect(await lock.isHeld()).toBe(true);
    expect(lock.lost.aborted).toBe(false);
  });

  it('is refused while its holder lives, who is named', async () => {
    const { take } = await locks();
    const lock = must(await take());
    expect(lock.isFirst).toBe(true);
    expect(mustFail(await take(), 'job_in_use').message).toMatch(/process 1 of memory .*\/state\/job/);
  });

  it('is taken at once when it was let go of, which works on a full disk as well', async () => {
    const { take, localFiles } = await locks();
    const lock = must(await take());
    localFiles.failNext('write', 'no_space');
    await lock[Symbol.asyncDispose]();
    expect(must(await take()).isFirst).toBe(false);
  });

  it('is taken at once from a process that was killed, and leaves one lock', async () => {
    const { take, processes, localFiles } = await locks();
    must(await take());
    processes.restart('killed');
    must(await take());
    expect(must(await localFiles.list(DIR)).map(({ name }) => name)).toEqual(['.lock-2']);
  });

  it("is refused while another machine's holder gives signs of life", async () => {
    const { take, processes, clock } = await locks();
    must(await take());
    processes.restart('elsewhere');
    mustFail(await meanwhile(clock, take()), 'job_in_use');
  });

  it("is taken from another machine's holder that gives none, who is told if it wakes up", async () => {
    const { localFiles, processes, clock } = await locks();
    const asleep = new MemoryClock();
    const first = must(await JobLock.take({ localFiles, processes, clock: asleep }, DIR, never));
    processes.restart('elsewhere');
    must(await meanwhile(clock, JobLock.take({ localFiles, processes, clock }, DIR, never)));
    expect(clock.now() - asleep.now()).toBeLessThan(30_000);
    // Asked before each write, it does not wait for its next beat.
    expect(first.lost.aborted).toBe(false);
    expect(await first.isHeld()).toBe(false);
    expect(first.lost.aborted).toBe(true);
    await asleep.advance(6000);
    while (!first.lost.aborted) await new Promise((resolve) => setImmediate(resolve));
    expect(first.lost.reason).toContain('another runner');
    await first[Symbol.asyncDispose]();
    mustFail(await JobLock.take({ localFiles, processes, clock }, DIR, never), 'job_in_use');
  });

  it('whose holder cannot be made out is taken when nothing writes to it', async () => {
    const { take, localFiles, clock } = await locks();
    must(await localFiles.makeDirectory(`${DIR}/.lock-7`));
    must(await localFiles.writeFile(`${DIR}/.lock-7/holder.json`, Buffer.from('{"pid":')));
    must(await meanwhile(clock, take()));
    expect(must(await localFiles.list(DIR)).map(({ name }) => name)).toEqual(['.lock-8']);
  });

  it('is not waited for longer than the caller wants', async () => {
    const { take, processes } = await locks();
    must(await take());
    processes.restart('elsewhere');
    mustFail(await take(AbortSignal.abort()), 'cancelled');
  });

  it('goes to one of many, however they come in between each other', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pikaci-lock-'));
    const ports: JobLockPorts = {
      localFiles: new NodeFileStore(),
      processes: new NodeProcesses(),
      clock: new SystemClock(),
    };
    for (let round = 0; round < 10; round++) {
      const all = await Promise.all(Array.from({ length: 12 }, () => JobLock.take(ports, directory, never)));
      const won = all.flatMap((result) => (result.isOk() ? [result.value] : []));
      expect(won).toHaveLength(1);
      for (const lost of all) if (lost.isErr()) mustFail(lost, 'job_in_use');
      await won[0]?.[Symbol.asyncDispose]();
    }
    await rm(directory, { recursive: true });
  });
});
