import { describe, expect, it } from 'vitest';
import { GoingStretches, timelineOf } from '../../../src/adapters/http/pages/timeline.js';
import { RUN_ID, runJobRecord, runRecord } from '../../support/recorded-run.js';

const NOW = Date.parse('2026-11-23T16:46:00.000Z');
const common = { schema_version: 1, run_id: RUN_ID };
const phase = (type: string, more: object) => ({
  ...common,
  job_id: 'unit',
  phase: 'launch_guest',
  type,
  ...more,
});

function timeline(events: readonly object[], status: 'running' | 'passed' = 'running') {
  const going = new GoingStretches(NOW);
  for (const event of events) going.take({ position: 0, event: { type: '', ...event } });
  return timelineOf(runRecord({ status, jobs: [runJobRecord('unit', { status })] }), going);
}

describe('the timeline of a run that goes on', () => {
  it('has the phases that events tell of: those that ended as long as they were, the last until now', () => {
    const rows = timeline([
      phase('phase_started', { at: '2026-11-23T16:45:50.000Z' }),
      phase('phase_finished', { at: '2026-11-23T16:45:52.000Z', duration_ms: 2000, ok: true }),
      phase('phase_started', { at: '2026-11-23T16:45:52.000Z', phase: 'wait_for_completion' }),
    ]);
    expect(rows).toEqual([
      {
        label: 'unit',
        stretches: [
          { name: 'launch_guest', start: NOW - 10_000, end: NOW - 8000, state: 'ok' },
          { name: 'wait_for_completion', start: NOW - 8000, end: NOW, state: 'going' },
        ],
      },
    ]);
  });

  it('has a preparation until its record has it', () => {
    const node = { ...common, node_id: 'deps', kind: 'prepare', at: '2026-11-23T16:45:50.000Z' };
    const begun = [{ ...node, type: 'node_started' }];
    expect(timeline(begun)).toMatchObject([{ label: 'deps', stretches: [{ state: 'going', end: NOW }] }]);
    const ended = {
      ...node,
      type: 'node_finished',
      status: 'passed',
      duration_ms: 1,
      cached: false,
      message: '',
    };
    expect(timeline([...begun, ended])).toEqual([]);
    expect(timeline(begun, 'passed')).toEqual([]);
  });

  it('leaves out what is no event of a phase or has no time, and never ends before it began', () => {
    expect(
      timeline([
        phase('phase_started', { at: 'yesterday' }),
        phase('phase_started', { at: '2026-11-23T16:45:50.000Z', phase: '"><script>' }),
        phase('phase_finished', { at: '2026-11-23T16:45:50.000Z', duration_ms: 'long', ok: true }),
        { type: 'node_started', node_id: 7 },
        { type: 'phase_' },
      ]),
    ).toEqual([]);
    const [row] = timeline([phase('phase_started', { at: '2026-11-23T17:00:00.000Z' })]);
    expect(row?.stretches[0]).toMatchObject({ start: NOW + 840_000, end: NOW + 840_000 });
  });
});
