import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

/** The script as it is shipped; `freshBuild` sees to it that it is there. */
const HOOKS = join(repositoryRoot, 'dist/github-hooks.js');

export interface GithubContainer {
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly options?: string;
}

/** A `run:` step, or an action in JavaScript whose file is below `_actions`. */
export interface GithubStep {
  readonly run?: string;
  readonly action?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** As `if: always()`. */
  readonly always?: boolean;
}

export interface GithubJob {
  readonly container: GithubContainer | null;
  readonly services?: Readonly<Record<string, GithubContainer>>;
  readonly steps: readonly GithubStep[];
}

export interface HookRun {
  readonly output: string;
  readonly code: number | null;
}

/** A call of the hooks while it runs. */
export interface HookProcess {
  readonly pid: number;
  said(text: string): Promise<void>;
  /** As `ProcessInvoker.cs` cancels: INT, TERM after 7.5 s, KILL of the process after 2.5 s more. */
  cancel(): void;
  kill(): void;
  readonly end: Promise<HookRun>;
}

export interface PlayedGithubJob {
  readonly end: 'success' | 'failure' | 'cancelled' | 'not prepared';
  readonly output: string;
  readonly codes: readonly (number | null)[];
  readonly state: unknown;
  readonly context: unknown;
}

/**
 * Does with the hooks what the runner does (`actions/runner`: ContainerHookManager.cs, ContainerOperationProvider.cs, StepHost.cs,
 * ProcessInvoker.cs): its directories and where they are in the container, its one line on standard input, its empty response file, its
 * arguments that are cut at each space, its signals, and its clean-up whatever happened.
 */
export class PlayedGithubRunner {
  readonly work: string;
  readonly temp: string;
  readonly externals: string;
  readonly workspace: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #owner: number;
  /** What steps have put in front of PATH, the last one first. */
  readonly prependPath: string[] = [];

  /** Its files are those of the user `owner`, as whom a real one would run. */
  constructor(directory: string, owner: number, env: Readonly<Record<string, string>>) {
    this.work = join(directory, '_work');
    this.temp = join(this.work, '_temp');
    this.externals = join(directory, 'externals');
    this.workspace = join(this.work, 'repo/repo');
    this.#owner = owner;
    this.#env = env;
  }

  async setUp(): Promise<void> {
    for (const directory of [
      this.work,
      this.temp,
      join(this.work, '_actions'),
      join(this.work, '_tool'),
      join(this.temp, '_github_home'),
      join(this.temp, '_github_workflow'),
      join(this.temp, '_runner_hook_responses'),
      join(this.temp, '_runner_file_commands'),
      this.externals,
      join(this.work, 'repo'),
      this.workspace,
    ]) {
      await mkdir(directory, { recursive: true });
      await chown(directory, this.#owner, this.#owner);
    }
    await this.write(join(this.temp, '_github_workflow/event.json'), '{"ref":"refs/heads/main"}');
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    await writeFile(path, text, { mode });
    await chown(path, this.#owner, this.#owner);
  }

  /** Runs a job as the worker does: what comes after a step that failed is left out unless it says `always`. */
  async run(
    { container, services = {}, steps }: GithubJob,
    during: (step: number, hook: HookProcess) => void | Promise<void> = () => undefined,
  ): Promise<PlayedGithubJob> {
    const outputs: string[] = [];
    const codes: (number | null)[] = [];
    const answer = await this.#hook('prepare_job', {
      container: container === null ? null : this.#container(container, true),
      services: Object.entries(services).map(([contextName, service]) => ({
        ...this.#container(service, false),
        contextName,
      })),
    });
    await during(-1, answer.process);
    const prepared = await answer.process.end;
    outputs.push(prepared.output);
    codes.push(prepared.code);
    const response = await answer.response();
    const { state = null, context = null } = (response ?? {}) as { state?: unknown; context?: unknown };
    let end: PlayedGithubJob['end'] = prepared.code === 0 && response !== null ? 'success' : 'not prepared';
    let isCancelled = false;
    if (end === 'success')
      for (const [index, step] of steps.entries()) {
        if (end !== 'success' && step.always !== true) continue;
        const { process } = await this.#hook('run_script_step', await this.#step(step), state);
        await during(index, {
          ...process,
          cancel: () => {
            isCancelled = true;
            process.cancel();
          },
        });
        const ran = await process.end;
        outputs.push(ran.output);
        codes.push(ran.code);
        if (ran.code !== 0) end = isCancelled ? 'cancelled' : 'failure';
      }
    const cleanup = await this.#hook('cleanup_job', {}, state);
    const cleaned = await cleanup.process.end;
    outputs.push(cleaned.output);
    codes.push(cleaned.code);
    return { end, output: outputs.join(''), codes, state, context };
  }

  /** One call, whatever its document says. */
  async call(document: object): Promise<HookRun> {
    return await this.#start(JSON.stringify(document)).end;
  }

  async #hook(command: string, args: object, state: unknown = null) {
    const responseFile = join(this.temp, '_runner_hook_responses', `${randomUUID()}.json`);
    await this.write(responseFile, '');
    const process = this.#start(JSON.stringify({ command, responseFile, args, state }));
    const response = async (): Promise<unknown> => {
      const text = await readFile(responseFile, 'utf8');
      await rm(responseFile);
      return text === '' ? null : JSON.parse(text);
    };
    return { process, response };
  }

  #container({ image, env = {}, volumes = [], ports = [], options }: GithubContainer, isJob: boolean) {
    const volume = (sourceVolumePath: string, targetVolumePath: string, readOnly = false) => ({
      sourceVolumePath,
      targetVolumePath,
      readOnly,
    });
    return {
      image,
      dockerfile: null,
      entryPointArgs: [],
      entryPoint: null,
      workingDirectory: isJob ? '/__w/repo/repo' : null,
      createOptions: options ?? null,
      registry: null,
      environmentVariables: isJob ? { ...env, HOME: '/github/home' } : env,
      portMappings: ports,
      userMountVolumes: volumes.map((text) => {
        const [source = '', target = source] = text.split(':');
        return volume(source, target);
      }),
      systemMountVolumes: isJob
        ? [
            volume('/var/run/docker.sock', '/var/run/docker.sock'),
            volume(this.work, '/__w'),
            volume(this.externals, '/__e', true),
            volume(this.temp, '/__w/_temp'),
            volume(join(this.work, '_actions'), '/__w/_actions'),
            volume(join(this.work, '_tool'), '/__t'),
            volume(join(this.temp, '_github_home'), '/github/home'),
            volume(join(this.temp, '_github_workflow'), '/github/workflow'),
          ]
        : [],
    };
  }

  async #step({ run = '', action, env = {} }: GithubStep) {
    const output = join(this.temp, '_runner_file_commands', `set_output_${randomUUID()}`);
    await this.write(output, '');
    const inContainer = (path: string) => path.replace(this.work, '/__w');
    const script = join(this.temp, `${randomUUID()}.sh`);
    if (action === undefined) await this.write(script, run);
    const text =
      action === undefined
        ? `--noprofile --norc -e -o pipefail ${inContainer(script)}`
        : `"${inContainer(join(this.work, '_actions', action))}"`;
    return {
      entryPointArgs: text.split(' '),
      entryPoint: action === undefined ? 'bash' : '/__e/node20/bin/node',
      environmentVariables: {
        GITHUB_OUTPUT: inContainer(output),
        GITHUB_WORKSPACE: '/__w/repo/repo',
        GITHUB_EVENT_PATH: '/github/workflow/event.json',
        RUNNER_TOOL_CACHE: '/__t',
        ...env,
      },
      prependPath: this.prependPath,
      workingDirectory: '/__w/repo/repo',
    };
  }

  #start(document: string): HookProcess {
    const child = spawn(process.execPath, [HOOKS], {
      cwd: this.workspace,
      // As the runner has it: what a job has put in front of PATH is in front of the hooks' as well.
      env: { ...this.#env, PATH: [...this.prependPath, process.env['PATH']].join(':') },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${document}\n`);
    let output = '';
    const waiting = new Set<() => void>();
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        output += data.toString('utf8');
        for (const check of waiting) check();
      });
    const end = new Promise<HookRun>((resolve) => child.on('close', (code) => resolve({ output, code })));
    return {
      pid: child.pid ?? 0,
      end,
      said: (text) =>
        new Promise((resolve, reject) => {
          const check = () => {
            if (!output.includes(text)) return;
            waiting.delete(check);
            resolve();
          };
          waiting.add(check);
          check();
          void end.then(() => reject(new Error(`it ended without "${text}": ${output}`)));
        }),
      cancel: () => {
        child.kill('SIGINT');
        const timers = [
          setTimeout(() => child.kill('SIGTERM'), 7500),
          setTimeout(() => child.kill('SIGKILL'), 10_000),
        ];
        void end.then(() => timers.forEach(clearTimeout));
      },
      kill: () => child.kill('SIGKILL'),
    };
  }
}
