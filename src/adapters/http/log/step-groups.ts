import type { LogPartView } from './log-view.js';
import type { PlacedStep } from './placed-steps.js';
import type { ShownLine } from './shown-line.js';

export interface StepGroup extends PlacedStep {
  readonly lines: readonly ShownLine[];
  /** True when it began in an earlier part. */
  readonly continues: boolean;
}

export interface GroupedLines {
  /** From 1; the lines of the part begin with it. */
  readonly first: number;
  /** Of no step. */
  readonly loose: readonly ShownLine[];
  readonly groups: readonly StepGroup[];
}

/** The lines of one part of a log, its unfinished line among them, by the steps that wrote them; each step stands where it begins, and where it has lines. */
export function groupedLines(view: LogPartView, steps: readonly PlacedStep[]): GroupedLines {
  const lines = view.tail === null ? view.lines : [...view.lines, view.tail];
  const first = lines[0]?.number ?? view.next.number;
  const isLast = view.part === view.parts - 1;
  const end = isLast ? Number.POSITIVE_INFINITY : first + lines.length;
  const run = steps.filter(({ step }) => step.status !== 'skipped');
  const between = (from: number, to: number) => lines.filter(({ number }) => number >= from && number < to);
  const loose = between(0, run[0]?.first ?? Number.POSITIVE_INFINITY);
  const groups = steps.flatMap((placed): StepGroup[] => {
    const next = run[run.indexOf(placed) + 1]?.first ?? Number.POSITIVE_INFINITY;
    const own = placed.step.status === 'skipped' ? [] : between(placed.first, next);
    const begins = placed.first >= first && placed.first < end;
    const goesOn = isLast && placed.step.status === 'running';
    if (!begins && own.length === 0 && !goesOn) return [];
    return [{ ...placed, lines: own, continues: placed.first < first }];
  });
  return { first, loose, groups };
}
