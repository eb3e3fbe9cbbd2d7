import type { Target } from './targets.js';
import { type RowSummaries, rate } from './targets.js';
import type { Throughput } from './throughput/measure.js';

/** What is shown of each row, and what it means; the JSON has the rest. */
const LINES = [
  ['a', 'all', 'bare API: create+start, exec true'],
  ['a', 'create', '  of it: create+start'],
  ['a', 'exec', '  of it: exec true'],
  ['b', 'first', 'pikaci cold: to the first output'],
  ['b', 'all', 'pikaci cold: to the collected result'],
  ['b', 'prepare_directories', '  phase: prepare_directories'],
  ['b', 'stage_workspace_snapshot', '  phase: stage_workspace_snapshot'],
  ['b', 'prepare_runtime', '  phase: prepare_runtime'],
  ['b', 'launch_guest', '  phase: launch_guest'],
  ['b', 'wait_for_completion', '  phase: wait_for_completion'],
  ['b', 'collect_artifacts', '  phase: collect_artifacts'],
  ['c', 'first', 'docker run --rm echo: to the first output'],
  ['c', 'all', 'docker run --rm true: to its end'],
  ['e', 'first', 'microVM by hand: to the first output'],
  ['e', 'all', 'microVM by hand: to its power-off'],
  ['f', 'first', 'pikaci on a microVM: to the first output'],
  ['f', 'all', 'pikaci on a microVM: to the collected result'],
  ['f', 'launch_guest', '  phase: launch_guest'],
  ['d', 'first', 'one ssh a step: to the first output'],
  ['d', 'all', 'one ssh a step: to the pulled artifact'],
  ['h', 'bare', 'bare exec in an open machine'],
  ['h', 'first', 'a step in it: to the first output'],
  ['h', 'step', 'a step in it: to its recorded end'],
  ['i', 'first', 'staging 10,000 files for the first time'],
  ['i', 'rsync_first', '  the same with rsync'],
  ['i', 'changed', 'staging them with one file changed'],
  ['i', 'rsync_changed', '  the same with rsync'],
  ['i', 'unchanged', 'staging them unchanged'],
  ['i', 'rsync_unchanged', '  the same with rsync'],
  ['i', 'changed_scan', 'the scan before, with one file changed'],
  ['i', 'unchanged_scan', 'the scan before, unchanged'],
  ['k', 'without', 'a job without a cache: to its result'],
  ['k', 'with', 'with 1 GiB in 20,000 files restored and saved'],
  ['k', 'restore', '  of it: restored'],
  ['k', 'save', '  of it: saved'],
  ['k', 'unpack', 'the same files unpacked with tar and zstd'],
  ['k', 'pack', '  packed'],
  ['l', 'first', 'pikaci warm: to the first output'],
  ['l', 'all', 'pikaci warm: to the collected result'],
  ['m', 'first', 'from a template of 200 MB: to the first output'],
  ['m', 'all', 'from a template of 200 MB: to the result'],
  ['n', 'bare', '50 of true, 4 at a time: bare calls'],
  ['n', 'cold', 'the same as jobs of pikaci'],
  ['n', 'warm', 'the same on a pool of 4'],
  ['n', 'claimed', '  of them in machines that had waited (no ms)'],
  ['g', 'node', 'node -e 0'],
  ['g', 'version', 'pikaci --version'],
  ['g', 'library', "a program that imports 'pikaci'"],
] as const;

export function table(rows: RowSummaries, throughput: Throughput | null, found: readonly Target[]): string {
  const lines = [row('', 'what', 'median ms', 'p99 ms', 'rounds', '/ a')];
  const floor = rows['a']?.['all']?.median;
  for (const [name, quantity, what] of LINES) {
    const summary = rows[name]?.[quantity];
    if (summary === undefined) continue;
    const ratio = floor === undefined ? '' : (summary.median / floor).toFixed(2);
    const { median, p99, rounds } = summary;
    lines.push(row(name, what, median.toFixed(1), p99.toFixed(1), String(rounds), ratio));
  }
  if (throughput !== null) lines.push('', ...streams(throughput));
  lines.push('');
  for (const { what, measured, wanted, met } of found) {
    lines.push(
      `${met ? 'met   ' : 'MISSED'}  ${what.padEnd(42)} ${measured.toFixed(2).padStart(8)}  (${wanted})`,
    );
  }
  return lines.join('\n');
}

function row(name: string, what: string, ...numbers: readonly string[]): string {
  return [name.padEnd(2), what.padEnd(44), ...numbers.map((text) => text.padStart(10))].join(' ');
}

function streams({ bare, job }: Throughput): readonly string[] {
  const line = (what: string, of: Throughput['bare']) => {
    const rss = Math.max(...of.map(({ peakRssBytes }) => peakRssBytes)) / 1e6;
    const mib = (of[0]?.bytes ?? 0) / 1024 ** 2;
    return `${what.padEnd(24)} ${mib} MiB x ${of.length}: ${(rate(of) / 1000).toFixed(0)} MB/s, peak RSS ${rss.toFixed(0)} MB`;
  };
  return [line('bare exec websocket', bare), line('log of a job, kept', job)];
}
