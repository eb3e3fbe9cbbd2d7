import { describe, expect, it } from 'vitest';
import { ToldLines } from '../../../../src/application/supervisor/told-lines.js';
import type { GuestStep } from '../../../../src/domain/job/step-record.js';

const step = (id: string): GuestStep => ({
  id,
  state: 'running',
  exit_code: null,
  cause: null,
  started_at: null,
  finished_at: null,
  log_start: 0,
  log_end: null,
});

function heard(...pieces: readonly string[]): string[] {
  const ids: string[] = [];
  const lines = new ToldLines({
    onStep: ({ id }) => void ids.push(id),
    onReady: ({ state, waited_ms }) => void ids.push(`${state} ${waited_ms}`),
  });
  for (const piece of pieces) lines.add(Buffer.from(piece));
  return ids;
}

describe('the lines that a supervisor tells beside the log', () => {
  it('are found however they are cut, between whatever else is said', () => {
    const text = `noise\nstep ${JSON.stringify(step('a'))}\nstep ${JSON.stringify(step('b'))}\n{"state":"finished"}\n`;
    expect(heard(text)).toEqual(['a', 'b']);
    expect(heard(...text)).toEqual(['a', 'b']);
  });

  it('say that a machine is waited for, and how that ended', () => {
    const lines = [
      '{"state":"waiting","timeout_secs":60}',
      '{"state":"ready","waited_ms":12}',
      '{"state":"on"}',
    ];
    expect(heard(...lines.map((line) => `ready ${line}\n`))).toEqual(['waiting undefined', 'ready 12']);
  });

  it('that are none are left out: not JSON, of another shape, without an end, or endless', () => {
    expect(heard('step {\n', 'step {"id":1}\n', 'step null\n', `step ${JSON.stringify(step('a'))}`)).toEqual(
      [],
    );
    const long = `step ${JSON.stringify({ ...step('a'), more: 'x'.repeat(20_000) })}\n`;
    expect(heard(long, `step ${JSON.stringify(step('b'))}\n`)).toEqual(['b']);
    const many = `step ${JSON.stringify(step('a'))}\n`.repeat(5000);
    expect(heard(many).length).toBe(1000);
  });
});
