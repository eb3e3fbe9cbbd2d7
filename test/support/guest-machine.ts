import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, GuestCall } from './guest-call.js';
import type { GuestShell } from './guest-shell.js';

const supervisor = new URL('../../guest/pikaci-incus-run', import.meta.url).pathname;

export const isRoot = process.getuid?.() === 0;

export interface GuestStatus {
  readonly schema_version: number;
  readonly state: 'absent' | 'running' | 'finished' | 'lost';
  readonly log_bytes: number;
  readonly result: {
    readonly status: string;
    readonly exit_code: number | null;
    readonly cause: string;
    readonly message: string;
    readonly finished_at: string;
    readonly steps?: readonly GuestStep[];
    readonly warnings?: readonly string[];
  } | null;
  readonly steps?: readonly GuestStep[];
}

/** A line of steps.jsonl. */
export interface GuestStep {
  readonly id: string;
  readonly state: 'running' | 'passed' | 'failed' | 'cancelled' | 'skipped';
  readonly exit_code: number | null;
  readonly cause: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly log_start: number | null;
  readonly log_end: number | null;
  readonly warnings?: readonly string[];
}

/** Directories that stand for one guest, and calls of the supervisor as the library makes them. */
export class GuestMachine {
  readonly root = mkdtempSync(join(tmpdir(), 'guest-'));
  readonly state = join(this.root, 'state');
  readonly artifacts = join(this.root, 'artifacts');
  readonly workspace = join(this.root, 'workspace');
  readonly log = join(this.artifacts, 'guest.log');
  /** Files that the calls see as /etc/passwd and /etc/group, in a mount namespace of their own. */
  private readonly accounts: boolean;
  private readonly namespace: readonly string[];
  private readonly mounted: readonly string[];
  private readonly contained: boolean;
  private readonly environment: Readonly<Record<string, string>>;

  constructor(
    readonly shell: GuestShell,
    options: {
      accounts?: boolean;
      namespace?: readonly string[];
      /** Directories below the root, besides accounts, that the calls see mounted read-only; the file `x` in each names it. */
      mounted?: readonly string[];
      /** A guest in a container, with a control group of its own: the files of the directory `group`. */
      contained?: boolean;
      /** What the instance was given, as `environment.NAME` of a profile. */
      environment?: Readonly<Record<string, string>>;
    } = {},
  ) {
    chmodSync(this.root, 0o755);
    writeFileSync(join(this.root, 'vmstat'), 'nr_free_pages 1\noom_kill 7\n');
    this.accounts = options.accounts ?? false;
    this.namespace = options.namespace ?? [];
    this.mounted = options.mounted ?? [];
    this.contained = options.contained ?? false;
    this.environment = options.environment ?? {};
    if (!this.accounts) return;
    writeFileSync(
      join(this.root, 'passwd'),
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh',
    );
    writeFileSync(join(this.root, 'group'), 'root:x:0:\nnogroup:x:65534:\n');
  }

  /** A valid guest request; the command runs as the user of the test unless told otherwise. */
  request(fields: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      schema_version: 1,
      command: 'true',
      timeout_secs: 30,
      run_as_root: true,
      workspace_dir: this.workspace,
      cargo_home_dir: join(this.root, 'cargo-home'),
      target_dir: join(this.root, 'cargo-target'),
      xdg_state_home_dir: join(this.artifacts, 'xdg-state'),
      home_dir: join(this.root, 'home'),
      ...fields,
    };
  }

  /** `run` with the supervisor's text as an argument; the input is the request, and the secrets on a second line. */
  run(fields: Record<string, unknown>, secrets?: Record<string, string>): GuestCall {
    const lines = [this.request(fields), ...(secrets === undefined ? [] : [secrets])];
    return this.runText(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  runText(input: string): GuestCall {
    return this.bring(['run'], input);
  }

  /** `--step ID run`, as for a machine that stays open. */
  runStep(id: string, fields: Record<string, unknown>, secrets: Record<string, string> = {}): GuestCall {
    const lines = [this.request(fields), secrets].map((line) => `${JSON.stringify(line)}\n`);
    return this.bring(['--step', id, 'run'], lines.join(''));
  }

  /** A call that brings the supervisor's text along. */
  bring(args: string[], input: string | Buffer = ''): GuestCall {
    const bootstrap = 'PIKACI_SUPERVISOR_TEXT=$1; shift; eval "$PIKACI_SUPERVISOR_TEXT"';
    const call = this.spawn(['-c', bootstrap, 'pikaci-incus-run', readFileSync(supervisor, 'utf8'), ...args]);
    call.child.stdin.end(input);
    return call;
  }

  /** A later call, of the file that `run` has left in the state directory, or of the one in the repository. */
  start(args: string[], input = ''): GuestCall {
    const call = this.startOpen(args);
    call.child.stdin.end(input);
    return call;
  }

  /** The same with a stdin that the test writes to and ends. */
  startOpen(args: string[]): GuestCall {
    const installed = join(this.state, 'pikaci-incus-run');
    return this.spawn([existsSync(installed) ? installed : supervisor, ...args]);
  }

  call(args: string[], input = ''): Promise<Ended> {
    return this.start(args, input).ended;
  }

  async status(): Promise<GuestStatus> {
    return JSON.parse((await this.call(['status'])).stdout.toString()) as GuestStatus;
  }

  /** The status line that `run` and `follow` end with, which must be all of their stderr. */
  statusOf(ended: Ended): GuestStatus {
    if (!/^[^\n]+\n$/.test(ended.stderr)) throw new Error(`not one line: ${ended.stderr}`);
    return JSON.parse(ended.stderr) as GuestStatus;
  }

  /** The status and the `step` lines before it, which must be all that a `run` or `follow` of a job with steps says on stderr. */
  stepsOf(ended: Ended): { readonly status: GuestStatus; readonly told: readonly GuestStep[] } {
    const lines = ended.stderr.split('\n').slice(0, -1);
    const told = lines.slice(0, -1).map((line) => {
      if (!line.startsWith('step ')) throw new Error(`neither a step nor the last line: ${line}`);
      return JSON.parse(line.slice('step '.length)) as GuestStep;
    });
    return { status: JSON.parse(lines.at(-1) ?? '') as GuestStatus, told };
  }

  /** The lines of steps.jsonl among the artifacts. */
  stepsFile(): GuestStep[] {
    const lines = readFileSync(join(this.artifacts, 'steps.jsonl'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as GuestStep);
  }

  /** What the supervisor says of the end, under one of its two names among the artifacts. */
  resultFile(name = 'result.json'): unknown {
    return JSON.parse(readFileSync(join(this.artifacts, name), 'utf8'));
  }

  supervisorPid(): number {
    return Number(readFileSync(join(this.state, 'supervisor'), 'utf8').split(' ')[0]);
  }

  async remove(): Promise<void> {
    const steps = join(this.state, 'steps');
    const ids = existsSync(steps) ? readdirSync(steps) : [];
    for (const words of [[], ...ids.map((id) => ['--step', id])]) {
      const started = join(this.state, ...words.slice(1).map((id) => `steps/${id}`), 'started');
      if (!existsSync(started)) continue;
      await this.call([...words, 'cancel', '0']);
      const record = /^\d+ \d+ (\/dev\/.*pikaci-record\..+)$/m.exec(readFileSync(started, 'utf8'))?.[1];
      if (record !== undefined) rmSync(record, { recursive: true, force: true });
    }
    for (const plan of this.plans()) {
      const secrets = /^secrets='(.+)'$/m.exec(readFileSync(plan, 'utf8'))?.[1];
      if (secrets !== undefined) rmSync(secrets, { recursive: true, force: true });
    }
    rmSync(this.root, { recursive: true, force: true });
  }

  private plans(): string[] {
    if (!existsSync(this.state)) return [];
    const names = readdirSync(this.state, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => /(^|\/)plan$/.test(name)).map((name) => join(this.state, name));
  }

  private spawn(args: string[]): GuestCall {
    const argv = [...this.namespace, this.shell.shell, ...args];
    if (this.accounts) {
      const bind =
        'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && shift && exec "$@"';
      argv.unshift('unshare', '-m', 'sh', '-c', bind, 'sh', this.root);
      const mount = `cd "$1" && mkdir -p "$2" && mount -t tmpfs none "$2" && echo "from $2" >"$2/x" && mount -o remount,ro "$2" && shift 2 && exec "$@"`;
      for (const directory of this.mounted) argv.splice(2, 0, 'sh', '-c', mount, 'sh', this.root, directory);
    }
    return new GuestCall(
      spawn(argv[0] ?? '', argv.slice(1), {
        env: {
          PATH: `${this.shell.path}:/usr/bin:/bin`,
          PIKACI_STATE_DIR: this.state,
          PIKACI_ARTIFACTS_DIR: this.artifacts,
          PIKACI_SH: this.shell.shell,
          PIKACI_GIVEN_PATH: '',
          PIKACI_SYSTEM_DIR: join(this.root, 'system'),
          ...this.environment,
          // The real one counts what others have on this machine, too.
          PIKACI_VMSTAT: join(this.root, 'vmstat'),
          ...(this.contained ? { PIKACI_CONTROL_GROUP: join(this.root, 'group') } : {}),
        },
      }),
    );
  }
}

/** Whether a process still runs; a zombie has ended. */
export function alive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
