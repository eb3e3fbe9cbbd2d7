import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logPartView } from '../../../../src/adapters/http/log/log-view.js';
import { placedSteps } from '../../../../src/adapters/http/log/placed-steps.js';
import { groupedLines } from '../../../../src/adapters/http/log/step-groups.js';
import * as source from '../../../../src/composition/run-state.js';
import type { JobStepRecord } from '../../../../src/domain/job/step-record.js';
import { runningStep, skippedStep, stepRecord } from '../../../support/job-steps.js';
import { RUN_ID, writeRun } from '../../../support/recorded-run.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const CALL = { runId: RUN_ID, job: 'unit', kind: 'guest', signal: new AbortController().signal } as const;

/** Where steps stand, and what each part of the log shows of each: the numbers of its first and last line. */
async function placesIn(text: string, steps: readonly JobStepRecord[]) {
  await using root = await temporaryDirectory();
  await writeFile(join(await writeRun(root.path), 'jobs/unit/guest.log'), text);
  const runs = { stateRoot: root.path, source };
  const placed = (await placedSteps(runs, CALL, steps))._unsafeUnwrap();
  const parts = [];
  for (let part = 0, count = 1; part < count; part += 1) {
    const view = (await logPartView(runs, { ...CALL, part }))._unsafeUnwrap();
    if (view.lines === null) throw new Error('there is no such part');
    count = view.parts;
    const { loose, groups } = groupedLines(view, placed);
    const ends = (lines: typeof loose) => [lines[0]?.number, lines.at(-1)?.number];
    const shown = groups.map(({ step, lines, continues }) => [step.id, ...ends(lines), continues]);
    parts.push({ loose: ends(loose), shown });
  }
  return { firsts: placed.map(({ first }) => first), parts };
}

const ran = (id: string, log_start: number, log_end: number) => stepRecord(id, { log_start, log_end });

describe('the place of a step in a log', () => {
  it('is the line at which it begins, and of one that was skipped behind the one before', async () => {
    const steps = [
      ran('a', 3, 8),
      ran('b', 8, 8),
      skippedStep('c', ''),
      ran('d', 8, 11),
      skippedStep('e', ''),
    ];
    const { firsts, parts } = await placesIn('-\n-a\naa\nd\nd\n', steps);
    // The first byte of `a` is within the second line, which is of nobody.
    expect(firsts).toEqual([3, 4, 4, 4, 6]);
    expect(parts).toEqual([
      {
        loose: [1, 2],
        shown: [
          ['a', 3, 3, false],
          ['b', undefined, undefined, false],
          ['c', undefined, undefined, false],
          ['d', 4, 5, false],
          ['e', undefined, undefined, false],
        ],
      },
    ]);
  });

  it('is behind a line that the step before did not end', async () => {
    const { firsts, parts } = await placesIn('no newline', [ran('a', 0, 10), runningStep('b', 10)]);
    expect(firsts).toEqual([1, 2]);
    expect(parts[0]?.shown).toEqual([
      ['a', 1, 1, false],
      ['b', undefined, undefined, false],
    ]);
    expect((await placesIn('no newline', [ran('a', 0, 10), ran('b', 10, 12)])).firsts).toEqual([1, 2]);
  });

  it('is there before there is any log', async () => {
    const { firsts, parts } = await placesIn('', [runningStep('a', 0)]);
    expect([firsts, parts[0]?.shown]).toEqual([[1], [['a', undefined, undefined, false]]]);
    expect((await placesIn('', [])).parts[0]?.shown).toEqual([]);
  });

  it('is on the page of its part, and each line of a log of many parts is in one step', async () => {
    // 8 bytes a line: 32768 lines a part.
    const text = 'a line.\n'.repeat(100_000);
    const steps = [
      ran('short', 0, 800),
      ran('long', 800, 262_144 * 2),
      skippedStep('skipped', ''),
      ran('third', 262_144 * 2, 800_000),
      runningStep('last', 800_000),
    ];
    const { parts } = await placesIn(text, steps);
    expect(parts.map(({ shown }) => shown)).toEqual([
      [
        ['short', 1, 100, false],
        ['long', 101, 32_768, false],
      ],
      [['long', 32_769, 65_536, true]],
      [
        ['skipped', undefined, undefined, false],
        ['third', 65_537, 98_304, false],
      ],
      [
        ['third', 98_305, 100_000, true],
        ['last', undefined, undefined, false],
      ],
    ]);
  });

  it('of one that runs is in the last part, also when it has written nothing there', async () => {
    const { parts } = await placesIn(`x\n${'y'.repeat(300_000)}`, [ran('a', 0, 2), runningStep('b', 2)]);
    expect(parts.map(({ shown }) => shown)).toEqual([
      [
        ['a', 1, 1, false],
        ['b', 2, 2, false],
      ],
      [['b', 2, 2, false]],
    ]);
  });
});
