/** One value that is wrong. `path` is written as in JavaScript (`targets.t.jobs[0].timeoutSecs`), empty for the file as a whole. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
  /** Where it stands in the file, both from 1; only for files whose text is known (JSON, and syntax errors). */
  readonly line?: number;
  readonly column?: number;
}

/** The configuration cannot be used. `file` is absolute; null when it did not come from a file. `message` holds every problem, for people. */
export interface ConfigFault {
  readonly kind: 'invalid_config';
  readonly file: string | null;
  readonly problems: readonly ConfigProblem[];
  readonly message: string;
}

export function configFault(file: string | null, problems: readonly ConfigProblem[]): ConfigFault {
  const lines = problems.map((problem) => {
    const place = problem.line === undefined ? '' : ` (line ${problem.line}, column ${problem.column ?? 1})`;
    const where = `${problem.path}${place}`.trim();
    return where === '' ? problem.message : `${where}: ${problem.message}`;
  });
  const head = file ?? 'the configuration';
  const message =
    lines.length === 1
      ? `${head}: ${lines[0]}`
      : `${head} has ${lines.length} problems:\n${lines.map((l) => `  ${l}`).join('\n')}`;
  return { kind: 'invalid_config', file, problems, message };
}
