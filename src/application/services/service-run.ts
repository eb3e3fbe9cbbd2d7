import { err, ok, type Result } from 'neverthrow';
import type { ServiceReport } from '../../domain/job/service-record.js';
import { serviceStateLayout } from '../../domain/records/run-layout.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { GuestLog } from '../log/guest-log.js';
import { type FollowEnd, followStep } from '../step/follow-step.js';
import type { FollowStream } from '../supervisor/guest.js';
import type { ServiceMachine } from './service-machine.js';
import type { ServedJob, ServiceParts } from './service-parts.js';

/** Of the end of a log that is shown when something went wrong, in bytes and lines. */
const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 20;
const LAST_LOOK_MS = 5000;

export interface FollowService {
  readonly parts: Pick<ServiceParts, 'ports' | 'settings'>;
  readonly job: ServedJob;
  readonly service: ServiceMachine;
  /** The stream that started it; left out for one that another runner has started. */
  readonly first?: FollowStream;
  /** Values to mask. */
  readonly secrets: readonly string[];
  readonly readyMs: number | null;
  /** A text that is looked for in the log. */
  readonly wanted: string | null;
  readonly isOurs: () => Promise<boolean>;
}

/** A service that runs: its log is kept, and its end is seen. */
export class ServiceRun {
  readonly service: ServiceMachine;
  /** Resolves with a sentence when it has ended by itself. */
  readonly ended: Promise<string>;
  readyMs: number | null;
  readonly #input: FollowService;
  readonly #log: GuestLog;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  #end: { readonly exitCode: number | null; readonly message: string } | null = null;
  #whyNotReady: string | null = null;
  #tail = Buffer.alloc(0);
  #isFound = false;

  private constructor(input: FollowService, log: GuestLog, heard: { onKept: (data: Uint8Array) => void }) {
    this.#input = input;
    this.#log = log;
    this.service = input.service;
    this.readyMs = input.readyMs;
    heard.onKept = (data) => this.#hear(data);
    let told: (message: string) => void = () => {};
    this.ended = new Promise((resolve) => {
      told = resolve;
    });
    this.#following = this.#follow((message) => told(message));
  }

  static async follow(input: FollowService): Promise<Result<ServiceRun, JobFault>> {
    const { ports, settings } = input.parts;
    const state = serviceStateLayout(input.job.state, input.service.name);
    const heard: { onKept: (data: Uint8Array) => void } = { onKept: () => {} };
    const made = await ports.localFiles.makeDirectory(state.directory);
    if (made.isErr()) return err(localFilesFault(made.error, 'start_services'));
    const log = await GuestLog.open({
      files: ports.localFiles,
      clock: ports.clock,
      state,
      secrets: input.secrets,
      maxBytes: settings.maxLogBytes,
      isOurs: input.isOurs,
      onKept: (data) => heard.onKept(data),
    });
    if (log.isErr()) return err(localFilesFault(log.error, 'start_services'));
    return ok(new ServiceRun(input, log.value, heard));
  }

  get name(): string {
    return this.service.name;
  }

  get hasLogged(): boolean {
    return this.#isFound;
  }

  /** The last lines of its log, as they are kept. */
  get lastLines(): readonly string[] {
    const text = this.#tail.toString('utf8').trimEnd();
    return text === '' ? [] : text.split('\n').slice(-TAIL_LINES);
  }

  notReady(why: string): void {
    this.#whyNotReady = why;
  }

  report(): ServiceReport {
    const status =
      this.#whyNotReady !== null ? 'not_ready' : this.#end !== null ? 'ended' : ('running' as const);
    return {
      name: this.name,
      status,
      exit_code: this.#end?.exitCode ?? null,
      message: this.#whyNotReady ?? this.#end?.message ?? '',
      ready_ms: this.readyMs,
      log_bytes: this.#log.kept,
    };
  }

  /** Waits until it is known here that it has ended, where it has. */
  async heard(): Promise<void> {
    if (this.#end !== null) return;
    const signal = awakeBound(LAST_LOOK_MS);
    const status = await this.service.machine.supervisor.status({ signal });
    if (status.isErr() || status.value.state === 'running') return;
    await Promise.race([this.ended, this.#input.parts.ports.clock.bound(LAST_LOOK_MS, this.#stop.signal)]);
  }

  /** Follows it no more. Whoever takes it up goes on from here. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(told: (message: string) => void): Promise<void> {
    const { parts, service, first } = this.#input;
    await using log = this.#log;
    const followed = await followStep({
      guest: service.machine.supervisor,
      log,
      clock: parts.ports.clock,
      reconnectMs: parts.settings.reconnectMs,
      ...(first === undefined ? {} : { first }),
      name: `service ${this.name}`,
      signal: this.#stop.signal,
      drained: async () => {},
      onLost: (message) =>
        service.journal.emit({ type: 'connection_lost', log_offset: log.received, message }),
      onResumed: () => service.journal.emit({ type: 'connection_resumed', log_offset: log.received }),
    });
    const isLeft = followed.isOk() && followed.value.kind === 'aborted';
    const kept = isLeft ? await log.pause() : await log.finish();
    if (kept.isErr()) service.journal.warn(kept.error.message);
    if (isLeft) return;
    this.#end = followed.isErr()
      ? { exitCode: null, message: `its log cannot be kept any more: ${followed.error.message}` }
      : endOf(followed.value);
    told(this.#end.message);
  }

  #hear(data: Uint8Array): void {
    const { wanted } = this.#input;
    const seen = Buffer.concat([this.#tail, data]);
    if (wanted !== null && !this.#isFound) this.#isFound = seen.includes(wanted);
    this.#tail = seen.subarray(Math.max(0, seen.length - TAIL_BYTES));
  }
}

function endOf(end: FollowEnd): { readonly exitCode: number | null; readonly message: string } {
  if (end.kind !== 'finished')
    return { exitCode: null, message: 'message' in end ? end.message : 'it is not followed any more' };
  const { result } = end.status;
  if (result === null) return { exitCode: null, message: 'it left no exit record' };
  const { exit_code, message, cause = 'exit' } = result;
  const how = cause === 'exit' ? `exit code ${exit_code}` : `${cause}${message === '' ? '' : `: ${message}`}`;
  return { exitCode: exit_code, message: how };
}
