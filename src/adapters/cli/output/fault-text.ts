import type { FaultCause } from '../../../application/faults/job-fault.js';
import type { OpenMachineFault } from '../../../application/faults/machine-fault.js';
import { escapeLine, escapeMessage } from './escape-control.js';

/** A fault for people: its kind and phase, what happened, what lies behind it, and what to look at. One string a line, escaped. */
export function faultLines(fault: OpenMachineFault): string[] {
  const phase = !('phase' in fault) || fault.phase === null ? '' : ` in ${fault.phase}`;
  const field = fault.field === undefined ? '' : ` (${escapeLine(fault.field)})`;
  const lines = [
    `${fault.kind}${phase} on ${escapeLine(fault.host)}${field}: ${escapeMessage(fault.message)}`,
  ];
  if (fault.cause !== undefined) lines.push(...causeLines(fault.cause));
  return lines;
}

function causeLines(cause: FaultCause): string[] {
  const lines = [`cause: ${cause.kind}${circumstances(cause)}: ${escapeMessage(cause.message, '    ')}`];
  if (cause.kind === 'host_key_refused') {
    const name = escapeLine(cause.knownHostsName ?? knownHostsName(cause.host));
    lines.push(
      `the host showed the key ${escapeLine(cause.fingerprint)} (${cause.reason.replaceAll('_', ' ')})`,
      `look at the line for ${name} in ${escapeLine(cause.knownHostsFile)}: ssh-keygen -l -F '${name}' -f '${escapeLine(cause.knownHostsFile)}'`,
    );
  }
  return lines;
}

function circumstances(cause: FaultCause): string {
  const parts: string[] = [];
  if ('tried' in cause) parts.push(` ${escapeLine(cause.tried)}`);
  if ('operation' in cause) parts.push(` ${escapeLine(cause.operation)}`);
  if ('path' in cause) parts.push(` ${escapeLine(cause.path)}`);
  if ('status' in cause && cause.status !== null) parts.push(` (${cause.status})`);
  return parts.join('');
}

/** A host as known_hosts writes it: `[name]:port` unless the port is 22, without the user. */
function knownHostsName(host: string): string {
  const address = escapeLine(host.slice(host.lastIndexOf('@') + 1));
  const match = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(address);
  if (match === null) return address.replace(/^\[(.*)\]$/, '$1');
  const name = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return match[2] === '22' ? name : `[${name}]:${match[2]}`;
}
