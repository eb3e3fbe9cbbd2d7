import { err, ok } from 'neverthrow';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { overlay } from '../../../../src/application/cluster/overlay.js';
import { cancelRun } from '../../../../src/application/records/cancel-run.js';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import { RunGroup } from '../../../../src/application/target/run-group.js';
import type { RunTargetInput } from '../../../../src/application/target/target-run.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import type { RunEvent } from '../../../../src/domain/events/run-event.js';
import {
  concurrencySchema,
  type GroupTicket,
  groupOf,
  waitsFor,
} from '../../../../src/domain/target/concurrency.js';
import type { FileStore } from '../../../../src/ports/file-store.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const WORKSPACE = '/srv/tree';

/** A host and as many runners as are asked for, whose jobs go on until they are let go or cancelled. */
async function host(cancelInProgress = false, group = 'deploy-${branch}') {
  let letGo: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const active = new Set<string>();
  let most = 0;
  let begun = 0;
  const clock = new MemoryClock();
  // Time goes on by itself, a tenth of a second at each turn of the event loop.
  let ends = false;
  const time = async () => {
    while (!ends) await clock.advance(100).then(() => new Promise((resolve) => setImmediate(resolve)));
  };
  void time();
  onTestFinished(() => {
    ends = true;
  });
  const memory = new MemoryHost({
    clock,
    script: async ({ request, cancelled }) => {
      const id = String(begun++);
      active.add(id);
      most = Math.max(most, active.size);
      if (request['command'] === 'wait') await Promise.race([released, cancelled]);
      active.delete(id);
      return 0;
    },
  });
  await memory.setWorkspace(WORKSPACE, { 'a.txt': { content: 'a\n' } });
  const runner = (name: string, trust: 'trusted' | 'untrusted' = 'trusted') => {
    const targets = {
      t: { concurrency: { group, cancelInProgress }, jobs: [{ id: 'j', command: 'wait' }] },
      quick: { concurrency: { group, cancelInProgress }, jobs: [{ id: 'j', command: 'true' }] },
    };
    const settings = {
      host: 'local',
      workDir: '/var/pikaci',
      stateRoot: `/${name}`,
      targets,
      trust,
    } as const;
    return must(createPikaci(settings, { adapters: memory.adapters }));
  };
  const begin = (pikaci: ReturnType<typeof runner>, runId: string, more: Partial<RunTargetInput> = {}) => {
    const told: (PikaciEvent | RunEvent)[] = [];
    const waiters: { until: (event: PikaciEvent | RunEvent) => boolean; then: () => void }[] = [];
    const take = (event: PikaciEvent | RunEvent) => {
      told.push(event);
      for (const { until, then } of waiters) if (until(event)) then();
    };
    const seen = (until: (event: PikaciEvent | RunEvent) => boolean) =>
      new Promise<void>((then) => {
        if (told.some(until)) then();
        else waiters.push({ until, then });
      });
    const input = { target: 't', workspace: WORKSPACE, runId, branch: 'main', ...more };
    const ended = pikaci.runTarget({ ...input, events: { emit: take, emitRun: take } });
    const warnings = () => told.flatMap((event) => (event.type === 'run_warning' ? [event.message] : []));
    return { ended, seen, warnings };
  };
  const places = async () => {
    const listed = await memory.hostFiles.list('/var/pikaci/groups');
    return listed.isOk() ? listed.value.map(({ name }) => name) : [];
  };
  return { memory, runner, begin, letGo, most: () => most, places };
}

/** A host that takes its time for each answer, as the seed has it. */
async function slowHost(first: number) {
  const { memory } = await host();
  const files = new MemoryFileStore('memory', () => memory.clock.now());
  const { list, writeFile } = files;
  let seed = first;
  const pause = async (most: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    for (let turns = seed % most; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  };
  Object.assign(files, {
    list: async (...call: Parameters<typeof list>) => {
      const told = await list.apply(files, call);
      await pause(100);
      return told;
    },
    // What is written is there some time after it was sent.
    writeFile: async (...call: Parameters<typeof writeFile>) => {
      await pause(100);
      return await writeFile.apply(files, call);
    },
  });
  const { clock } = memory;
  const hostTime = { learn: async () => ok(undefined), now: () => clock.now() };
  const input = {
    files,
    clock,
    hostTime,
    workDir: '/var/pikaci',
    group: 'g',
    cancelInProgress: false,
    patienceMs: 300_000,
  };
  const never = new AbortController().signal;
  return { input, pause, never };
}

const made = ({ type }: { readonly type: string }) => type === 'instance_created';
const warned = ({ type }: { readonly type: string }) => type === 'run_warning';

describe('the runs of a group', () => {
  it('go on one at a time, over all runners, who came first being first; each says for whom it waits', async () => {
    const { memory, runner, begin, letGo, most, places } = await host();
    const first = begin(runner('a'), 'first');
    await first.seen(made);
    const second = begin(runner('b'), 'second');
    await second.seen(warned);
    const third = begin(runner('a'), 'third', { target: 'quick' });
    await third.seen(warned);
    expect(second.warnings()).toEqual([
      'waits for the run first, which is before this one in the group "deploy-main"',
    ]);
    const { localFiles: files, processes } = memory;
    const recorded = async (stateRoot: string, runId: string) =>
      must(await loadRunRecord({ files, processes }, { stateRoot, runId })).message;
    expect(await recorded('/b', 'second')).toBe(second.warnings()[0]);
    expect(await recorded('/a', 'first')).toBeNull();
    const [seen] = (await runner('c').lookAtHosts()).hosts;
    expect(seen?.groups).toMatchObject([
      { group: 'deploy-main', run_id: 'first', goes_on: true, waits_for: null },
      { group: 'deploy-main', run_id: 'second', goes_on: false, waits_for: 'first' },
      { group: 'deploy-main', run_id: 'third', goes_on: false, waits_for: 'first' },
    ]);
    // Another branch is another group.
    const other = must(await begin(runner('c'), 'other', { target: 'quick', branch: 'topic' }).ended);
    expect(other.record.status).toBe('passed');
    letGo();
    for (const { ended } of [first, second, third]) {
      const run = must(await ended);
      expect(run.record).toMatchObject({ status: 'passed', message: null });
      must(await run.cleanUp);
    }
    expect(most()).toBeLessThanOrEqual(2);
    expect(await places()).toEqual([]);
  });

  it('are cancelled by a newer one, where the group wants that, and have cleaned up when it begins', async () => {
    const { memory, runner, begin, letGo, places } = await host(true);
    const first = begin(runner('a'), 'first');
    await first.seen(made);
    const second = begin(runner('b'), 'second');
    const old = must(await first.ended);
    expect(old.record.status).toBe('cancelled');
    expect(first.warnings()).toEqual([
      'is cancelled: second came after it in the group "deploy-main", which cancels what goes on',
    ]);
    await second.seen(made);
    must(await old.cleanUp);
    letGo();
    const run = must(await second.ended);
    expect(run.record.status).toBe('passed');
    must(await run.cleanUp);
    expect(memory.incus.allInstances).toEqual([]);
    expect(await places()).toEqual([]);
  });

  // Of these seeds each has two meet, when whoever begins does not look once more.
  it.each([6, 11, 21, 24].map((seed) => seed * 7919))(
    'never meet (%i), however many come at one moment, and however long the host takes for each answer',
    async (first) => {
      const { input, pause, never } = await slowHost(first);
      let [active, most] = [0, 0];
      const one = async (index: number) => {
        await pause(200);
        const group = must(await RunGroup.enter({ ...input, runId: `run-${index}`, signal: never }));
        await group.turn(() => undefined);
        active += 1;
        most = Math.max(most, active);
        await pause(50);
        active -= 1;
        await group.leave();
      };
      await Promise.all(Array.from({ length: 24 }, (_, index) => one(index)));
      expect(most).toBe(1);
      expect(must(await input.files.list('/var/pikaci/groups'))).toEqual([]);
    },
  );

  it.each([1, 3, 6, 8].map((seed) => seed * 7919))(
    'do not all end each other (%i) when they come at one moment, of which the newest goes on',
    async (first) => {
      const { input, pause, never } = await slowHost(first);
      const one = async (index: number) => {
        await pause(20);
        const entered = await RunGroup.enter({
          ...input,
          cancelInProgress: true,
          runId: `run-${index}`,
          signal: never,
        });
        const group = must(entered);
        await group.turn(() => undefined);
        const isEnded = group.ended.aborted;
        await group.leave();
        return isEnded;
      };
      const ended = await Promise.all(Array.from({ length: 4 }, (_, index) => one(index)));
      expect(ended).toContain(false);
      expect(must(await input.files.list('/var/pikaci/groups'))).toEqual([]);
    },
  );

  it('are ended by no run that is refused, such as one of an id that there is', async () => {
    const { memory, runner, begin, letGo, places } = await host(true);
    const first = begin(runner('a'), 'first');
    await first.seen(made);
    mustFail(await begin(runner('a'), 'first').ended, 'run_exists');
    // It looks meanwhile whether it is to end.
    await memory.clock.sleep(20_000, new AbortController().signal);
    letGo();
    const run = must(await first.ended);
    expect(run.record.status).toBe('passed');
    must(await run.cleanUp);
    expect(await places()).toEqual([]);
  });

  it('wait for none whose file is damaged, or stays as it is, whatever time it names', async () => {
    const { memory, runner, begin, places } = await host();
    const quick = (runId: string) => begin(runner('a'), runId, { target: 'quick' }).ended;
    const { hostFiles } = memory;
    const first = begin(runner('b'), 'first');
    await first.seen(made);
    const [file = ''] = await places();
    const [prefix = ''] = file.split('.');
    const text = Buffer.from(must(await hostFiles.readFile(`/var/pikaci/groups/${file}`))).toString();
    must(await hostFiles.remove(`/var/pikaci/groups/${file}`));
    must(await hostFiles.makeDirectory(`/var/pikaci/groups/${prefix}.a.json`));
    must(await hostFiles.writeFile(`/var/pikaci/groups/${prefix}.b.json`, Buffer.alloc(10_000)));
    must(await hostFiles.writeFile(`/var/pikaci/groups/${prefix}.c.cancel`, Buffer.from('{}')));
    const far = text.replace(/"expires_at_ms":\d+/, '"expires_at_ms":9e15').replace('first', 'ghost');
    must(await hostFiles.writeFile(`/var/pikaci/groups/${prefix}.d.json`, Buffer.from(far)));
    const second = must(await quick('second'));
    expect(second.record.status).toBe('passed');
    must(await second.cleanUp);
    expect((await places()).filter((name) => !name.includes('.a.') && name !== file)).toEqual([]);
  });

  it('say what the host does not answer, and end when it has said nothing for as long as it may be out of reach', async () => {
    const { input, never } = await slowHost(1);
    const group = must(await RunGroup.enter({ ...input, runId: 'run', signal: never }));
    const message = 'list /var/pikaci/groups on memory: input/output error';
    const fault = { kind: 'io', host: 'memory', path: '/var/pikaci/groups', operation: 'list', message };
    Object.assign(input.files, { list: async () => err(fault) });
    const said: string[] = [];
    await group.turn((text) => said.push(text));
    expect(said[0]).toBe(`whose turn it is in the group "g" is not known: ${message}; it is asked again`);
    expect(said[1]).toMatch(/^is cancelled: for 30\d s whose turn it is in the group "g" is not known/);
    expect(said.length).toBe(2);
    expect(group.ended.aborted).toBe(true);
  });

  it.each(['a list that fails when the host is back', 'an answer that came late'])(
    'end where another goes on by now, behind %s',
    async (what) => {
      const { input, never } = await slowHost(1);
      const { clock, files } = input;
      const cutOff = new Set<string>();
      let answersAfterMs = 0;
      const io = (path: string, operation: string) =>
        err({ kind: 'io' as const, host: 'memory', path, operation, message: 'cut off' });
      const own = overlay<FileStore>(files, {
        list: async (path, options) =>
          cutOff.has('list') ? io(path, 'list') : await files.list(path, options),
        readFile: async (path, options) =>
          cutOff.has('read') ? io(path, 'read') : await files.readFile(path, options),
        writeFile: async (path, data, options) => {
          if (cutOff.has('write')) return io(path, 'write');
          const written = await files.writeFile(path, data, options);
          await clock.sleep(answersAfterMs);
          return written;
        },
      });
      const isLate = what.startsWith('an answer');
      const first = must(await RunGroup.enter({ ...input, files: own, runId: 'first', signal: never }));
      if (isLate) answersAfterMs = 60_000;
      await first.turn(() => undefined);
      for (const operation of ['list', 'read', 'write']) cutOff.add(operation);
      const second = must(await RunGroup.enter({ ...input, runId: 'second', signal: never }));
      await second.turn(() => undefined);
      cutOff.delete('write');
      if (!isLate) await clock.sleep(60_000);
      answersAfterMs = 0;
      cutOff.clear();
      await clock.sleep(20_000);
      expect(first.ended.reason).toMatch(
        /^memory was out of reach .*, and second goes on in the group "g" since$/,
      );
      expect(second.ended.aborted).toBe(false);
      await Promise.all([first.leave(), second.leave()]);
    },
  );

  it('do not wait for a runner that has died, and a signal ends the wait', async () => {
    const { memory, runner, begin, places } = await host();
    const first = begin(runner('a'), 'first');
    await first.seen(made);
    const stop = new AbortController();
    const second = begin(runner('b'), 'second', { signal: stop.signal });
    await second.seen(warned);
    stop.abort();
    expect(must(await second.ended).record.status).toBe('cancelled');
    const [file = ''] = await places();
    const text = Buffer.from(must(await memory.hostFiles.readFile(`/var/pikaci/groups/${file}`))).toString();
    const dead = text.replace(/"expires_at_ms":\d+/, '"expires_at_ms":1');
    must(await memory.hostFiles.writeFile(`/var/pikaci/groups/${file}`, Buffer.from(dead)));
    const third = must(await begin(runner('c'), 'third', { target: 'quick' }).ended);
    expect(third.record.status).toBe('passed');
  });

  it('are cancelled by "pikaci cancel" while they wait for their turn', async () => {
    const { memory, runner, begin, letGo } = await host();
    const going = begin(runner('a'), 'a');
    await going.seen(made);
    const waiting = begin(runner('b'), 'b');
    await waiting.seen(warned);
    const { localFiles: files, processes, clock } = memory;
    const asked = { stateRoot: '/b', runId: 'b', by: 'somebody' };
    expect(must(await cancelRun({ files, processes, clock }, asked))).toEqual({ kind: 'seen' });
    // The other goes on still: whoever waits for it would not end before.
    const ended = must(await waiting.ended);
    expect(ended.record).toMatchObject({ status: 'cancelled', jobs: [{ status: 'cancelled' }] });
    letGo();
    expect(must(await going.ended).record.status).toBe('passed');
  });

  it('say of a run that is resumed that it waits for its own place of before', async () => {
    const { input, never } = await slowHost(1);
    must(await RunGroup.enter({ ...input, runId: 'run', signal: never }));
    const again = must(await RunGroup.enter({ ...input, runId: 'run', signal: never }));
    const said: string[] = [];
    await again.turn((text) => said.push(text));
    expect(said).toEqual([
      'waits until the place is over that run had in the group "g" before: 90 s after its runner has gone',
    ]);
    await again.leave();
  });

  it('need a branch where their group names it, and cannot be left running', async () => {
    const { runner, begin, places } = await host();
    const { branch: _, ...none } = { branch: 'x' };
    const unnamed = runner('a').runTarget({ target: 't', workspace: WORKSPACE, runId: 'a', ...none });
    expect(mustFail(await unnamed, 'invalid_job').message).toContain('needs a branch');
    const left = await begin(runner('a'), 'b', { onAbort: 'detach' }).ended;
    expect(mustFail(left, 'invalid_job').field).toBe('onAbort');
    expect(await places()).toEqual([]);
  });
});

describe('a group', () => {
  it('has the names of a run in it, and none but these', () => {
    const { group } = concurrencySchema.parse({ group: '${target}/${branch}' });
    const concurrency = { group, cancelInProgress: false };
    const run = { branch: 'main', target: 'deploy' };
    expect(groupOf(concurrency, { ...run, trust: 'trusted' })).toBe('deploy/main');
    expect(groupOf(concurrency, { ...run, trust: 'untrusted' })).toBe('untrusted/deploy/main');
    const wrong = concurrencySchema.safeParse({ group: 'x-${commit}' });
    expect(wrong.error?.issues[0]?.message).toContain('${commit} is nothing that is known of a run');
  });

  it('lets those go on first that do, then who came first', () => {
    const ticket = (token: string, cameAtMs: number, holds = false): GroupTicket => ({
      token,
      runId: token,
      cameAtMs,
      holds,
      expiresAtMs: 1,
    });
    const own = ticket('m', 5);
    expect(waitsFor(own, [])).toBeNull();
    expect(waitsFor(own, [ticket('z', 6), ticket('n', 5)])).toBeNull();
    expect(waitsFor(own, [ticket('z', 4), ticket('a', 3)])?.token).toBe('a');
    expect(waitsFor(own, [ticket('a', 3), ticket('z', 9, true)])?.token).toBe('z');
    expect(waitsFor(own, [ticket('a', 5)])?.token).toBe('a');
  });
});
