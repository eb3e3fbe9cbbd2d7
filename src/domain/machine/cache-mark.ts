import { sha256Hex } from '../values/content-hash.js';

/**
 * What a cache is known by. The path is part of it, as in the version of a GitHub cache: keys of one text at two paths are two caches, and
 * nothing is found by a job that has it elsewhere.
 */
export interface CacheIdentity {
  readonly project: string;
  readonly scope: string;
  /** In the guest. */
  readonly path: string;
  readonly key: string;
}

/**
 * How a cache is known on its host: keys of a custom volume. There is one volume for each identity, made under a name of its own, so that
 * of two that save it one does. It is marked as complete last, in one change that takes the saver away: a volume that still has a saver is
 * being filled, and nobody's when the saver's time has ended.
 */
export interface CacheMark extends CacheIdentity {
  /** Ms since the epoch, on the host. */
  readonly madeAtMs: number;
  readonly lastUsedMs: number;
  /** What its files took when it was saved. */
  readonly bytes: number;
}

/** Who fills or removes a volume, and until when that may last. */
export interface CacheSaver {
  readonly token: string;
  readonly untilMs: number;
}

/** The copy of a cache that one machine has. */
export interface CacheCopy {
  readonly project: string;
  readonly acquisition: string;
  /** Until then its machine may come; afterwards it is nobody's, unless a machine has it. */
  readonly untilMs: number;
}

const PREFIX = 'user.pikaci.cache.';
const PROJECT = `${PREFIX}project`;
const SCOPE = `${PREFIX}scope`;
const PATH = `${PREFIX}path`;
const KEY = `${PREFIX}key`;
const MADE = `${PREFIX}made_at_ms`;
const USED = `${PREFIX}last_used_ms`;
const BYTES = `${PREFIX}bytes`;
const SAVER = `${PREFIX}saver`;
const SAVER_UNTIL = `${PREFIX}saver_until_ms`;
const COPY_OF = `${PREFIX}copy_for`;
const COPY_UNTIL = `${PREFIX}copy_until_ms`;

/** What lets a copy, and copies of it, be used by machines that have other ids: owners on the disk are those of the guest. */
const SHIFTED = { 'security.shifted': 'true' };

export const CACHE_NAMES = 'pikaci-cache-';
export const CACHE_COPY_NAMES = 'pikaci-cachecopy-';

export function cacheVolumeName({ project, scope, path, key }: CacheIdentity): string {
  const identity = JSON.stringify(['pikaci-cache-2', project, scope, path, key]);
  return `${CACHE_NAMES}${sha256Hex(identity).slice(0, 32)}`;
}

/** Of a volume that is about to be filled. */
export function newCacheConfig(
  { project, scope, path, key }: CacheIdentity,
  saver: CacheSaver,
): Record<string, string> {
  const identity = { [PROJECT]: project, [SCOPE]: scope, [PATH]: path, [KEY]: key };
  return { ...SHIFTED, ...identity, ...saverConfig(saver) };
}

function saverConfig({ token, untilMs }: CacheSaver): Record<string, string> {
  return { [SAVER]: token, [SAVER_UNTIL]: String(Math.round(untilMs)) };
}

/** The change that makes a filled volume a cache. */
export function completeCache(madeAtMs: number, bytes: number): Record<string, string | null> {
  return {
    [SAVER]: null,
    [SAVER_UNTIL]: null,
    [MADE]: String(Math.round(madeAtMs)),
    [BYTES]: String(bytes),
    ...cacheUse(madeAtMs),
  };
}

/** The change after which a cache is none any more, and nobody else's to remove. */
export function claimCache(saver: CacheSaver): Record<string, string | null> {
  return { ...saverConfig(saver), [MADE]: null };
}

export function cacheUse(lastUsedMs: number): Record<string, string> {
  return { [USED]: String(Math.round(lastUsedMs)) };
}

type Config = Readonly<Record<string, string>>;

/** Null when the volume is no complete cache that its name belongs to. A time that cannot be read is long ago. */
export function readCacheMark(name: string, config: Config): CacheMark | null {
  const { [PROJECT]: project, [SCOPE]: scope, [PATH]: path, [KEY]: key } = config;
  if (project === undefined || scope === undefined || path === undefined || key === undefined) return null;
  if (config[MADE] === undefined || config[SAVER] !== undefined) return null;
  if (cacheVolumeName({ project, scope, path, key }) !== name) return null;
  const [madeAtMs, lastUsedMs, bytes] = [MADE, USED, BYTES].map((field) => whole(config[field])) as [
    number,
    number,
    number,
  ];
  return { project, scope, path, key, madeAtMs, lastUsedMs, bytes };
}

/** Null when nobody fills or removes the volume. */
export function readCacheSaver(config: Config): (CacheSaver & { readonly project: string }) | null {
  const token = config[SAVER];
  if (token === undefined) return null;
  return { token, untilMs: whole(config[SAVER_UNTIL]), project: config[PROJECT] ?? '' };
}

export function cacheCopyConfig({ project, acquisition, untilMs }: CacheCopy): Record<string, string> {
  return {
    ...SHIFTED,
    [PROJECT]: project,
    [COPY_OF]: acquisition,
    [COPY_UNTIL]: String(Math.round(untilMs)),
  };
}

/** Null when the volume is no copy. */
export function readCacheCopy(config: Config): CacheCopy | null {
  const acquisition = config[COPY_OF];
  if (acquisition === undefined) return null;
  return { project: config[PROJECT] ?? '', acquisition, untilMs: whole(config[COPY_UNTIL]) };
}

function whole(text: string | undefined): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
