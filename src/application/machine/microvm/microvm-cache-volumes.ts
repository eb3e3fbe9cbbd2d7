import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import { awakeBound } from '../../../streams/awake-timer.js';
import { CALL_BOUND_MS, COPY_BOUND_MS } from '../../cache/cache-bounds.js';
import type {
  CacheVolume,
  CacheVolumeFault,
  CacheVolumes,
  NewCacheVolume,
} from '../../cache/cache-volumes.js';
import type { MachineCaches } from '../../cache/machine-caches.js';
import type { MicrovmHost } from './microvm-host.js';

/** Beside a copy's own bound on the host. */
const MARGIN_MS = 60_000;
const KINDS: Readonly<Record<string, CacheVolumeFault['kind']>> = {
  already_exists: 'already_exists',
  not_found: 'not_found',
  stale: 'stale',
  in_use: 'in_use',
};
const configSchema = z.record(z.string(), z.string());

/**
 * Directories below the work directory of a host with microVMs, which its script copies, compares and removes; blocks are shared with a copy where the
 * file system can. The version of one is the line that stands in its `config`.
 */
export class MicrovmCacheVolumes implements CacheVolumes {
  readonly #host: MicrovmHost;
  readonly #workDir: string;
  /** There are those of one work directory in a place. */
  readonly project = 'microvm';

  constructor(host: MicrovmHost, workDir: string) {
    this.#host = host;
    this.#workDir = workDir;
  }

  get host(): string {
    return this.#host.name;
  }

  get pool(): string {
    return `${this.#workDir}/cache/volumes`;
  }

  /** Which directory is a machine's share. */
  dataOf(name: string): string {
    return `${this.pool}/${name}/data`;
  }

  /** The host may, or may not: nobody asks for each cache. */
  async sharesBlocks(): Promise<boolean> {
    return false;
  }

  /** A host that cannot run its script, or has no room for it and never had it, has none. */
  async list(signal: AbortSignal): Promise<Result<readonly CacheVolume[], CacheVolumeFault>> {
    const bounded = AbortSignal.any([signal, awakeBound(CALL_BOUND_MS)]);
    const told = await this.#host.query(['caches', this.#workDir], { signal: bounded, phase: null });
    if (told.isErr() && told.error.cause?.kind === 'spawn_failed') return ok([]);
    if (told.isErr()) return err({ kind: 'failed', message: told.error.message });
    return ok(told.value.split('\n').flatMap((line) => readLine(line)?.volume ?? []));
  }

  async read(name: string, signal: AbortSignal) {
    const told = await this.#ask(['cache', this.#workDir, name], signal);
    return told.andThen((text) => {
      const found = readLine(text.replace(/\n$/, ''));
      const message = `the host said something else than the cache ${name}`;
      return found === null ? err({ kind: 'failed' as const, message }) : ok(found);
    });
  }

  /** What a copy may have is looked at while its machine runs. */
  async create({ name, config, copyOf }: NewCacheVolume, signal: AbortSignal) {
    const words = ['cache-make', this.#workDir, name, JSON.stringify(config)];
    const made = await this.#ask(
      [...words, ...(copyOf === undefined ? [] : [copyOf])],
      signal,
      COPY_BOUND_MS + MARGIN_MS,
    );
    return made.map(() => undefined);
  }

  async change(
    name: string,
    keys: Readonly<Record<string, string | null>>,
    { version, signal }: { readonly version: string; readonly signal: AbortSignal },
  ): Promise<Result<void, CacheVolumeFault>> {
    const changed = new Map(Object.entries(readConfig(version)));
    for (const [key, value] of Object.entries(keys))
      if (value === null) changed.delete(key);
      else changed.set(key, value);
    const config = JSON.stringify(Object.fromEntries(changed));
    const swapped = await this.#ask(['cache-swap', this.#workDir, name, version, config], signal);
    return swapped.map(() => undefined);
  }

  async remove(name: string, signal: AbortSignal) {
    const removed = await this.#ask(['cache-remove', this.#workDir, name], signal, COPY_BOUND_MS);
    return removed.map(() => undefined);
  }

  /** Bytes that its files take; as the host counts them. */
  async bytesOf(name: string, signal: AbortSignal): Promise<Result<number, CacheVolumeFault>> {
    const told = await this.#ask(['cache-size', this.#workDir, name], signal, 2 * CALL_BOUND_MS);
    return told.andThen((text) => {
      const kib = /^([0-9]{1,13})\n$/.exec(text)?.[1];
      const message = 'the host does not say how large it is';
      return kib === undefined ? err({ kind: 'failed' as const, message }) : ok(Number(kib) * 1024);
    });
  }

  async #ask(
    words: readonly string[],
    signal: AbortSignal,
    boundMs = CALL_BOUND_MS,
  ): Promise<Result<string, CacheVolumeFault>> {
    const bounded = AbortSignal.any([signal, awakeBound(boundMs)]);
    const answer = await this.#host.ask(words, { signal: bounded, phase: null });
    if (answer.isErr()) return err({ kind: 'failed', message: answer.error.message });
    const { code, name, complaint, stdout } = answer.value;
    if (code === 0) return ok(stdout);
    const kind = KINDS[name];
    if (kind !== undefined || name === 'too_many_files')
      return err({ kind: kind ?? 'failed', message: complaint });
    return err({ kind: 'failed', message: this.#host.refused(words[0] ?? '', answer.value, null).message });
  }
}

/** The caches of a microVM, which is off when they are saved. */
export function microvmMachineCaches(volumes: MicrovmCacheVolumes): MachineCaches {
  return {
    volumesIn: () => volumes,
    bytesOf: ({ volume }, signal) => volumes.bytesOf(volume, signal),
  };
}

function readLine(line: string): { readonly volume: CacheVolume; readonly version: string } | null {
  const [, name, used, version] = /^([^ ]+) ([01]) (.*)$/.exec(line) ?? [];
  if (name === undefined || version === undefined) return null;
  return { volume: { name, config: readConfig(version), isUsed: used === '1' }, version };
}

/** What cannot be read is no cache. */
function readConfig(line: string): Readonly<Record<string, string>> {
  try {
    return configSchema.safeParse(JSON.parse(line)).data ?? {};
  } catch {
    return {};
  }
}
