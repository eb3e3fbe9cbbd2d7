import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtCommand } from './fresh-build.js';

const BUILD_FAILURE = 111;
const SYSTEM_FAILURE = 222;
/** The runner tries so often to prepare a job whose system failed. */
const PREPARE_TRIES = 3;

/** A part of a job, and its script; `after_script` and what follows it come whatever `build_script` said. */
export type Script = readonly [stage: string, text: string];

export interface GitlabJob {
  readonly id: number;
  readonly image?: string;
  readonly services?: readonly object[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly token: string;
  readonly scripts: readonly Script[];
}

export type GitlabJobEnd = 'success' | 'script_failure' | 'system_failure' | 'canceled';

export interface Call {
  /** What both outputs say, in the order in which it came. */
  readonly trace: string;
  said(text: string): Promise<void>;
  /** TERM for the whole process group, and KILL when that did not help. */
  terminate(): void;
  kill(): void;
  readonly end: Promise<number | null>;
}

export interface PlayedJob {
  readonly end: GitlabJobEnd;
  /** Of the script that failed, where the driver has told it. */
  readonly exitCode: number | null;
  readonly trace: string;
  readonly machines: readonly string[];
}

export interface Interference {
  /** Is called when a part of the job has begun. */
  readonly during?: (stage: string, call: Call) => void | Promise<void>;
}

/**
 * Does with a driver what GitLab Runner does in `executors/custom` (custom.go, command.go): its environment, its order, its process
 * groups, its tries, its TERM and its KILL.
 */
export class PlayedGitlabRunner {
  readonly #directory: string;
  readonly #options: readonly string[];
  readonly #graceMs: number;

  /** `options` stand behind each command of the driver, as the runner's `…_args` have them. */
  constructor(directory: string, options: readonly string[], graceMs = 60_000) {
    this.#directory = directory;
    this.#options = options;
    this.#graceMs = graceMs;
  }

  async run(job: GitlabJob, { during = () => undefined }: Interference = {}): Promise<PlayedJob> {
    const traces: string[] = [];
    const machines: string[] = [];
    for (let tried = 1; ; tried++) {
      const temporary = await mkdtemp(join(this.#directory, 'custom-executor'));
      const exitCodeFile = join(temporary, 'build_exit_code');
      await writeFile(
        join(temporary, 'response.json'),
        JSON.stringify({ id: job.id, token: job.token, variables: [] }),
        { mode: 0o600 },
      );
      let jobEnv: Record<string, string> = {};
      const call = (words: readonly string[], isTraced = true): Call => {
        const started = this.#call(words, temporary, {
          ...jobEnv,
          TMPDIR: temporary,
          BUILD_FAILURE_EXIT_CODE: String(BUILD_FAILURE),
          SYSTEM_FAILURE_EXIT_CODE: String(SYSTEM_FAILURE),
          BUILD_EXIT_CODE_FILE: exitCodeFile,
          JOB_RESPONSE_FILE: join(temporary, 'response.json'),
          CUSTOM_ENV_CI_JOB_ID: String(job.id),
          CUSTOM_ENV_CI_JOB_TOKEN: job.token,
          ...(job.image === undefined ? {} : { CUSTOM_ENV_CI_JOB_IMAGE: job.image }),
          ...Object.fromEntries(
            Object.entries(job.variables ?? {}).map(([name, value]) => [`CUSTOM_ENV_${name}`, value]),
          ),
          CUSTOM_ENV_CI_JOB_SERVICES: job.services === undefined ? '' : JSON.stringify(job.services),
        });
        if (isTraced) void started.end.then(() => traces.push(started.trace));
        return started;
      };
      const played = async (): Promise<GitlabJobEnd | 'again'> => {
        const config = call(['config'], false);
        if ((await config.end) !== 0) return 'again';
        jobEnv = (JSON.parse(config.trace) as { readonly job_env: Record<string, string> }).job_env;
        machines.push(...Object.values(jobEnv));
        const prepare = call(['prepare']);
        await during('prepare', prepare);
        const prepared = await prepare.end;
        if (prepared === BUILD_FAILURE) return 'script_failure';
        if (prepared !== 0) return 'again';
        return await scripts();
      };
      const scripts = async (): Promise<GitlabJobEnd> => {
        let end: GitlabJobEnd = 'success';
        for (const [stage, text] of job.scripts) {
          const isAlways = /^after_script$|_on_failure$|^cleanup_file_variables$/.test(stage);
          if (end !== 'success' && !isAlways) continue;
          const folder = await mkdtemp(join(temporary, 'script'));
          const script = join(folder, 'script.bash');
          await writeFile(script, text, { mode: 0o700 });
          let isCanceled = false;
          const running = call(['run', script, stage]);
          await during(stage, {
            ...running,
            terminate: () => {
              isCanceled = true;
              running.terminate();
            },
          });
          const code = await running.end;
          if (code === 0 || (isAlways && stage !== 'build_script')) continue;
          if (isCanceled) end = 'canceled';
          else end = code === BUILD_FAILURE ? 'script_failure' : 'system_failure';
        }
        return end;
      };
      const end = await played();
      await call(['cleanup'], false).end;
      const exitCode = await readFile(exitCodeFile, 'utf8').then(Number, () => null);
      await rm(temporary, { recursive: true, force: true });
      if (end !== 'again') return { end, exitCode, trace: traces.join(''), machines };
      if (tried === PREPARE_TRIES)
        return { end: 'system_failure', exitCode, trace: traces.join(''), machines };
    }
  }

  #call(words: readonly string[], cwd: string, env: Record<string, string>): Call {
    const [command = '', ...rest] = words;
    const child = spawn(process.execPath, [builtCommand, 'gitlab', command, ...this.#options, ...rest], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.#directory, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let trace = '';
    const waiting = new Set<() => void>();
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        trace += data.toString('utf8');
        for (const check of waiting) check();
      });
    const end = new Promise<number | null>((resolve) => child.on('close', resolve));
    const send = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    };
    return {
      get trace() {
        return trace;
      },
      end,
      said: (text) =>
        new Promise((resolve, reject) => {
          const check = () => {
            if (!trace.includes(text)) return;
            waiting.delete(check);
            resolve();
          };
          waiting.add(check);
          check();
          void end.then(() => reject(new Error(`it ended without "${text}": ${trace}`)));
        }),
      terminate: () => {
        send('SIGTERM');
        const killer = setTimeout(() => send('SIGKILL'), this.#graceMs);
        void end.then(() => clearTimeout(killer));
      },
      kill: () => send('SIGKILL'),
    };
  }

  static async in(directory: string, options: readonly string[]): Promise<PlayedGitlabRunner> {
    const own = join(directory, 'gitlab');
    await mkdir(own, { recursive: true });
    return new PlayedGitlabRunner(own, options);
  }
}
