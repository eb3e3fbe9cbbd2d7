import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A value that the schema refused, as path segments. */
export interface SchemaProblem {
  readonly segments: readonly PropertyKey[];
  readonly message: string;
}

/** Flattens what zod reports to one problem a value, each with the deepest path that is known. */
export function schemaProblems(issues: readonly Issue[]): SchemaProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, []));
}

function problemsOf(issue: Issue, prefix: readonly PropertyKey[]): SchemaProblem[] {
  const segments = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ segments: [...segments, key], message: 'is not a known key' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ segments, message: issue.issues.map((inner) => inner.message).join('; ') || issue.message }];
  }
  if (issue.code === 'invalid_union') {
    const branch = intendedBranch(issue.errors);
    if (branch !== null) return branch.flatMap((inner) => problemsOf(inner, segments));
  }
  return [{ segments, message: issue.message }];
}

/** The one alternative whose own kind of value was given, so that its inner problems are what the writer wants to hear. */
function intendedBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const fitting = branches.filter(
    (issues) =>
      !issues.some(
        (issue) =>
          issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'),
      ),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}
