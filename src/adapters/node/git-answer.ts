import { err, ok, type Result } from 'neverthrow';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import { isUnicode, nameText } from '../../streams/name-bytes.js';
import { isBelowGitDirectory } from './git-marker.js';
import { type GitInput, type GitProcessFault, runGit } from './git-process.js';
import type { LeftOut } from './left-out.js';

export interface GitQuestion extends Omit<GitInput, 'cwd'> {
  readonly directory: string;
  /** What git cannot read of it is no fault; relative to the directory. */
  readonly leftOut?: LeftOut;
}

/** What git printed; null when the directory lies in no work tree, or there is neither git nor a `.git`. */
export async function gitAnswer(question: GitQuestion): Promise<Result<string | null, ScanFault>> {
  const { directory } = question;
  const run = await runGit({ ...question, cwd: directory });
  if (run.isErr()) {
    if (run.error.kind === 'git_missing' && !(await isBelowGitDirectory(directory))) return ok(null);
    return err(processFault(directory, run.error));
  }
  const { code, stdout, stderr } = run.value;
  const closed = code === 0 ? await unreadable(question, stderr) : null;
  if (closed !== null) return err(closed);
  // `check-ignore` and `config` say "none of them" with 1.
  if (code === 0 || (code === 1 && stderr === '')) return ok(nameText(stdout));
  if (/not a git repository \(or any|must be run in a work tree/.test(stderr)) return ok(null);
  return err({ kind: 'git_failed', path: directory, message: refusal(question, stderr, code) });
}

/** The first directory that git could not read, and that is not left out anyway: git goes on without what is in it, and ends well. */
async function unreadable({ leftOut, ...question }: GitQuestion, stderr: string): Promise<ScanFault | null> {
  const closed = [...stderr.matchAll(/^warning: could not open directory '(.*)': (.*)$/gm)];
  if (closed.length === 0) return null;
  // Git names it from the top of the repository, wherever it was asked.
  const top = await runGit({ ...question, cwd: question.directory, args: ['rev-parse', '--show-prefix'] });
  const prefix = top.isOk() && top.value.code === 0 ? top.value.stdout.toString().replace(/\n$/, '') : '';
  for (const [, named = '', why] of closed) {
    const path = named.replace(/\/$/, '');
    const below = path.startsWith(prefix) ? path.slice(prefix.length) : path;
    if (leftOut?.isAllOut(below) === true) continue;
    const advice = 'make it readable, or leave it out (workspace.exclude)';
    return {
      kind: 'unreadable',
      path,
      message: `the directory ${path} could not be read: ${why}; ${advice}`,
    };
  }
  return null;
}

/** The fields of a `-z` answer, each of which ends with NUL. */
export function gitFields(text: string): readonly string[] {
  return text.split('\0').slice(0, -1);
}

/** Null where git can be run in a directory of this name. */
export function whyNoDirectory(path: string): ScanFault | null {
  if (isUnicode(path)) return null;
  const shown = JSON.stringify(path);
  const message = `the repository within this one has a name that is not UTF-8, ${shown}; rename it, or leave it out (workspace.exclude)`;
  return { kind: 'unsupported_name', path, message };
}

function processFault(directory: string, fault: GitProcessFault): ScanFault {
  if (fault.kind === 'aborted') return { kind: 'aborted', path: directory, message: fault.message };
  const advice = fault.kind === 'git_missing' ? '; install git, or remove .git to take every file' : '';
  return { kind: 'git_failed', path: directory, message: `${directory}: ${fault.message}${advice}` };
}

function refusal({ directory, args }: GitQuestion, stderr: string, code: number): string {
  if (stderr.includes('dubious ownership')) {
    return (
      `git does not list ${directory}, since the repository belongs to another user; ` +
      `if you trust it: git config --global --add safe.directory <the repository's top directory>`
    );
  }
  return `git ${args[0]} failed in ${directory} with exit code ${code}: ${stderr.trim().slice(0, 1000)}`;
}
