import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { RestIncusApi } from '../../src/adapters/incus/rest-incus-api.js';
import { LocalShell } from '../../src/adapters/local/shell.js';
import { Ssh2Connection } from '../../src/adapters/ssh2/connection.js';
import { Ssh2Shell } from '../../src/adapters/ssh2/shell.js';
import { Ssh2StreamlocalDialer } from '../../src/adapters/ssh2/streamlocal-dialer.js';
import {
  createPikaci,
  type JobRun,
  type JobSpecInput,
  type Pikaci,
  type PikaciConfigInput,
  type RunJobInput,
} from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { ran } from '../../src/testing/contract/run-command.js';
import { EventRecorder } from './event-recorder.js';
import type { HostUnderTest } from './host-under-test.js';

export interface FinishedJob {
  readonly run: JobRun;
  readonly events: EventRecorder;
  /** The kept `guest.log`. */
  readonly log: Buffer;
}

/** One test file's own corner of the host: a work directory there, a state root and a workspace here, and ids that nobody else uses. */
export class Site implements AsyncDisposable {
  readonly host: HostUnderTest = inject('host');
  readonly #mark = randomBytes(4).toString('hex');
  readonly workDir = `${this.host.workDir}/t-${this.#mark}`;
  readonly incus: RestIncusApi;
  readonly #connection: Ssh2Connection;
  readonly #shell: Ssh2Shell;
  readonly #pikacis: Pikaci[] = [];
  #runs = 0;

  private constructor(
    /** Removed at the end. */
    readonly directory: string,
    config: Partial<PikaciConfigInput>,
  ) {
    this.#connection = new Ssh2Connection({
      host: this.host.host,
      port: this.host.port,
      user: this.host.user,
      identityFile: this.host.identityFile,
      knownHostsFiles: [this.host.knownHostsFile],
      agent: null,
      configFile: null,
    });
    this.#shell = new Ssh2Shell(this.#connection, new LocalShell());
    const dialer = new Ssh2StreamlocalDialer(this.#connection, '/var/lib/incus/unix.socket');
    this.incus = new RestIncusApi({ dialer, host: 'the host under test' });
    this.pikaci = this.open(config);
  }

  readonly pikaci: Pikaci;

  static async open(config: Partial<PikaciConfigInput> = {}): Promise<Site> {
    const directory = await mkdtemp(join(tmpdir(), 'pikaci-site-'));
    await mkdir(join(directory, 'workspace'));
    await writeFile(join(directory, 'workspace/hello.txt'), 'hello from the workspace\n');
    return new Site(directory, config);
  }

  get workspace(): string {
    return join(this.directory, 'workspace');
  }

  get stateRoot(): string {
    return join(this.directory, 'state');
  }

  /** A configuration for this corner of the host. */
  config(more: Partial<PikaciConfigInput> = {}): PikaciConfigInput {
    const { host, port, user, identityFile, knownHostsFile, project, profile, image } = this.host;
    return {
      host: {
        ssh: `${user}@${host}:${port}`,
        identityFile,
        knownHostsFile,
        agent: false,
        sshConfigFile: false,
      },
      incus: { project, profile, image },
      workDir: this.workDir,
      stateRoot: this.stateRoot,
      ...more,
    };
  }

  /** One more pikaci on the same corner, closed with it. */
  open(more: Partial<PikaciConfigInput> = {}): Pikaci {
    const pikaci = must(createPikaci(this.config(more)));
    this.#pikacis.push(pikaci);
    return pikaci;
  }

  newRunId(): string {
    return `r${this.#mark}-${++this.#runs}`;
  }

  /** Runs a job to its end, its machine's removal included. */
  async finish(
    job: Partial<JobSpecInput> & { readonly command: string },
    more: Partial<RunJobInput> = {},
    pikaci: Pikaci = this.pikaci,
  ): Promise<FinishedJob> {
    const events = new EventRecorder();
    const run = must(
      await pikaci.runJob({
        job: { id: 'j', timeoutSecs: 60, ...job },
        workspace: this.workspace,
        runId: this.newRunId(),
        events,
        ...more,
      }),
    );
    must(await run.cleanUp);
    return { run, events, log: await readFile(run.state.guestLog) };
  }

  /** Runs `sh -c` as root on the host; what it prints. */
  async onHost(script: string, ...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await ran(this.#shell, { argv: ['sh', '-ec', script, 'sh', ...args] });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout;
  }

  /** Names of instances and paths on the host that a run (every run of this site, unless one is named) has left behind. */
  async leftovers(runId?: string): Promise<{ instances: string[]; directories: string[] }> {
    const prefix = runId ?? `r${this.#mark}-`;
    const mine = (id: string) => (runId === undefined ? id.startsWith(prefix) : id === runId);
    const instances = must(await this.incus.instances(this.host.project));
    const runs = (await this.onHost('ls -A "$1/runs" 2>/dev/null || :', this.workDir))
      .split('\n')
      .filter(Boolean);
    return {
      instances: instances
        .filter(({ config }) => mine(config['user.pikaci.run'] ?? ''))
        .map(({ name }) => name),
      directories: runs.filter(mine),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const pikaci of this.#pikacis) await pikaci.close();
      await this.onHost('rm -rf "$1"', this.workDir);
    } finally {
      await this.incus[Symbol.asyncDispose]();
      await this.#shell[Symbol.asyncDispose]();
      await this.#connection[Symbol.asyncDispose]();
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

export const NOTHING_LEFT = { instances: [], directories: [] };
