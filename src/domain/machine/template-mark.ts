/**
 * How a made template is known on its host: keys of the instance whose snapshot is copied. They are written last, in one change that
 * takes the lease away, so an instance that has them is whole; one that still has a lease is being made, and is nobody's when that ends.
 */
export interface TemplateMark {
  /** What it was made from; 64 hex digits. */
  readonly key: string;
  /** As the configuration that made it calls it; for people. */
  readonly name: string;
  /** Ms since the epoch, on the host. */
  readonly madeAtMs: number;
  readonly lastUsedMs: number;
  /** The image at its bottom. */
  readonly alias: string;
  readonly fingerprint: string;
  /** What its files took when it was made, those of the image included; null when that is not known. */
  readonly bytes: number | null;
}

/** The snapshot of a template's instance that is copied. */
export const TEMPLATE_SNAPSHOT = 'ready';
const PREFIX = 'user.pikaci.template.';
export const TEMPLATE_KEY = `${PREFIX}key`;
const NAME = `${PREFIX}name`;
const MADE = `${PREFIX}made_at_ms`;
const USED = `${PREFIX}last_used_ms`;
const ALIAS = `${PREFIX}image_alias`;
const BYTES = `${PREFIX}bytes`;
const FINGERPRINT = `${PREFIX}image_fingerprint`;

export function templateConfig(mark: TemplateMark): Record<string, string> {
  return {
    [TEMPLATE_KEY]: mark.key,
    [NAME]: mark.name,
    [MADE]: String(Math.round(mark.madeAtMs)),
    [ALIAS]: mark.alias,
    [FINGERPRINT]: mark.fingerprint,
    ...(mark.bytes === null ? {} : { [BYTES]: String(mark.bytes) }),
    ...templateUse(mark.lastUsedMs),
  };
}

/** The one key that changes while a template is there. */
export function templateUse(lastUsedMs: number): Record<string, string> {
  return { [USED]: String(Math.round(lastUsedMs)) };
}

/** Null when the instance is no made template. A time that cannot be read is long ago. */
export function readTemplateMark(config: Readonly<Record<string, string>>): TemplateMark | null {
  const key = config[TEMPLATE_KEY];
  if (key === undefined || key === '') return null;
  const number = (name: string) => {
    const value = Number(config[name]);
    return Number.isFinite(value) ? value : 0;
  };
  return {
    key,
    name: config[NAME] ?? '',
    madeAtMs: number(MADE),
    lastUsedMs: number(USED),
    alias: config[ALIAS] ?? '',
    fingerprint: config[FINGERPRINT] ?? '',
    bytes: number(BYTES) || null,
  };
}
