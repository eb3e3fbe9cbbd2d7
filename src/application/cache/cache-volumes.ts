import type { Result } from 'neverthrow';

/** A directory that a host keeps as one thing, and the keys that say what it is. */
export interface CacheVolume {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** A machine has it. */
  readonly isUsed: boolean;
}

/**
 * - `already_exists`, `not_found`: by the name.
 * - `stale`: it was changed since it was read.
 * - `in_use`: a machine has it, so it stays.
 * - `failed`: the host refused or could not be asked.
 */
export interface CacheVolumeFault {
  readonly kind: 'already_exists' | 'not_found' | 'stale' | 'in_use' | 'failed';
  readonly message: string;
}

/** What a volume is made with. */
export interface NewCacheVolume {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** The volume whose files it has, also one that a machine has; empty when left out. */
  readonly copyOf?: string;
  /** What it may have, where the host can hold it to that. */
  readonly maxBytes?: number;
}

type Answer<T> = Promise<Result<T, CacheVolumeFault>>;

/**
 * Where caches lie: custom volumes of Incus, or directories of a host with microVMs. Of two that make one name, or change one version, one
 * learns that it lost. Every call has a bound of its own.
 */
export interface CacheVolumes {
  readonly host: string;
  /** Whose caches they are: one place may have those of several projects. */
  readonly project: string;
  /** The storage pool, or the directory. */
  readonly pool: string;
  list(signal: AbortSignal): Answer<readonly CacheVolume[]>;
  read(name: string, signal: AbortSignal): Answer<{ readonly volume: CacheVolume; readonly version: string }>;
  create(volume: NewCacheVolume, signal: AbortSignal): Answer<void>;
  /** Merges keys; `null` removes one. */
  change(
    name: string,
    keys: Readonly<Record<string, string | null>>,
    call: { readonly version: string; readonly signal: AbortSignal },
  ): Answer<void>;
  remove(name: string, signal: AbortSignal): Answer<void>;
  /** Whether a copy costs about nothing whatever its size; false where that is not known. */
  sharesBlocks(signal: AbortSignal): Promise<boolean>;
}
