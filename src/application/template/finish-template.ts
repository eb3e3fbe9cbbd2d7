import { err, ok, type Result } from 'neverthrow';
import { readLease, withoutLease } from '../../domain/machine/lease.js';
import { TEMPLATE_SNAPSHOT, type TemplateMark, templateConfig } from '../../domain/machine/template-mark.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusConfig, IncusInstance, Tagged } from '../../ports/incus-types.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { cleanGuest } from './clean-guest.js';
import { templateFault, whileAtTemplate } from './template-fault.js';
import type { TemplateParts } from './template-parts.js';

const BOUND_MS = 5 * 60_000;
/** For a machine to end by itself; then it is ended. */
const STOP_SECS = 20;
/** Of an instance's configuration, what a snapshot of it keeps: what the daemon knows of it, and whose it is. */
const KEPT_KEYS = /^(volatile|image|user\.pikaci)\./;

/** Keeps what becomes a template in the hands of who makes it, between the changes of it as a whole that nobody may come between. */
export interface MakersHold {
  /** For the next change. */
  keep(): Promise<Result<void, JobFault>>;
  /** While something takes long. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

export interface FinishTemplate {
  readonly instance: string;
  /** Whose lease it has to be until the last step. */
  readonly owner: string;
  readonly mark: Omit<TemplateMark, 'madeAtMs' | 'lastUsedMs' | 'bytes'>;
  readonly hold: MakersHold;
}

interface Parts extends Pick<TemplateParts, 'ports' | 'hostTime'> {
  readonly settings: Pick<TemplateParts['settings'], 'incusProject'>;
}

/**
 * Makes a template of a machine in which its setup has passed: cleans and stops it, takes its own configuration and devices away, makes
 * the snapshot, and marks it. The mark takes the place of the lease in one change, so that nothing before is used by anybody.
 */
export async function finishTemplate(parts: Parts, input: FinishTemplate): Promise<Result<void, JobFault>> {
  const { hostTime } = parts;
  const { incus } = parts.ports;
  const { incusProject: project } = parts.settings;
  const { instance, owner, hold } = input;
  const signal = awakeBound(BOUND_MS);
  const stopped = await hold.during(async () => {
    const cleaned = await cleanGuest(incus, { project, name: instance });
    if (cleaned.isErr()) return err(cleaned.error);
    return (await stop(parts, input, signal)).map(() => cleaned.value);
  });
  if (stopped.isErr()) return err(stopped.error);
  const mark = { ...input.mark, madeAtMs: hostTime.now(), bytes: stopped.value.bytes };
  return await keepAsTemplate(parts, { instance, owner, mark, hold }, signal);
}

/** What becomes a template, whose it has to be until the last step, and what it is then known by. */
interface KeepAsTemplate {
  readonly instance: string;
  readonly owner: string;
  readonly mark: Omit<TemplateMark, 'lastUsedMs'>;
  readonly hold: MakersHold;
}

/** The same of an instance that is stopped and holds nothing that its copies must not have. */
export async function keepAsTemplate(
  parts: Parts,
  input: KeepAsTemplate,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const { incus } = parts.ports;
  const { incusProject: project } = parts.settings;
  const { instance, hold } = input;
  const held = await hold.keep();
  if (held.isErr()) return err(held.error);
  const before = await ownInstance(parts, input, signal);
  if (before.isErr()) return err(before.error);
  const { value, etag } = before.value;
  const put = { ...value, config: bare(value.config), devices: {}, ephemeral: false };
  const stripped = await incus.putInstance(project, instance, put, { etag, signal });
  if (stripped.isErr()) return err(at('strip', instance, stripped.error));
  // A pool that does not copy on write copies every byte.
  const taken = await hold.during(() =>
    incus.snapshotInstance(project, { instance, snapshot: TEMPLATE_SNAPSHOT }, { signal }),
  );
  if (taken.isErr()) return err(at('make a snapshot of', instance, taken.error));
  const stillHeld = await hold.keep();
  if (stillHeld.isErr()) return err(stillHeld.error);
  const after = await ownInstance(parts, input, signal);
  return after.isErr() ? err(after.error) : await mark(parts, input, after.value.etag, signal);
}

async function stop(
  { ports: { incus }, settings: { incusProject: project } }: Parts,
  { instance }: FinishTemplate,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const change = (timeoutSecs: number, force: boolean) =>
    incus.changeState(project, instance, { action: 'stop', timeoutSecs, force }, { signal });
  const stopped = await change(STOP_SECS, false);
  if (stopped.isOk()) return ok(undefined);
  const ended = await change(0, true);
  if (ended.isOk()) return ok(undefined);
  const found = await incus.instance(project, instance, { signal });
  return found.isOk() && found.value.value.status === 'Stopped'
    ? ok(undefined)
    : err(at('stop', instance, ended.error));
}

async function ownInstance(
  { ports: { incus }, settings: { incusProject: project } }: Parts,
  { instance, owner }: Pick<FinishTemplate, 'instance' | 'owner'>,
  signal: AbortSignal,
): Promise<Result<Tagged<IncusInstance>, JobFault>> {
  const found = await incus.instance(project, instance, { signal });
  if (found.isErr()) return err(at('read', instance, found.error));
  if (readLease(found.value.value.config)?.owner === owner) return ok(found.value);
  return err(templateFault(incus.host, `another process now owns ${instance}`));
}

async function mark(
  { ports: { incus }, settings: { incusProject: project }, hostTime }: Parts,
  input: KeepAsTemplate,
  etag: string,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const config = {
    ...withoutLease(),
    ...templateConfig({ ...input.mark, lastUsedMs: hostTime.now() }),
  };
  const marked = await incus.patchInstance(project, input.instance, config, { etag, signal });
  return marked.mapErr((fault) => at('mark', input.instance, fault));
}

function bare(config: IncusConfig): IncusConfig {
  return Object.fromEntries(Object.entries(config).filter(([key]) => KEPT_KEYS.test(key)));
}

function at(verb: string, instance: string, fault: IncusFault): JobFault {
  return whileAtTemplate(fault, `${verb} the template's machine ${instance}`);
}
