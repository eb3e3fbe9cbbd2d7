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

/**
 * Why another host cannot be put beside the configured way to Incus, or null: an address of its own stays where it is, so machines would
 * be made there, and what they mount put on the other host.
 */
export function incusElsewhere(raw: unknown, value: string): string | null {
  if (!isObject(raw) || !isObject(raw['incus'])) return null;
  const { transport } = raw['incus'] as { readonly transport?: unknown };
  if (!isObject(transport) || transport['via'] !== 'https') return null;
  const present = raw['host'];
  const configured = isObject(present) ? present['ssh'] : present;
  if (typeof configured === 'string' && hostName(configured) === hostName(value)) return null;
  const url = String(transport['url']);
  return `the configuration reaches Incus at ${url}, and not by way of ${value}: leave "incus.transport" out of it, or name both in another configuration`;
}

/** Without user and port. */
function hostName(target: string): string {
  const address = target.slice(target.lastIndexOf('@') + 1);
  return address.replace(/(?<=^[^:]+|\]):[0-9]+$/, '').toLowerCase();
}

function hostOf(value: string, present: Readonly<Record<string, unknown>>): unknown {
  return value === 'local' ? 'local' : { ...present, ssh: value };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
