import { ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type {
  IncusConfig,
  IncusDevice,
  IncusDevices,
  IncusInstanceType,
} from '../../../ports/incus-types.js';
import { refuse } from './memory-fault.js';

const deviceName = /^[/.:_A-Za-z0-9-]{1,63}$/;

/** What Incus refuses in devices, whatever the host has. */
export function checkDevices(
  devices: IncusDevices,
  type: IncusInstanceType,
  tried: string,
): Result<void, IncusFault> {
  const paths = new Set<string>();
  for (const [name, device] of Object.entries(devices)) {
    const wrong = deviceName.test(name) ? faultIn(device, type) : 'the name is not valid';
    if (wrong) return refuse('invalid_request', tried, `Invalid devices: Device "${name}": ${wrong}`);
    const path = device['type'] === 'disk' ? device['path'] : undefined;
    if (path === undefined) continue;
    if (paths.has(path))
      return refuse('invalid_request', tried, `More than one disk device uses the path "${path}"`);
    paths.add(path);
  }
  return ok(undefined);
}

function faultIn(device: IncusDevice, type: IncusInstanceType): string | undefined {
  if (!device['type']) return 'Missing device type';
  if (device['type'] !== 'disk') return undefined;
  if (device['shift'] && device['pool'])
    return 'The "shift" property cannot be used with custom storage volumes';
  if (device['recursive'] === 'true' && device['readonly'] === 'true') {
    return 'Recursive read-only bind-mounts are not supported';
  }
  return device['io.bus'] && type === 'container' ? '"io.bus" is for virtual machines only' : undefined;
}

/** A disk that is a directory of the host. */
export function hostPath(device: IncusDevice): string | undefined {
  const { type, source, pool } = device as Record<string, string | undefined>;
  return type === 'disk' && pool === undefined && source?.startsWith('/') ? source : undefined;
}

const forbidden = [/^raw\./, /^security\.nesting$/, /^boot\.host_shutdown_/];

/** What a restricted project refuses (doc/reference/projects.md, `restricted.*`). */
export function checkRestricted(
  project: IncusConfig,
  config: IncusConfig,
  devices: IncusDevices,
  tried: string,
): Result<void, IncusFault> {
  if (project['restricted'] !== 'true') return ok(undefined);
  const key = Object.keys(config).find((name) => forbidden.some((pattern) => pattern.test(name)));
  if (key) return refuse('invalid_request', tried, `Use of "${key}" is forbidden`);
  const prefixes = (project['restricted.devices.disk.paths'] ?? '')
    .split(',')
    .filter((prefix) => prefix !== '');
  for (const [name, device] of Object.entries(devices)) {
    const source = hostPath(device);
    if (source === undefined) continue;
    const allowed = project['restricted.devices.disk'] === 'allow' && withinSome(source, prefixes);
    if (allowed && prefixes.length > 0 && device['shift'] === 'true') {
      const message = `Failed add validation for device "${name}": The "shift" property cannot be used with a restricted source path`;
      return refuse('invalid_request', tried, message);
    }
    if (!allowed) {
      return refuse(
        'invalid_request',
        tried,
        `Failed checking if instance creation allowed: device "${name}"`,
      );
    }
  }
  return ok(undefined);
}

function withinSome(source: string, prefixes: readonly string[]): boolean {
  if (source.split('/').includes('..')) return false;
  return (
    prefixes.length === 0 || prefixes.some((prefix) => source === prefix || source.startsWith(`${prefix}/`))
  );
}
