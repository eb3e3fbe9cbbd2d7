import { expect, test } from 'vitest';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryLogReader } from '../../../../src/adapters/memory/memory-log-reader.js';
import { followEvents } from '../../../../src/application/records/follow-events.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const TARGETS = { t: { jobs: [{ id: 'a', command: 'x' }] } };

/** A run that has passed, and what following its events says; `lastLine` false: its runner never came to write that. */
async function followed({ lastLine, runner = 'lives' }: { lastLine: boolean; runner?: 'lives' | 'killed' }) {
  const run = await memoryRun({ script: async () => 0 });
  const { localFiles: files, processes } = run.host;
  const pikaci = run.another({ targets: TARGETS });
  must(await must(await pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'run' })).cleanUp);
  const path = '/state/runs/run/events.jsonl';
  const lines = Buffer.from(must(await files.readFile(path)))
    .toString()
    .trimEnd()
    .split('\n');
  if (!lastLine) must(await files.writeFile(path, Buffer.from(`${lines.slice(0, -1).join('\n')}\n`)));
  if (runner === 'killed') processes.restart('killed');
  const clock = new MemoryClock(0, { skipUpToMs: 1000 });
  const parts = { files, processes, reader: new MemoryLogReader(files), clock };
  const query = { stateRoot: '/state', runId: 'run', from: 0, signal: new AbortController().signal };
  const types: string[] = [];
  const events = followEvents(parts, query);
  let next = await events.next();
  for (; next.done !== true; next = await events.next()) types.push(must(next.value).event.type);
  return { types, end: next.value, waitedMs: clock.monotonic() };
}

test('the events of a run go on to the removal of its machine, and its last line', async () => {
  const { types, end } = await followed({ lastLine: true });
  expect(types.at(-1)).toBe('run_closed');
  expect(types).toContain('cleaned_up');
  expect(end).toEqual({ reason: 'complete' });
});

test('a run without a last line is followed until its runner is gone', async () => {
  const { end, waitedMs } = await followed({ lastLine: false, runner: 'killed' });
  expect([end, waitedMs]).toEqual([{ reason: 'runner_gone' }, 0]);
});

test('a run that has ended, and says nothing more, is not followed for ever', async () => {
  const { end, waitedMs } = await followed({ lastLine: false });
  expect(end).toEqual({ reason: 'silent' });
  expect(waitedMs).toBeGreaterThanOrEqual(180_000);
  expect(waitedMs).toBeLessThan(181_000);
});
