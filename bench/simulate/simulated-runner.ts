import { MemoryLogReader } from '../../src/adapters/memory/memory-log-reader.js';
import { MemoryProcesses } from '../../src/adapters/memory/memory-processes.js';
import type { Pikaci } from '../../src/application/api/pikaci.js';
import type { TargetRun } from '../../src/application/target/target-run.js';
import { createPikaci } from '../../src/composition/create-pikaci.js';
import type { PikaciEvent } from '../../src/domain/events/event.js';
import { jobStateLayout } from '../../src/domain/records/run-layout.js';
import type { TargetConfigInput } from '../../src/domain/target/target-config.js';
import type { Clock } from '../../src/ports/clock.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { MortalRunner } from '../../test/support/mortal-runner.js';
import { logOf, type SimulatedCluster, WORK_DIR } from './simulated-cluster.js';
import type { VirtualClock } from './virtual-clock.js';
import type { PlannedJob, PlannedRun } from './workload.js';

const RETRY = { max: 10, when: ['host', 'lost'] as const, backoffSecs: 5 };
const NEVER = Number.POSITIVE_INFINITY;

interface Told {
  /** A job was placed. */
  placed(run: PlannedRun, job: string, member: string): void;
  /** The runner of a job was killed, and its member was down when the next one went on with it. */
  unreached(job: string): void;
  wrong(what: string): void;
}

/** A runner that carries out runs, and the one that is started when it was killed: it goes on with all that the other has left. */
export class SimulatedRunner {
  readonly #cluster: SimulatedCluster;
  readonly #clock: VirtualClock;
  readonly #told: Told;
  readonly #processes = new MemoryProcesses();
  readonly #going = new Map<PlannedRun, { readonly end: () => void }>();
  readonly #stateRoot: string;
  #life = new MortalRunner({ call: NEVER, when: 'before' });
  #pikaci: Pikaci | null;

  constructor(number: number, cluster: SimulatedCluster, clock: VirtualClock, told: Told) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#told = told;
    this.#stateRoot = `/state/${number}`;
    this.#pikaci = this.#start();
  }

  /** Resolves when the run has ended and is as it should be, or what is wrong was told; whoever carries it out. */
  run(planned: PlannedRun): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#going.set(planned, { end: resolve }));
    const pikaci = this.#pikaci;
    if (pikaci !== null) void this.#carryOut(pikaci, planned, false);
    return ended;
  }

  /** What is loaded with the first call takes time that is not simulated. */
  async ready(): Promise<void> {
    await this.#pikaci?.listMachines();
  }

  kill(): void {
    this.#life.kill();
    this.#pikaci = null;
  }

  restart(): void {
    this.#processes.restart('killed');
    this.#life = new MortalRunner({ call: NEVER, when: 'before' });
    const pikaci = this.#start();
    this.#pikaci = pikaci;
    for (const planned of this.#going.keys()) void this.#carryOut(pikaci, planned, true);
  }

  /** What a reaper does on all members, now. */
  async reap(): Promise<void> {
    if (this.#pikaci === null) return;
    const reaped = await this.#pikaci.reap();
    if (reaped.isErr()) this.#told.wrong(`the reaper: ${reaped.error.message}`);
    else
      for (const { instance, message } of reaped.value.failed)
        this.#told.wrong(`the reaper: ${instance}: ${message}`);
  }

  #start(): Pikaci {
    const life = this.#life;
    const { localFiles, hosts, incus, api } = this.#cluster;
    const of = (name: string) => {
      const host = hosts.get(name);
      if (host === undefined) throw new Error(`no member ${name}`);
      return { shell: life.of(host.shell), hostFiles: life.of(host.hostFiles), incus: life.of(api) };
    };
    const [first = ''] = hosts.keys();
    const scanner = hosts.get(first)?.scanner;
    if (scanner === undefined) throw new Error('no members');
    const files = life.of(localFiles);
    const adapters = {
      ...of(first),
      localFiles: files,
      logReader: new MemoryLogReader(localFiles),
      scanner,
      clock: mortal(life, this.#clock),
      processes: this.#processes,
      member: of,
    };
    const members = [...(incus.world.cluster?.members.keys() ?? [])];
    const config = {
      host: 'local' as const,
      workDir: WORK_DIR,
      stateRoot: this.#stateRoot,
      incus: { cluster: { members }, quotaWaitSecs: 86_400 },
    };
    return must(createPikaci(config, { adapters, env: {} }));
  }

  async #carryOut(pikaci: Pikaci, planned: PlannedRun, isLeft: boolean): Promise<void> {
    const emit = (event: PikaciEvent) => {
      if (event.type === 'job_started' && event.member !== undefined)
        this.#told.placed(planned, event.job_id, event.member);
    };
    const options = { events: { emit } };
    const resumed = isLeft ? await pikaci.resume(planned.id, options) : null;
    // It was killed before it had written anything of the run.
    const begins = resumed === null || (resumed.isErr() && resumed.error.kind === 'no_such_job');
    const ended = begins
      ? await pikaci.runTarget({
          target: 't',
          definition: targetOf(planned),
          workspace: planned.workspace,
          runId: planned.id,
          ...options,
        })
      : resumed;
    if (ended.isErr()) this.#told.wrong(`${planned.id}: ${ended.error.kind}: ${ended.error.message}`);
    else {
      const { record, cleanUp } = ended.value;
      for (const what of await this.#wrongOf(planned, record)) this.#told.wrong(what);
      // What could not be removed, as its member had died, is the reaper's.
      await cleanUp;
    }
    this.#going.get(planned)?.end();
    this.#going.delete(planned);
  }

  async #wrongOf(planned: PlannedRun, record: TargetRun['record']): Promise<string[]> {
    const wrong: string[] = [];
    let hasUnreached = false;
    for (const job of planned.jobs) {
      const key = `${planned.id}/${job.id}`;
      const shown = record.jobs.find(({ id }) => id === job.id);
      const wanted = job.exitCode === 0 ? 'passed' : 'failed';
      // Nobody knows whether it runs there, so there is no other attempt at it.
      if (shown?.status === 'failed' && shown.message?.startsWith('reaching the member ') === true) {
        this.#told.unreached(key);
        hasUnreached = true;
        continue;
      }
      if (shown?.status !== wanted)
        wrong.push(`${key} is ${shown?.status}, not ${wanted}: ${shown?.message}`);
      const whole = (this.#cluster.executions.get(key) ?? []).filter(
        (one) => !one.isLost && one.untilMs !== null,
      );
      if (whole.length !== 1) wrong.push(`${key} ran to its end ${whole.length} times`);
      const { guestLog } = jobStateLayout(this.#stateRoot, planned.id, job.id);
      const log = await this.#cluster.localFiles.readFile(guestLog);
      const text = log.isErr() ? log.error.message : Buffer.from(log.value).toString();
      if (text !== logOf(key)) wrong.push(`the log of ${key} is ${JSON.stringify(text)}`);
    }
    const allPass = planned.jobs.every(({ exitCode }) => exitCode === 0);
    const wanted = allPass && !hasUnreached ? 'passed' : 'failed';
    if (record.status !== wanted) wrong.push(`${planned.id} is ${record.status}, not ${wanted}`);
    return wrong;
  }
}

/** A dead runner sleeps on; the time is no call that it could die in. */
function mortal(life: MortalRunner, clock: Clock): Clock {
  const { sleep, bound } = life.of(clock);
  return { now: () => clock.now(), monotonic: () => clock.monotonic(), sleep, bound };
}

function targetOf({ id: run, jobs }: PlannedRun): TargetConfigInput {
  const jobOf = ({ id, cores }: PlannedJob) => ({
    id,
    command: `${run}/${id}`,
    requests: { cpu: cores },
    retry: { ...RETRY, when: [...RETRY.when] },
    timeoutSecs: 86_400,
  });
  return { parallel: 64, jobs: jobs.map(jobOf) };
}
