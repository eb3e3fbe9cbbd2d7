import { pikaciConfigSchema } from '../../../domain/config/config.js';

/** What is wrong with the value of `--host`, or null. */
export function checkHostOption(value: string): string | null {
  const parsed = pikaciConfigSchema.shape.host.safeParse(hostOf(value, {}));
  return parsed.success ? null : 'must be "local", "host", "user@host" or "user@host:port"';
}

/** Puts another host into a configuration that has not been checked yet; keys and known hosts stay as they are. */
export function replaceHost(raw: unknown, value: string): unknown {
  if (!isObject(raw)) return raw;
  const present = raw['host'];
  return { ...raw, host: hostOf(value, isObject(present) ? present : {}) };
}

function hostOf(value: string, present: Readonly<Record<string, unknown>>): unknown {
  return value === 'local' ? 'local' : { ...present, ssh: value };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
