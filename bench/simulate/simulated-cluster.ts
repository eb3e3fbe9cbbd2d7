import { MemoryFileStore } from '../../src/adapters/memory/memory-file-store.js';
import { MemoryHost } from '../../src/adapters/memory/memory-host.js';
import { memoryMember } from '../../src/adapters/memory/memory-incus/memory-cluster.js';
import { MemoryIncus } from '../../src/adapters/memory/memory-incus/memory-incus.js';
import { MemorySupervisor } from '../../src/adapters/memory/memory-supervisor/memory-supervisor.js';
import { incusOf } from './incus-of.js';
import type { VirtualClock } from './virtual-clock.js';
import type { PlannedJob, PlannedRun, Workload } from './workload.js';

/** One time that a job's command ran. Times are ms of the simulation's time. */
export interface Execution {
  readonly member: string;
  readonly fromMs: number;
  readonly cores: number;
  /** Null until it has ended. */
  untilMs: number | null;
  /** Its member died. */
  isLost: boolean;
}

export const WORK_DIR = '/var/pikaci';
const GIB = 1024 ** 3;

/** A cluster of fakes: one daemon with all its members, and for each member its own files and commands. Jobs take as long as they are planned to. */
export class SimulatedCluster {
  readonly hosts = new Map<string, MemoryHost>();
  /** Of the machine that all runners are on. */
  readonly localFiles: MemoryFileStore;
  readonly incus: MemoryIncus;
  /** Of each job, by `run/job`. */
  readonly executions = new Map<string, Execution[]>();
  readonly down = new Set<string>();
  /** Jobs that were placed; those of them that went to where their snapshot was; and how many would have, had it been anybody's guess. */
  readonly placements = { all: 0, atSnapshot: 0, blindly: 0 };
  /** Members that were sent it, by the workspace. */
  readonly #snapshots = new Map<string, Set<string>>();
  readonly #clock: VirtualClock;
  readonly #jobs = new Map<string, PlannedJob>();
  /** Where a job was placed last, by `run/job`. */
  readonly #placed = new Map<string, string>();

  constructor(clock: VirtualClock, workload: Workload) {
    this.#clock = clock;
    const now = () => clock.now();
    this.localFiles = new MemoryFileStore('local', now);
    const supervisor = new MemorySupervisor(async ({ request, write }) => {
      return await this.#play(request.command ?? '', write);
    });
    this.incus = new MemoryIncus({ exec: supervisor.handler, now });
    this.incus.world.addImage('default', 'pikaci/dev');
    this.incus.world.addProfile('default', 'default', { root: { type: 'disk', path: '/', pool: 'default' } });
    const members = [...workload.members].map(([name, cpu]) => {
      const state = {
        totalMemoryBytes: 256 * GIB,
        freeMemoryBytes: 256 * GIB,
        loadAverages: [0, 0, 0],
        pools: {},
      };
      return [name, memoryMember(name, { state, resources: { cpu, memoryBytes: 256 * GIB } })] as const;
    });
    this.incus.world.cluster = { answering: members[0]?.[0] ?? '', members: new Map(members) };
    for (const [name] of members)
      this.hosts.set(name, new MemoryHost({ now, localFiles: this.localFiles, name }));
  }

  /** The daemon as a runner reaches it: it makes nothing on a member that is down. */
  get api() {
    return incusOf(this.incus, this.down);
  }

  async addRun({ id, jobs, workspace }: PlannedRun): Promise<void> {
    for (const job of jobs) this.#jobs.set(`${id}/${job.id}`, job);
    for (const host of this.hosts.values())
      host.scanner.setWorkspace(workspace, { entries: { 'main.rs': { content: workspace } } });
    await this.localFiles.makeDirectory(workspace);
    await this.localFiles.writeFile(`${workspace}/main.rs`, Buffer.from(workspace));
  }

  /** A job was placed, and begins there. */
  placed(key: string, workspace: string, member: string): void {
    this.#placed.set(key, member);
    const there = this.#snapshots.get(workspace) ?? new Set();
    this.placements.all += 1;
    this.placements.atSnapshot += there.has(member) ? 1 : 0;
    this.placements.blindly += there.size / this.hosts.size;
    this.#snapshots.set(workspace, there.add(member));
  }

  /** What is on the members when all has ended: machines, and what jobs have of directories. */
  async leftovers(): Promise<string[]> {
    const left = this.incus.allInstances.map(({ name }) => `the machine ${name} is left`);
    for (const [name, { hostFiles }] of this.hosts) {
      const runs = await hostFiles.list(`${WORK_DIR}/runs`);
      for (const run of runs.isOk() ? runs.value : []) {
        const jobs = await hostFiles.list(`${WORK_DIR}/runs/${run.name}/jobs`);
        for (const job of jobs.isOk() ? jobs.value : [])
          left.push(`${name} has ${run.name}/${job.name} left`);
      }
    }
    return left;
  }

  /** A member dies, and all machines on it. */
  fail(member: string): void {
    this.#setStatus(member, 'Offline');
    this.down.add(member);
    const host = this.hosts.get(member);
    host?.shell.loseConnection(Number.POSITIVE_INFINITY);
    host?.hostFiles.loseConnection(Number.POSITIVE_INFINITY);
    for (const { instances } of this.incus.world.projects.values())
      for (const [name, instance] of instances) {
        if (instance.view().location !== member) continue;
        instances.delete(name);
        const message = `the member ${member} has died`;
        const fault = {
          kind: 'connection_lost',
          host: 'memory',
          tried: 'exec',
          status: null,
          message,
        } as const;
        for (const exec of instance.execs) exec.cutOff(fault);
      }
    for (const all of this.executions.values())
      for (const one of all) if (one.member === member && one.untilMs === null) one.isLost = true;
  }

  /** It is back, with the files that it had. */
  restore(member: string): void {
    this.down.delete(member);
    this.hosts.get(member)?.shell.loseConnection(0);
    this.hosts.get(member)?.hostFiles.loseConnection(0);
    this.#setStatus(member, 'Online');
  }

  #setStatus(name: string, status: string): void {
    const { members } = this.incus.world.cluster ?? {};
    const member = members?.get(name);
    if (member !== undefined) members?.set(name, { ...member, status });
  }

  async #play(key: string, write: (text: string) => void): Promise<number | null> {
    const job = this.#jobs.get(key);
    if (job === undefined) return 99;
    const execution: Execution = {
      member: this.#placed.get(key) ?? '',
      fromMs: this.#clock.monotonic(),
      cores: job.cores,
      untilMs: null,
      isLost: false,
    };
    this.executions.set(key, [...(this.executions.get(key) ?? []), execution]);
    write(logOf(key));
    await this.#clock.sleep(job.durationMs);
    execution.untilMs = this.#clock.monotonic();
    return job.exitCode;
  }
}

/** What a job writes. */
export function logOf(key: string): string {
  return `${key} says this\n`;
}
