import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { TAR_END, tarEntry } from '../../../../src/adapters/memory/memory-supervisor/memory-tar.js';
import type { JobSpecInput } from '../../../../src/domain/job/job-spec.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, STATE, WORKSPACE } from '../memory-run.js';

const SECRET = 'not-to-be-seen-4711';
const KEPT = '/var/pikaci/kept';
const JOB: JobSpecInput = {
  id: 'job',
  command: 'x',
  artifacts: ['/artifacts/*'],
  secrets: { TOKEN: SECRET },
};

/** A job that its runner has left running, and whose lease is over; it has ended meanwhile where it should. */
async function leftJob({ ends }: { readonly ends: boolean }) {
  let end = () => {};
  const told = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = await memoryRun({
    script: async ({ files, secrets, write }) => {
      write(`${secrets['TOKEN']} begun\n`);
      for (const name of ['a.txt', 'b.txt'])
        files.write({ path: `/artifacts/${name}`, content: Buffer.from(name) });
      await told;
      write('done\n');
      return 4;
    },
  });
  const stop = new AbortController();
  const events = {
    emit: ({ type }: { readonly type: string }) => {
      if (type === 'log_bytes') stop.abort();
    },
  };
  const input = { job: JOB, workspace: WORKSPACE, runId: 'run', events, signal: stop.signal };
  must(await run.pikaci.runJob({ ...input, onAbort: 'detach' }));
  if (ends) end();
  const [machine] = must(await run.host.incus.instances('default'));
  const over = { 'user.pikaci.lease_expires_at_ms': '1000' };
  must(await run.host.incus.patchInstance('default', machine?.name ?? '', over));
  const id = machine?.config['user.pikaci.acquisition'] ?? '';
  return { run, id };
}

/** The host packs what is asked for; `hostile` is what it says instead of a file, if it does not stop there. */
function packing({ host }: MemoryRun, hostile: Readonly<Record<string, Buffer | 'cut'>> = {}): void {
  host.shell.handle(({ command, stdin, write }) => {
    const [, , , name, directory] = command.argv;
    if (name !== 'pikaci-kept') return undefined;
    const pack = async () => {
      for (const path of Buffer.from(await stdin())
        .toString()
        .split('\0')) {
        const read = await host.hostFiles.readFile(`${directory}/${path}`);
        const instead = hostile[path];
        if (instead === 'cut') return 255;
        if (instead !== undefined) write('stdout', instead);
        else if (read.isOk()) write('stdout', tarEntry({ name: path, content: read.value }));
      }
      write('stdout', TAR_END);
      return 0;
    };
    return pack();
  });
}

describe('a job that no runner collected', () => {
  it('is kept by whoever removes its machine, and brought back with its own end', async () => {
    const { run, id } = await leftJob({ ends: true });
    packing(run);
    expect(must(await run.pikaci.reap())).toMatchObject({
      keptJobs: [{ runId: 'run', jobId: 'job' }],
      notKept: [],
      kept: { kept: { entries: expect.any(Number) } },
    });
    expect(must(await run.host.incus.instances('default'))).toEqual([]);
    const about = { id, runId: 'run', jobId: 'job', status: 'failed', cause: 'exit', exitCode: 4 };
    expect(must(await run.pikaci.keptJobs())).toMatchObject([{ ...about, artifacts: 2, attempt: 1 }]);
    const { recovered, refused } = must(await run.pikaci.recover({ runId: 'run', id: id.slice(0, 8) }));
    expect(refused).toEqual([]);
    expect(recovered[0]?.outcome).toMatchObject({ exit_code: 4, artifacts: { incomplete: null } });
    expect(await run.state('guest.log')).toBe('*** begun\ndone\n');
    expect(await run.state('artifacts/a.txt')).toBe('a.txt');
    expect(await run.state('job.json')).not.toContain(SECRET);
    expect(must(await run.host.hostFiles.list(KEPT))).toEqual([]);
    expect(must(await run.pikaci.attach('run', 'job')).outcome).toEqual(recovered[0]?.outcome);
    mustFail(await run.pikaci.recover({ runId: 'run', jobId: 'job' }), 'no_such_job');
    mustFail(await run.pikaci.recover({ runId: 'run', id: '../..' }), 'invalid_job');
  });

  it('is lost when it still ran, with the log and the artifacts that it had by then', async () => {
    const { run } = await leftJob({ ends: false });
    packing(run);
    must(await run.pikaci.reap());
    const elsewhere = run.another({ stateRoot: '/other' });
    const { recovered } = must(await elsewhere.recover({ runId: 'run' }));
    expect(recovered[0]?.outcome).toMatchObject({
      status: 'failed',
      cause: 'lost',
      exit_code: null,
      message: expect.stringContaining('its lease had ended'),
      artifacts: { collected: [{ path: 'a.txt' }, { path: 'b.txt' }] },
    });
    const log = must(await run.host.localFiles.readFile('/other/runs/run/jobs/job/guest.log'));
    expect(Buffer.from(log).toString()).toBe('*** begun\n');
  });

  it('replaces neither an end that is known nor what is recorded of another machine, and stays on the host', async () => {
    const { run, id } = await leftJob({ ends: true });
    packing(run);
    must(await run.pikaci.reap());
    const record = JSON.parse(await run.state('job.json'));
    const write = (changed: object) =>
      run.host.localFiles.writeFile(
        `${STATE}/job.json`,
        Buffer.from(JSON.stringify({ ...record, ...changed })),
      );
    const messages = [];
    for (const changed of [
      { acquisition: '00000000-0000-4000-8000-000000000000' },
      { outcome: { ...record.outcome, status: 'passed', cause: 'exit', exit_code: 0 } },
    ]) {
      must(await write(changed));
      const { recovered, refused } = must(await run.pikaci.recover({ runId: 'run' }));
      expect(recovered).toEqual([]);
      expect(refused[0]?.fault.kind).toBe('run_exists');
      messages.push(refused[0]?.fault.message);
    }
    expect(messages).toEqual([
      expect.stringContaining(`another machine (00000000-0000-4000-8000-000000000000, and not ${id})`),
      expect.stringContaining('has its end already: passed'),
    ]);
    expect(must(await run.pikaci.keptJobs())).toHaveLength(1);
    // An end that nobody knew is none.
    must(await write({ outcome: { ...record.outcome, status: 'failed', cause: 'lost' } }));
    expect(must(await run.pikaci.recover({ runId: 'run' })).recovered).toHaveLength(1);
  });

  it('leaves nothing in a state root without a record of it where several machines had its ids', async () => {
    const { run, id } = await leftJob({ ends: true });
    must(await run.pikaci.reap());
    const { hostFiles, localFiles } = run.host;
    const record = JSON.parse(
      Buffer.from(must(await hostFiles.readFile(`${KEPT}/${id}/job.json`))).toString(),
    );
    const other = '00000000-0000-4000-8000-000000000000';
    must(await hostFiles.makeDirectory(`${KEPT}/${other}`));
    const text = JSON.stringify({ ...record, acquisition: other });
    must(await hostFiles.writeFile(`${KEPT}/${other}/job.json`, Buffer.from(text)));
    const elsewhere = run.another({ stateRoot: '/elsewhere' });
    const { recovered, refused } = must(await elsewhere.recover({ runId: 'run' }));
    expect([recovered.length, refused.length]).toEqual([0, 2]);
    expect((await localFiles.lstat('/elsewhere/runs/run')).isErr()).toBe(true);
  });

  it('is read as what a guest sends: links and what nobody asked for are left out, and that is said', async () => {
    const { run } = await leftJob({ ends: true });
    packing(run, {
      'artifacts/a.txt': Buffer.concat([
        tarEntry({ name: 'artifacts/a.txt', flag: '2', linkName: '/etc/shadow' }),
        tarEntry({ name: '../../planted', content: Buffer.from('x') }),
      ]),
    });
    must(await run.pikaci.reap());
    const { recovered } = must(await run.pikaci.recover({ runId: 'run' }));
    expect(recovered[0]?.outcome.artifacts).toMatchObject({
      collected: [{ path: 'b.txt' }],
      incomplete: '1 of the kept files could not be read',
    });
    const names = must(await run.host.localFiles.list(`${STATE}/artifacts`)).map(({ name }) => name);
    expect(names).toEqual(['b.txt']);
  });

  it('stays on the host when it does not come whole', async () => {
    const { run } = await leftJob({ ends: true });
    const hostile: Record<string, 'cut'> = { 'artifacts/b.txt': 'cut' };
    packing(run, hostile);
    must(await run.pikaci.reap());
    const before = await run.state('job.json');
    const { recovered, refused } = must(await run.pikaci.recover({ runId: 'run' }));
    expect(recovered).toEqual([]);
    expect(refused[0]?.fault).toMatchObject({
      kind: 'host_files',
      message: expect.stringContaining('broke off'),
    });
    expect(await run.state('job.json')).toBe(before);
    expect(must(await run.pikaci.keptJobs())).toHaveLength(1);
    delete hostile['artifacts/b.txt'];
    const again = must(await run.pikaci.recover({ runId: 'run' }));
    expect(again.recovered[0]?.outcome.artifacts).toMatchObject({
      collected: [{ path: 'a.txt' }, { path: 'b.txt' }],
      incomplete: null,
    });
  });

  it('is brought to no place outside its folder, whatever the record on the host names', async () => {
    const { run, id } = await leftJob({ ends: true });
    packing(run);
    must(await run.pikaci.reap());
    const path = `${KEPT}/${id}/job.json`;
    const record = JSON.parse(Buffer.from(must(await run.host.hostFiles.readFile(path))).toString());
    const outside = '../../../../../../../planted';
    const { collected } = record.outcome.artifacts;
    record.outcome.artifacts.collected = [{ path: outside, bytes: 1 }, ...collected];
    must(await run.host.hostFiles.writeFile(path, Buffer.from(JSON.stringify(record))));
    must(await run.host.hostFiles.writeFile('/planted', Buffer.from('x')));
    const { localFiles } = run.host;
    const createWriter = localFiles.createWriter.bind(localFiles);
    const written: string[] = [];
    localFiles.createWriter = (to, ...rest) => {
      written.push(to);
      return createWriter(to, ...rest);
    };
    const { recovered } = must(await run.pikaci.recover({ runId: 'run' }));
    expect(written.filter((to) => to.includes('..'))).toEqual([]);
    expect((await localFiles.stat('/planted')).isErr()).toBe(true);
    expect(recovered[0]?.outcome.artifacts).toMatchObject({
      collected: [{ path: 'a.txt' }, { path: 'b.txt' }],
      incomplete: '1 of the kept files could not be read',
    });
  });

  it('is kept by the next reaper when one is stopped in the middle, and once where it was kept and its machine stayed', async () => {
    const { run } = await leftJob({ ends: true });
    packing(run);
    const stop = new AbortController();
    const { hostFiles, incus, clock } = run.host;
    const write = hostFiles.writeFile.bind(hostFiles);
    hostFiles.writeFile = async (path, ...rest) => {
      if (path.includes('/.making-')) stop.abort();
      return write(path, ...rest);
    };
    const stopped = must(await run.pikaci.reap({ signal: stop.signal }));
    expect(stop.signal.aborted).toBe(true);
    expect(stopped).toMatchObject({ deleted: [], keptJobs: [] });
    expect(must(await run.pikaci.keptJobs())).toEqual([]);
    hostFiles.writeFile = write;
    await clock.advance(180_000);
    incus.faults.failNext('changeState', 'permission_denied');
    expect(must(await run.pikaci.reap())).toMatchObject({ deleted: [], keptJobs: [{ jobId: 'job' }] });
    await clock.advance(180_000);
    expect(must(await run.pikaci.reap())).toMatchObject({
      deleted: [expect.any(String)],
      keptJobs: [{ jobId: 'job' }],
      notKept: [],
    });
    const { recovered } = must(await run.pikaci.recover({ runId: 'run' }));
    expect(recovered[0]?.outcome).toMatchObject({
      exit_code: 4,
      artifacts: { collected: [{ path: 'a.txt' }, { path: 'b.txt' }], incomplete: null },
    });
  });

  it('stays in its machine while the host has no place for it or cannot be read, for a day at most', async () => {
    const { run } = await leftJob({ ends: true });
    packing(run);
    const { hostFiles, clock } = run.host;
    const [write, read] = [hostFiles.writeFile.bind(hostFiles), hostFiles.readFile.bind(hostFiles)];
    const fault = { operation: 'write', path: KEPT, host: 'memory', message: 'no space is left' } as const;
    hostFiles.writeFile = async (path, ...rest) =>
      path.includes('/.making-') ? err({ ...fault, kind: 'no_space' }) : write(path, ...rest);
    const left = {
      deleted: [],
      notKept: [],
      failed: [{ message: expect.stringMatching(/^it stays until .* on memory: no space/) }],
    };
    expect(must(await run.pikaci.reap())).toMatchObject(left);
    hostFiles.readFile = async (path, ...rest) =>
      path.endsWith('/job.json') ? err({ ...fault, kind: 'connection_lost' }) : read(path, ...rest);
    await clock.advance(180_000);
    expect(must(await run.pikaci.reap())).toMatchObject({
      ...left,
      failed: [{ message: expect.any(String) }],
    });
    hostFiles.readFile = read;
    await clock.advance(180_000);
    const later = run.another();
    expect(must(await later.reap())).toMatchObject(left);
    // It may be taken up meanwhile.
    const [machine] = must(await run.host.incus.instances('default'));
    expect(machine?.config['user.pikaci.owner']).not.toContain('reaper');
    hostFiles.writeFile = write;
    await clock.advance(180_000);
    expect(must(await run.pikaci.reap())).toMatchObject({ keptJobs: [{ jobId: 'job' }], failed: [] });
    expect(must(await run.pikaci.recover({ runId: 'run' })).recovered).toHaveLength(1);
    const other = await leftJob({ ends: true });
    const files = other.run.host.hostFiles;
    files.writeFile = async () => err({ ...fault, kind: 'no_space' });
    await other.run.host.clock.advance(3 * 24 * 3_600_000);
    expect(must(await other.run.pikaci.reap())).toMatchObject({
      failed: [],
      notKept: [{ message: expect.stringContaining('no space') }],
    });
  });

  it('is brought back by whoever takes it up: its machine is gone, and not its end', async () => {
    const { run } = await leftJob({ ends: true });
    packing(run);
    must(await run.pikaci.reap());
    const list = run.host.hostFiles.list.bind(run.host.hostFiles);
    run.host.hostFiles.list = async (path, ...rest) =>
      path === KEPT
        ? err({ operation: 'list', path, host: 'memory', message: 'cut', kind: 'connection_lost' })
        : list(path, ...rest);
    mustFail(await run.another().attach('run', 'job'), 'host');
    run.host.hostFiles.list = list;
    const attached = must(await run.another().attach('run', 'job'));
    must(await attached.cleanUp);
    expect(attached.outcome).toMatchObject({
      cause: 'exit',
      exit_code: 4,
      artifacts: { collected: [{ path: 'a.txt' }, { path: 'b.txt' }] },
    });
    expect(await run.state('guest.log')).toBe('*** begun\ndone\n');
    expect(must(await run.pikaci.keptJobs())).toEqual([]);
  });

  it('is not kept when the record beside its machine is of another, or when a runner has its end', async () => {
    const { run } = await leftJob({ ends: true });
    const path = '/var/pikaci/runs/run/jobs/job/job.json';
    const record = JSON.parse(Buffer.from(must(await run.host.hostFiles.readFile(path))).toString());
    expect(JSON.stringify(record)).not.toContain(SECRET);
    const forged = { ...record, acquisition: '00000000-0000-4000-8000-000000000000' };
    must(await run.host.hostFiles.writeFile(path, Buffer.from(JSON.stringify(forged))));
    expect(must(await run.pikaci.reap())).toMatchObject({ keptJobs: [], notKept: [], failed: [] });
    const failing = await memoryRun({ script: async () => 3 });
    const input = { job: { ...JOB, secrets: {} }, workspace: WORKSPACE, runId: 'run', keepOnFailureSecs: 60 };
    must(await must(await failing.pikaci.runJob(input)).cleanUp);
    await failing.host.clock.advance(3_600_000);
    const reaped = must(await failing.pikaci.reap());
    expect([reaped.deleted.length, reaped.keptJobs]).toEqual([1, []]);
  });

  it('goes with its age, and what was being kept when its reaper was gone goes as well', async () => {
    const { run, id } = await leftJob({ ends: true });
    must(await run.pikaci.reap());
    must(await run.host.hostFiles.makeDirectory(`${KEPT}/.making-${id}`));
    expect(must(await run.pikaci.reap()).kept.evicted).toEqual([]);
    await run.host.clock.advance(31 * 24 * 3_600_000);
    expect(must(await run.pikaci.reap({ dryRun: true })).kept.evicted).toContainEqual(
      expect.objectContaining({ kind: 'kept_job', path: `${KEPT}/${id}` }),
    );
    expect(must(await run.pikaci.keptJobs())).toHaveLength(1);
    expect(must(await run.pikaci.reap()).kept.evicted).toContainEqual(
      expect.objectContaining({ kind: 'kept_job' }),
    );
    expect(must(await run.host.hostFiles.list(KEPT))).toEqual([]);
  });
});
