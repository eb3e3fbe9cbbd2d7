import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
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
import type { BackendUnderTest } from './backends-under-test.js';
import { EventRecorder } from './event-recorder.js';
import { type GuestVariant, importGuest } from './guest-variants.js';
import { connectTo, type HostConnection } from './host-connection.js';
import { diagnosed, orDiagnosed } from './host-diagnosis.js';
import { hostOfWorker } from './host-of-worker.js';
import type { HostUnderTest } from './host-under-test.js';

const LEASE_ENDS = 'user.pikaci.lease_expires_at_ms';

export interface FinishedJob {
  readonly run: JobRun;
  readonly events: EventRecorder;
  /** The kept `guest.log`. */
  readonly log: Buffer;
}

/** A configuration, and the guest image where it is not the host's own. */
export type SiteInput = Partial<PikaciConfigInput> & { readonly guest?: GuestVariant };

/** One test file's own corner of the host: a work directory there, a state root and a workspace here, and ids that nobody else uses. */
export class Site implements AsyncDisposable {
  readonly host: HostUnderTest = hostOfWorker();
  readonly #mark = randomBytes(4).toString('hex');
  readonly workDir = `${this.host.workDir}/t-${this.#mark}`;
  readonly #looking: HostConnection;
  readonly #pikacis: Pikaci[] = [];
  #runs = 0;

  private constructor(
    /** Removed at the end. */
    readonly directory: string,
    readonly backend: BackendUnderTest,
    /** Alias of the image of Incus. */
    readonly image: string,
    config: Partial<PikaciConfigInput>,
  ) {
    this.#looking = connectTo(this.host);
    this.pikaci = this.open(config);
  }

  readonly pikaci: Pikaci;

  /** Below the directory of the host's keys, which goes with the host, should this run be killed. */
  static async open({ guest, ...config }: SiteInput = {}): Promise<Site> {
    const host = hostOfWorker();
    const image = guest === undefined ? host.image : await importGuest(host, guest);
    const directory = await mkdtemp(join(dirname(host.identityFile), 'site-'));
    await mkdir(join(directory, 'workspace'));
    await writeFile(join(directory, 'workspace/hello.txt'), 'hello from the workspace\n');
    const site = new Site(directory, config.backend ?? 'incus', image, config);
    // Some tests put into it what is not pikaci's, which closes no directory that has such.
    await site.onHost('install -d -m 0700 "$1"', site.workDir);
    return site;
  }

  /** The daemon, over a connection of the test's own. */
  get incus(): IncusApi {
    return diagnosed(this.#looking.incus, this.host.container);
  }

  get workspace(): string {
    return join(this.directory, 'workspace');
  }

  get stateRoot(): string {
    return join(this.directory, 'state');
  }

  /** A configuration for this corner of the host. */
  config(more: Partial<PikaciConfigInput> = {}): PikaciConfigInput {
    const { host, port, user, identityFile, knownHostsFile, project, profile, microvmRunner } = this.host;
    return {
      host: {
        ssh: `${user}@${host}:${port}`,
        identityFile,
        knownHostsFile,
        agent: false,
        sshConfigFile: false,
      },
      backend: this.backend,
      incus: { project, profile, image: this.image },
      // Of no test's business: how busy this machine is.
      microvm: { runner: microvmRunner, bootTimeoutSecs: 300 },
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
        job: { id: 'j', timeoutSecs: this.backend === 'microvm' ? 300 : 60, ...job },
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
    if (this.backend === 'microvm') {
      await this.onHost('touch "$1/go"', this.artifactsOnHost(runId, jobId));
      return;
    }
    const file = { path: '/artifacts/go', content: Buffer.from('') };
    must(await this.incus.writeFile(this.host.project, incusInstanceName(runId, jobId), file));
  }

  /** When the lease of a job's machine ends, by the host's clock, ms since the epoch. */
  async leaseEnd(runId: string, jobId = 'j'): Promise<number> {
    if (this.backend === 'microvm') {
      const line = await this.onHost('cat "$1/runs/$2/jobs/$3/vm/lease"', this.workDir, runId, jobId);
      return Number(line.trim().split(' ').at(-1));
    }
    const name = incusInstanceName(runId, jobId);
    const { value } = must(await this.incus.instance(this.host.project, name));
    return Number(value.config[LEASE_ENDS]);
  }

  /** Ends the lease of a job's machine, as time would. */
  async endLease(runId: string, jobId = 'j'): Promise<void> {
    if (this.backend === 'microvm') {
      const replace = 'cd "$1/runs/$2/jobs/$3/vm" && sed -i "s/ [0-9]*$/ 1000/" lease';
      await this.onHost(replace, this.workDir, runId, jobId);
      return;
    }
    const name = incusInstanceName(runId, jobId);
    must(await this.incus.patchInstance(this.host.project, name, { [LEASE_ENDS]: '1000' }));
  }

  /** Whether there is such a file in the `/artifacts` of a job's machine. */
  async hasArtifact(runId: string, jobId: string, name: string): Promise<boolean> {
    if (this.backend === 'microvm') {
      const found = await this.onHost('ls -A "$1"', this.artifactsOnHost(runId, jobId));
      return found.split('\n').includes(name);
    }
    const instance = incusInstanceName(runId, jobId);
    return (await this.incus.fileInfo(this.host.project, instance, `/artifacts/${name}`)).isOk();
  }

  /** Takes a job's machine away from outside, as a power loss would. */
  async loseMachine(runId: string, jobId = 'j'): Promise<void> {
    if (this.backend === 'microvm') {
      const vm = `${this.workDir}/runs/${runId}/jobs/${jobId}/vm`;
      await this.onHost(
        'read -r pid _ <"$1/machine"; kill -KILL "-$pid"; while kill -0 "-$pid" 2>/dev/null; do :; done',
        vm,
      );
      return;
    }
    const name = incusInstanceName(runId, jobId);
    for (;;) {
      await this.switchOff(runId, jobId);
      const deleted = await this.incus.deleteInstance(this.host.project, name);
      // Its runner may have started it in between.
      if (deleted.isOk() || deleted.error.kind === 'not_found') return;
    }
  }

  /** Ends what runs in an instance, as a restart of the host does. */
  async switchOff(runId: string, jobId = 'j'): Promise<void> {
    const stop = { action: 'stop', timeoutSecs: 0, force: true } as const;
    must(await this.incus.changeState(this.host.project, incusInstanceName(runId, jobId), stop));
  }

  /** Names of the machines that there are, as a reaper calls them. */
  async machines(): Promise<string[]> {
    if (this.backend === 'incus')
      return must(await this.incus.instances(this.host.project)).map(({ name }) => name);
    const found = await this.onHost('ls -d "$1"/runs/*/jobs/*/vm/machine 2>/dev/null || :', this.workDir);
    return found
      .split('\n')
      .filter(Boolean)
      .map((path) => path.slice(`${this.workDir}/runs/`.length).split('/'))
      .map(([run = '', , job = '']) => incusInstanceName(run, job));
  }

  artifactsOnHost(runId: string, jobId = 'j'): string {
    return `${this.workDir}/runs/${runId}/jobs/${jobId}/artifacts`;
  }

  /** Runs `sh -c` as root on the host; what it prints. */
  async onHost(script: string, ...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await ran(this.#looking.shell, {
      argv: ['sh', '-ec', script, 'sh', ...args],
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.anything() });
    return stdout;
  }

  /** Names of instances and paths on the host that a run (every run of this site, unless one is named) has left behind. */
  leftovers(runId?: string): Promise<{ instances: string[]; directories: string[] }> {
    const what = 'what is left over';
    return orDiagnosed(this.#leftovers(runId), { what, container: this.host.container, ms: 150_000 });
  }

  async #leftovers(runId?: string): Promise<{ instances: string[]; directories: string[] }> {
    const prefix = runId ?? `r${this.#mark}-`;
    const mine = (id: string) => (runId === undefined ? id.startsWith(prefix) : id === runId);
    const instances = must(await this.incus.instances(this.host.project));
    // Whatever runs with a directory of this site as its own: share daemons and machines.
    const processes = await this.onHost(
      'for p in /proc/[0-9]*/cwd; do readlink "$p"; done 2>/dev/null | grep -F "$1/runs/" || :',
      this.workDir,
    );
    const runs = (await this.onHost('ls -A "$1/runs" 2>/dev/null || :', this.workDir))
      .split('\n')
      .filter(Boolean);
    return {
      instances: [
        ...instances.filter(({ config }) => mine(config['user.pikaci.run'] ?? '')).map(({ name }) => name),
        ...processes
          .split('\n')
          .filter((path) => mine(path.slice(`${this.workDir}/runs/`.length).split('/')[0] ?? '')),
      ].filter((name) => name !== ''),
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
