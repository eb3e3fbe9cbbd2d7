import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import {
  type Acquisition,
  acquisitionWord,
  readAcquisitionWord,
} from '../../../domain/machine/acquisition.js';
import type { Lease } from '../../../domain/machine/lease.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { MicrovmHost } from './microvm-host.js';
import { readLeaseLine } from './microvm-lease.js';

const CALL_BOUND_MS = 60_000;
/** A disk is written to the end before it counts. */
const KEEP_BOUND_MS = 10 * 60_000;
const configSchema = z.record(z.string(), z.string());

/** A layer, as the host says it. */
export interface MicrovmLayer {
  readonly name: string;
  readonly isUsed: boolean;
  /** What it takes on the host, with those that it stands on. */
  readonly bytes: number;
  readonly config: Readonly<Record<string, string>>;
  /** The config as it stands there: what is compared before it is changed. */
  readonly version: string;
}

/** What there is of a layer. `making`: the machine in which it is being made has this lease. */
export type LookedLayer =
  | { readonly kind: 'ready'; readonly layer: MicrovmLayer }
  | { readonly kind: 'making'; readonly lease: Lease }
  | { readonly kind: 'absent' };

export interface KeepLayer {
  readonly name: string;
  /** Of the machine whose disk it is, and whose that must be. */
  readonly jobDir: string;
  readonly acquisition: Acquisition;
  readonly config: Readonly<Record<string, string>>;
}

/** The read-only layers that microVMs of templates stand on: directories below the work directory, with disks that nobody writes any more. */
export class MicrovmLayers {
  readonly #host: MicrovmHost;
  readonly #workDir: string;

  constructor(host: MicrovmHost, workDir: string) {
    this.#host = host;
    this.#workDir = workDir;
  }

  /** A host that cannot run its script has none. */
  async list(signal: AbortSignal): Promise<Result<readonly MicrovmLayer[], JobFault>> {
    const call = { signal: bounded(signal), phase: null };
    const told = await this.#host.query(['layers', this.#workDir], call);
    if (told.isErr() && told.error.cause?.kind === 'spawn_failed') return ok([]);
    return told.map((text) => text.split('\n').flatMap((line) => readLayer(line) ?? []));
  }

  /** `jobDir` is where it would be made. */
  async look(name: string, jobDir: string, signal: AbortSignal): Promise<Result<LookedLayer, JobFault>> {
    const call = { signal: bounded(signal), phase: null };
    const words = ['layer', this.#workDir, name, jobDir];
    const answer = await this.#host.ask(words, call);
    if (answer.isErr()) return err(answer.error);
    // Its machine went in this moment.
    if (answer.value.name === 'not_found') return ok({ kind: 'absent' });
    if (answer.value.code !== 0) return err(this.#host.refused('layer', answer.value, null));
    const [kind, one = '', two = ''] = answer.value.stdout.split('\n');
    const layer = kind === 'ready' ? readLayer(one) : null;
    if (layer !== null) return ok({ kind: 'ready', layer });
    if (kind === 'making') return ok({ kind, lease: readLeaseLine(one, readAcquisitionWord(two)) });
    if (kind === 'absent') return ok({ kind });
    return err(this.#host.refused('layer', answer.value, null));
  }

  /** Makes it of the disk of a machine that has ended. */
  async keep(
    { name, jobDir, acquisition, config }: KeepLayer,
    signal: AbortSignal,
  ): Promise<Result<'kept' | 'taken', JobFault>> {
    const words = [
      'layer-keep',
      this.#workDir,
      name,
      jobDir,
      JSON.stringify(config),
      acquisitionWord(acquisition),
    ];
    return await this.#change(words, { already_exists: 'taken' as const }, 'kept', signal, KEEP_BOUND_MS);
  }

  /** Replaces its config, unless that is another one by now. */
  swap(
    { name, version }: Pick<MicrovmLayer, 'name' | 'version'>,
    config: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Result<'done' | 'changed', JobFault>> {
    const words = ['layer-swap', this.#workDir, name, version, JSON.stringify(config)];
    return this.#change(words, CHANGED, 'done', signal);
  }

  remove(
    { name, version }: Pick<MicrovmLayer, 'name' | 'version'>,
    signal: AbortSignal,
  ): Promise<Result<'done' | 'changed', JobFault>> {
    const words = ['layer-remove', this.#workDir, name, version];
    return this.#change(words, CHANGED, 'done', signal, KEEP_BOUND_MS);
  }

  async #change<T extends string, U extends string>(
    words: readonly string[],
    named: Readonly<Record<string, T>>,
    done: U,
    signal: AbortSignal,
    boundMs = CALL_BOUND_MS,
  ): Promise<Result<T | U, JobFault>> {
    const answer = await this.#host.ask(words, { signal: bounded(signal, boundMs), phase: null });
    if (answer.isErr()) return err(answer.error);
    if (answer.value.code === 0) return ok(done);
    const known = named[answer.value.name];
    return known === undefined ? err(this.#host.refused(words[0] ?? '', answer.value, null)) : ok(known);
  }
}

const CHANGED = { stale: 'changed', not_found: 'changed' } as const;

function bounded(signal: AbortSignal, boundMs = CALL_BOUND_MS): AbortSignal {
  return AbortSignal.any([signal, awakeBound(boundMs)]);
}

function readLayer(line: string): MicrovmLayer | null {
  const [, name, used, kib, version] = /^([^ ]+) ([01]) ([0-9]{1,13}) (.*)$/.exec(line) ?? [];
  if (name === undefined || version === undefined) return null;
  return { name, isUsed: used === '1', bytes: Number(kib) * 1024, config: readConfig(version), version };
}

/** What cannot be read is no template. */
function readConfig(line: string): Readonly<Record<string, string>> {
  try {
    return configSchema.safeParse(JSON.parse(line)).data ?? {};
  } catch {
    return {};
  }
}
