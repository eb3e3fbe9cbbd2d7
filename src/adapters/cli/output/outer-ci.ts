import { escapeLine } from './escape-control.js';

/** What the log on standard output is to a CI system around it, which reads commands and sections in it. */
export interface OuterCi {
  /** From here on nothing on standard output is a command; with a newline at its end, or empty. */
  readonly before: string;
  /** Commands count again. */
  readonly after: string;
  /** Lines that begin a group of the log. A group has to be closed before another begins. */
  open(title: string): string;
  close(): string;
  /** What a job's guest has written, as it may stand in the log. */
  said(jobId: string, data: Uint8Array): Uint8Array;
}

export const OUTER_CIS = ['auto', 'github', 'gitlab', 'none'] as const;
export type OuterCiChoice = (typeof OUTER_CIS)[number];

/** `auto` asks the variables that each sets for what runs in it. */
export function outerCi(
  choice: OuterCiChoice,
  {
    env,
    randomBytes,
    nowMs,
  }: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly randomBytes: (count: number) => Uint8Array;
    readonly nowMs: () => number;
  },
): OuterCi | null {
  const isGithub = choice === 'github' || (choice === 'auto' && env['GITHUB_ACTIONS'] === 'true');
  const isGitlab = choice === 'gitlab' || (choice === 'auto' && env['GITLAB_CI'] === 'true');
  const secret = () => Buffer.from(randomBytes(16)).toString('hex');
  if (isGithub) return new GithubLog(secret());
  return isGitlab ? new GitlabLog(secret(), nowMs) : null;
}

/**
 * Workflow commands of GitHub Actions: all but a word that no guest can know are off while its log is written, `::set-output` as well as
 * `##[add-mask]` in the middle of a line (`actions/runner`, ActionCommandManager.cs, ActionCommand.cs).
 */
class GithubLog implements OuterCi {
  readonly before: string;
  readonly after: string;

  constructor(word: string) {
    this.before = `::stop-commands::${word}\n`;
    this.after = `::${word}::\n`;
  }

  open(title: string): string {
    return `${this.after}::group::${escapeLine(title).replaceAll('%', '%25')}\n${this.before}`;
  }

  close(): string {
    return `${this.after}::endgroup::\n${this.before}`;
  }

  said(_jobId: string, data: Uint8Array): Uint8Array {
    return data;
  }
}

const ERASE = Buffer.from('\x1b[0K');

/**
 * Sections of GitLab's job logs, which end in `\r`, ESC, `[0K` (https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections). The
 * same to a terminal is ESC, `[K`: so written, what a guest says is no section.
 */
class GitlabLog implements OuterCi {
  readonly before = '';
  readonly after = '';
  readonly #word: string;
  readonly #nowMs: () => number;
  #sections = 0;
  readonly #held = new Map<string, Uint8Array>();

  constructor(word: string, nowMs: () => number) {
    this.#word = word;
    this.#nowMs = nowMs;
  }

  open(title: string): string {
    this.#sections += 1;
    return `${this.#mark('start')}${escapeLine(title)}\n`;
  }

  close(): string {
    return `${this.#mark('end')}\n`;
  }

  /** A sequence may be cut between two pieces: its beginning waits for the rest. */
  said(jobId: string, data: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.#held.get(jobId) ?? new Uint8Array(), data]);
    const held = beginningAtEnd(all);
    this.#held.set(jobId, all.subarray(all.length - held));
    const parts: Uint8Array[] = [];
    let from = 0;
    for (;;) {
      const at = all.indexOf(ERASE, from);
      if (at === -1) break;
      parts.push(all.subarray(from, at), Buffer.from('\x1b[K'));
      from = at + ERASE.length;
    }
    parts.push(all.subarray(from, all.length - held));
    return Buffer.concat(parts);
  }

  #mark(which: 'start' | 'end'): string {
    const seconds = Math.floor(this.#nowMs() / 1000);
    return `\x1b[0Ksection_${which}:${seconds}:pikaci_${this.#sections}_${this.#word}\r\x1b[0K`;
  }
}

/** How many bytes at the end may be the beginning of the sequence. */
function beginningAtEnd(data: Buffer): number {
  for (let length = Math.min(ERASE.length - 1, data.length); length > 0; length--)
    if (data.subarray(data.length - length).equals(ERASE.subarray(0, length))) return length;
  return 0;
}
