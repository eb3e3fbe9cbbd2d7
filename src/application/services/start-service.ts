import { err, ok, type Result } from 'neverthrow';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import { shellOf } from '../../domain/machine/command-shell.js';
import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import type { JobFault } from '../faults/job-fault.js';
import type { Seat, ServiceNetworks } from '../machine/service-networks.js';
import type { GuestFault } from '../supervisor/guest.js';
import { probeOf } from './ready-probe.js';
import type { ServiceMachine } from './service-machine.js';
import type { ServedJob, ServiceParts } from './service-parts.js';
import { ServiceRun } from './service-run.js';

const PHASE = 'start_services' as const;
/** It ends with its machine. */
const LIFE_SECS = 31 * 24 * 3600;
const PROBE_PAUSE_MS = 200;
const SETTLING_PAUSE_MS = 200;

/** What the machine's own init has started is the service, and its journal what it says. */
const JOURNAL = [
  'if journalctl -n 0 >/dev/null 2>&1; then exec journalctl --no-pager -b -n all -f; fi',
  'while :; do sleep 3600; done',
].join('\n');

export interface StartService {
  readonly parts: Pick<ServiceParts, 'ports' | 'settings'>;
  readonly job: ServedJob;
  readonly spec: ServiceSpec;
  readonly service: ServiceMachine;
  readonly seat: Seat;
  readonly networks: ServiceNetworks;
  readonly isOurs: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** Puts into the machine of a service what it is to find there, and begins its command. */
export async function startService(input: StartService): Promise<Result<ServiceRun, JobFault>> {
  const { parts, job, spec, service, seat, networks, isOurs, signal } = input;
  const { supervisor } = service.machine;
  const settled = await networks.settle(service.machine, seat, signal);
  if (settled.isErr()) return err(settled.error);
  for (const { path, content, mode } of spec.files) {
    const bytes = Buffer.from(content);
    const file = { path, mode: Number.parseInt(mode, 8), size: bytes.length, owner: 'root', atOnce: true };
    const put = await untilUp(input, () => supervisor.put(file, once(bytes), { signal }));
    if (put.isErr()) return err(fault(input, `${path} could not be written`, put.error));
  }
  const request = buildGuestRequest({
    command: spec.command ?? JOURNAL,
    shell: shellOf(spec.command ?? JOURNAL, spec.shell),
    timeoutSecs: LIFE_SECS,
    runAsRoot: spec.runAsRoot || spec.command === undefined,
    user: spec.user,
    env: spec.env,
  });
  const secrets = Object.fromEntries(
    Object.entries(job.job.secrets).filter(([name]) => spec.secrets.includes(name)),
  );
  // Its signal would end the stream that is followed later on as well.
  const call = { signal: new AbortController().signal };
  const first = await untilUp(input, () => supervisor.start(request, secrets, call));
  if (first.isErr()) return err(fault(input, 'its command could not be started', first.error));
  return await ServiceRun.follow({
    parts,
    job,
    service,
    first: first.value,
    secrets: job.secretValues,
    readyMs: null,
    wanted: spec.ready?.log ?? null,
    isOurs,
  });
}

/** Null once it is ready; why not, when its time is over or it has ended before. */
export async function whenReady(
  run: ServiceRun,
  { parts, spec, service, seat, networks, signal }: StartService,
): Promise<Result<string | null, JobFault>> {
  const { clock } = parts.ports;
  const begun = clock.monotonic();
  const probe = probeOf({
    spec,
    machine: service.machine,
    address: seat.address,
    networks,
    hasLogged: () => run.hasLogged,
  });
  const over = new AbortController();
  const gone = new AbortController();
  void run.ended.then((message) => gone.abort(`ended before it was ready (${message})`));
  void clock.bound(spec.readyTimeoutSecs * 1000, signal).then((end) => end === 'elapsed' && over.abort());
  const within = AbortSignal.any([signal, over.signal, gone.signal]);
  const { command } = spec.ready ?? {};
  let last =
    command === undefined ? 'it did not say' : `the command ${JSON.stringify(command)} has not ended`;
  for (;;) {
    const probed = await probe(within);
    if (signal.aborted) return err(cancelled(service));
    if (probed.isOk() && probed.value === null) {
      run.readyMs = Math.round(clock.monotonic() - begun);
      return ok(null);
    }
    // One that was cut off says nothing new.
    if (probed.isOk() && probed.value !== null) last = probed.value;
    else if (probed.isErr() && !within.aborted) last = probed.error.message;
    if (!within.aborted) await clock.sleep(PROBE_PAUSE_MS, within);
    if (signal.aborted) return err(cancelled(service));
    if (gone.signal.aborted) return ok(String(gone.signal.reason));
    if (over.signal.aborted) return ok(`was not ready within ${spec.readyTimeoutSecs} s: ${last}`);
  }
}

/** A machine that was just made may not answer yet. */
async function untilUp<T>(
  { parts, signal }: StartService,
  call: () => Promise<Result<T, GuestFault>>,
): Promise<Result<T, GuestFault>> {
  const { clock } = parts.ports;
  const until = clock.monotonic() + parts.settings.reconnectMs;
  for (;;) {
    const done = await call();
    const passes =
      done.isErr() && (done.error.kind === 'connection_lost' || done.error.kind === 'not_running');
    if (!passes || clock.monotonic() > until) return done;
    if ((await clock.sleep(SETTLING_PAUSE_MS, signal)) === 'aborted') return done;
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

function fault(
  { service, signal }: StartService,
  what: string,
  { message, cause, kind }: GuestFault,
): JobFault {
  const { machine, name } = service;
  return {
    kind: signal.aborted ? 'cancelled' : kind === 'connection_lost' ? 'host' : 'guest',
    phase: PHASE,
    host: machine.context.shared.remoteHost,
    message: `the service ${name}: ${what} in ${machine.name}: ${message}`,
    ...(cause === undefined ? {} : { cause }),
  };
}

function cancelled({ name, machine }: ServiceMachine): JobFault {
  const message = `cancelled while the service ${name} was started`;
  return { kind: 'cancelled', phase: PHASE, host: machine.context.shared.remoteHost, message };
}
