import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { MemoryProcesses } from '../../../../src/adapters/memory/memory-processes.js';
import { listRuns } from '../../../../src/application/records/list-runs.js';
import { summarizeRuns } from '../../../../src/application/records/summarize-runs.js';
import type { RunRecord } from '../../../../src/domain/records/run-record.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { runJobRecord, runRecord } from '../../../support/recorded-run.js';

const INDEX = '/state/runs-index.jsonl';
const idOf = (n: number) => `run-${String(n).padStart(4, '0')}`;

/** A state root with runs, and which records are read. */
class State extends MemoryFileStore {
  readonly clock: MemoryClock;
  read: string[] = [];

  private constructor(clock: MemoryClock) {
    super('local', () => clock.now());
    this.clock = clock;
  }

  static async of(count: number): Promise<State> {
    const state = new State(new MemoryClock());
    for (let n = 0; n < count; n++) await state.write(n);
    await state.clock.advance(5000);
    return state;
  }

  async write(n: number, more: Partial<RunRecord> = {}): Promise<void> {
    const run_id = idOf(n);
    const created_at = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
    const record = runRecord({ run_id, created_at, finished_at: created_at, ...more });
    must(await this.makeDirectory(`/state/runs/${run_id}`));
    must(await this.writeFile(`/state/runs/${run_id}/run.json`, Buffer.from(JSON.stringify(record))));
  }

  override readFile(...call: Parameters<MemoryFileStore['readFile']>) {
    const [, run] = /^\/state\/runs\/(.*)\/run\.json$/.exec(call[0]) ?? [];
    if (run !== undefined) this.read.push(run);
    return super.readFile(...call);
  }

  get ports() {
    return { files: this, processes: new MemoryProcesses(), clock: this.clock };
  }

  /** What is listed, and the records that were read for it. */
  async listed(more: object = {}) {
    this.read = [];
    const { runs, ...rest } = must(await listRuns(this.ports, { stateRoot: '/state', limit: 2, ...more }));
    return { ids: runs.map(({ run_id }) => run_id), ...rest, read: [...this.read].sort() };
  }

  async index(): Promise<string> {
    return Buffer.from(must(await this.readFile(INDEX))).toString('utf8');
  }
}

describe('a list of many runs', () => {
  it('reads each record once, and from then on those that are shown', async () => {
    const state = await State.of(150);
    const first = await state.listed();
    expect([first.ids, first.total, first.read.length]).toEqual([[idOf(149), idOf(148)], 150, 150]);
    const shown = { ids: [idOf(149), idOf(148)], matching: 150, total: 150, damaged: [] };
    expect(await state.listed()).toEqual({ ...shown, read: [idOf(148), idOf(149)] });
    await state.clock.advance(5000);
    await state.write(150, { git_branch: 'other' });
    await state.clock.advance(5000);
    expect(await state.listed()).toMatchObject({ ids: [idOf(150), idOf(149)], read: [idOf(149), idOf(150)] });
    expect(await state.listed({ branch: 'other' })).toMatchObject({
      ids: [idOf(150)],
      matching: 1,
      total: 151,
    });
    state.read = [];
    const { runs } = must(await summarizeRuns(state.ports, { stateRoot: '/state' }));
    expect([runs.length, state.read]).toEqual([151, []]);
    expect(runs[0]).toMatchObject({ run_id: idOf(150), git_branch: 'other', jobs: { passed: 1 } });
  });

  it('has no index where there are few', async () => {
    const state = await State.of(20);
    await state.listed();
    expect(state.has(INDEX)).toBe(false);
    expect((await state.listed()).read).toHaveLength(20);
  });

  it('sees a run of the same id that took the place of another', async () => {
    const state = await State.of(150);
    await state.listed();
    must(await state.remove(`/state/runs/${idOf(3)}`, { recursive: true }));
    await state.clock.advance(10);
    await state.write(3, { status: 'failed', created_at: '2027-01-01T00:00:00.000Z' });
    const listed = await state.listed();
    expect(listed.ids).toEqual([idOf(3), idOf(149)]);
    expect(listed.read).toEqual([idOf(149), idOf(3)].sort());
  });

  it.each([
    [
      'runs',
      { status: 'running' as const, finished_at: null, jobs: [runJobRecord('a', { status: 'running' })] },
    ],
    ['was left running', { jobs: [runJobRecord('a', { status: 'detached', finished_at: null })] }],
    [
      'was left by a runner that failed',
      {
        status: 'failed' as const,
        jobs: [runJobRecord('a', { status: 'failed', remote_linux_vm_execution: null })],
      },
    ],
  ])('reads the record of one that %s each time', async (_, record) => {
    const state = await State.of(150);
    await state.write(7, record);
    await state.clock.advance(5000);
    await state.listed();
    expect((await state.listed()).read).toEqual([idOf(148), idOf(149), idOf(7)].sort());
  });

  it('does not know what was written while it looked', async () => {
    const state = await State.of(150);
    await state.write(9);
    expect((await state.listed()).read).toHaveLength(150);
    await state.clock.advance(5000);
    expect((await state.listed()).read).toContain(idOf(9));
    expect((await state.listed()).read).not.toContain(idOf(9));
  });

  it.each([
    ['is no index', 'nonsense\n'],
    ['is empty', ''],
    ['is of a later version', '{"schema_version":2,"runs_dir_mtime_ms":1,"looked_at_ms":9}\n'],
  ])('makes the index again where what is there %s', async (_, text) => {
    const state = await State.of(150);
    await state.listed();
    const before = await state.index();
    must(await state.writeFile(INDEX, Buffer.from(text)));
    expect((await state.listed()).read).toHaveLength(150);
    expect((await state.index()).split('\n').length).toBe(before.split('\n').length);
    expect((await state.listed()).read).toHaveLength(2);
  });

  it('takes no line that is damaged, and works where it cannot write', async () => {
    const state = await State.of(150);
    await state.listed();
    const lines = (await state.index()).split('\n');
    must(
      await state.writeFile(
        INDEX,
        Buffer.from([...lines.slice(0, 100), lines[100]?.slice(0, 40)].join('\n')),
      ),
    );
    state.failNext('write', 'no_space', INDEX);
    expect((await state.listed()).ids).toEqual([idOf(149), idOf(148)]);
    expect((await state.listed()).total).toBe(150);
    expect((await state.listed()).read).toHaveLength(2);
  });

  it('names a record that is damaged each time, and leaves out what is gone', async () => {
    const state = await State.of(150);
    must(await state.writeFile(`/state/runs/${idOf(5)}/run.json`, Buffer.from('{')));
    await state.clock.advance(5000);
    await state.listed();
    expect(await state.listed()).toMatchObject({ total: 149, damaged: [{ runId: idOf(5) }] });
    must(await state.remove(`/state/runs/${idOf(149)}`, { recursive: true }));
    expect(await state.listed()).toMatchObject({ total: 148, ids: [idOf(148), idOf(147)] });
  });
});
