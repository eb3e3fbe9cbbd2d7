import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusServer } from '../../ports/incus-types.js';
import { failed, passed, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

/** Below it, what pikaci needs was not seen to work. */
const OLDEST = [6, 0, 4];
/** The first with the fix for https://github.com/lxc/incus/issues/2865. */
const RECOMMENDED = [6, 0, 6];
const UPGRADE = 'sudo apt-get update && sudo apt-get install --only-upgrade incus-base incus';
/** API extension with which a machine is created and started in one request. */
const CREATE_START = 'instance_create_start';

export function checkServer(server: IncusServer): DoctorCheck {
  const { serverVersion } = server;
  if (server.auth !== 'trusted') {
    return failed(
      'incus',
      `Incus ${serverVersion} does not trust this client (${server.auth})`,
      'incus config trust add-certificate client.crt',
    );
  }
  const version = /^\d+(\.\d+)*/.exec(serverVersion)?.[0].split('.').map(Number);
  if (version === undefined) {
    return warned('incus', `the version "${serverVersion}" cannot be read`, 'incus version');
  }
  if (isBefore(version, OLDEST)) {
    return failed('incus', `Incus ${serverVersion} is too old; 6.0.4 is the oldest that works`, UPGRADE);
  }
  if (!server.apiExtensions.includes(CREATE_START)) {
    return failed('incus', `Incus ${serverVersion} lacks the API extension ${CREATE_START}`, UPGRADE);
  }
  if (isBefore(version, RECOMMENDED)) {
    return warned(
      'incus',
      `Incus ${serverVersion}: the daemon may crash when operations run at the same time (incus#2865, fixed in 6.0.6)`,
      UPGRADE,
    );
  }
  return passed('incus', `Incus ${serverVersion} on ${server.architectures[0] ?? 'an unnamed architecture'}`);
}

export function incusUnusable(fault: IncusFault): DoctorCheck {
  const detail = describeFault(fault);
  if (fault.kind === 'permission_denied') {
    return failed(
      'incus',
      detail,
      'sudo usermod --append --groups incus-admin "$USER"   # then log in again',
    );
  }
  return failed('incus', detail, 'systemctl status incus.service incus.socket');
}

export function describeFault(fault: IncusFault): string {
  return `${fault.kind.replaceAll('_', ' ')} (${fault.tried}): ${fault.message}`;
}

function isBefore(version: readonly number[], other: readonly number[]): boolean {
  for (const [index, part] of other.entries()) {
    const mine = version[index] ?? 0;
    if (mine !== part) return mine < part;
  }
  return false;
}
