import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, inject } from 'vitest';
import {
  type CreatePikaciOptions,
  createPikaci,
  type IncusApi,
  incusInstanceName,
  type JobRun,
  type JobSpecInput,
  type Pikaci,
  type PikaciConfigInput,
  type RunJobInput,
} from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { ran } from '../../src/testing/contract/run-command.js';
import { EventRecorder } from './event-recorder.js';
import { connectTo, type HostConnection } from './host-connection.js';
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
  readonly #looking: HostConnection;
  readonly #pikacis: Pikaci[] = [];
  #runs = 0;

  private constructor(
    /** Removed at the end. */
    readonly directory: string,
    config: Partial<PikaciConfigInput>,
  ) {
    this.#looking = connectTo(this.host);
    this.pikaci = this.open(config);
  }

  readonly pikaci: Pikaci;

  /** Below the directory of the host's keys, which goes with the host, should this run be killed. */
  static async open(config: Partial<PikaciConfigInput> = {}): Promise<Site> {
    const directory = await mkdtemp(join(dirname(inject('host').identityFile), 'site-'));
    await mkdir(join(directory, 'workspace'));
    await writeFile(join(directory, 'workspace/hello.txt'), 'hello from the workspace\n');
    return new Site(directory, config);
  }

  /** The daemon, over a connection of the test's own. */
  get incus(): IncusApi {
    return this.#looking.incus;
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
  open(more: Partial<PikaciConfigInput> = {}, options: CreatePikaciOptions = {}): Pikaci {
    const pikaci = must(createPikaci(this.config(more), options));
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
    const events = more.events instanceof EventRecorder ? more.events : new EventRecorder();
    const run = must(
      await pikaci.runJob({
        job: { id: 'j', timeoutSecs: 60, ...job },
        workspace: this.workspace,
        runId: this.newRunId(),
        ...more,
        events,
      }),
    );
    must(await run.cleanUp);
    return { run, events, log: await readFile(run.state.guestLog) };
  }

  /** Makes `/artifacts/go` in the machine of a job that waits for it. */
  async release(runId: string, jobId = 'j'): Promise<void> {
    const file = { path: '/artifacts/go', content: Buffer.from('') };
    must(await this.incus.writeFile(this.host.project, incusInstanceName(runId, jobId), file));
  }

  /** Runs `sh -c` as root on the host; what it prints. */
  async onHost(script: string, ...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await ran(this.#looking.shell, {
      argv: ['sh', '-ec', script, 'sh', ...args],
    });
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
      await this.#looking[Symbol.asyncDispose]();
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

export const NOTHING_LEFT = { instances: [], directories: [] };
