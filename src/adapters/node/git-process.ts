import { spawn } from 'node:child_process';
import { err, ok, type Result } from 'neverthrow';
import { awakeTimer } from '../../streams/awake-timer.js';
import { childEnvironment } from '../../streams/child-environment.js';
import { nameBytes } from '../../streams/name-bytes.js';

export interface GitRun {
  readonly code: number;
  readonly stdout: Buffer;
  /** At most 16 KiB of it. */
  readonly stderr: string;
}

export type GitProcessFault = {
  readonly kind: 'git_missing' | 'aborted' | 'timed_out' | 'too_much_output' | 'killed';
  readonly message: string;
};

export interface GitInput {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Nothing when left out. */
  readonly stdin?: string;
  /** Instead of the repository's own index. */
  readonly indexFile?: string;
  /** Settings that stand above those of the repository; any name and value. */
  readonly settings?: readonly (readonly [name: string, value: string])[];
}

/** 256 MiB of names is some three million files. */
const MAX_STDOUT = 256 * 1024 * 1024;
const MAX_STDERR = 16 * 1024;

/** Neither pager nor hook nor monitor of the repository's choice runs, and nothing is written, asked or fetched. */
const SAFE: readonly string[] = [
  '--no-pager',
  '--no-optional-locks',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'protocol.allow=never',
  // A commit can hold a bare repository as a folder's content: git in that folder would answer from it, with a branch of the author's choice.
  '-c',
  'safe.bareRepository=explicit',
];

/** The user's own settings of the environment count; a caller's `GIT_DIR`, as hooks have it, would make git look at another repository. */
function environment(settings: NonNullable<GitInput['settings']>): NodeJS.ProcessEnv {
  const kept = childEnvironment();
  const own = Number(kept['GIT_CONFIG_COUNT'] ?? 0);
  const first = Number.isSafeInteger(own) && own > 0 ? own : 0;
  // By the environment, since a name with "=" in it cannot be given by `-c`.
  const numbered = settings.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, name],
    [`GIT_CONFIG_VALUE_${first + index}`, value],
  ]);
  return {
    ...kept,
    ...Object.fromEntries(numbered),
    GIT_CONFIG_COUNT: String(first + settings.length),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
  };
}

/** Runs git to its end, whatever its exit code; killed on abort and after `timeoutMs`. */
export function runGit(input: GitInput): Promise<Result<GitRun, GitProcessFault>> {
  const { signal } = input;
  if (signal?.aborted) return Promise.resolve(err({ kind: 'aborted', message: 'the scan was cancelled' }));
  return new Promise((resolve) => {
    const child = spawn('git', [...SAFE, ...input.args], {
      cwd: input.cwd,
      env: {
        ...environment(input.settings ?? []),
        ...(input.indexFile === undefined ? {} : { GIT_INDEX_FILE: input.indexFile }),
      },
      stdio: [input.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // One that ends without reading says so with its exit code.
    child.stdin
      ?.on('error', () => undefined)
      .end(input.stdin === undefined ? undefined : nameBytes(input.stdin));
    const settle = (result: Result<GitRun, GitProcessFault>) => {
      takeBack();
      signal?.removeEventListener('abort', onAbort);
      if (result.isErr()) {
        child.kill('SIGKILL');
        // A grandchild may hold the pipes open; nobody reads them any more.
        child.stdout?.destroy();
        child.stderr?.destroy();
      }
      resolve(result);
    };
    const onAbort = () => settle(err({ kind: 'aborted', message: 'the scan was cancelled' }));
    const takeBack = awakeTimer(input.timeoutMs, () =>
      settle(err({ kind: 'timed_out', message: `git did not answer within ${input.timeoutMs} ms` })),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    const stdout: Buffer[] = [];
    let bytes = 0;
    child.stdout?.on('data', (data: Buffer) => {
      bytes += data.length;
      if (bytes > MAX_STDOUT) settle(err({ kind: 'too_much_output', message: 'git lists too many files' }));
      else stdout.push(data);
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < MAX_STDERR) stderr = (stderr + text).slice(0, MAX_STDERR);
    });
    child.on('error', (cause) => settle(err({ kind: 'git_missing', message: String(cause) })));
    child.on('close', (code, killedBy) => {
      if (code === null) settle(err({ kind: 'killed', message: `git was ended by ${killedBy}` }));
      else settle(ok({ code, stdout: Buffer.concat(stdout), stderr }));
    });
  });
}
