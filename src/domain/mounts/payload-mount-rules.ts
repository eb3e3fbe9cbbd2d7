import { err, ok, type Result } from 'neverthrow';
import { ownerOfGuestPath } from '../machine/guest-paths.js';
import { hasControlCharacter, isNormalisedAbsolutePath, isWithin, joinBelow } from '../values/path-rules.js';
import type { PayloadMountRecord } from './payload-manifest.js';

/** Says which field of which mount broke which rule; `message` is for people and says what to do. */
export interface PayloadMountFault {
  readonly kind: 'invalid_payload_mount';
  readonly field: 'relative_path' | 'guest_path' | 'name';
  readonly mountName: string;
  readonly value: string;
  readonly message: string;
}

/** A mount that keeps the rules. `sourcePath` is below the output root by its text; links on the host are checked there. */
export interface ValidatedPayloadMount {
  readonly name: string;
  readonly sourcePath: string;
  readonly guestPath: string;
  readonly readOnly: boolean;
}

const MAX_PATH = 4096;

function relativePathProblem(path: string): string | null {
  if (path === '') return 'is empty; use "." for the payload root itself';
  if (path.length > MAX_PATH) return `is longer than ${MAX_PATH} characters`;
  if (hasControlCharacter(path)) return 'holds a NUL or another control character';
  if (path.startsWith('/')) return 'is absolute; it must be relative to the payload root';
  if (path.split('/').includes('..')) return 'contains ".."; it must stay within the payload root';
  return null;
}

function guestPathProblem(path: string, readOnly: boolean): string | null {
  if (path.length > MAX_PATH) return `is longer than ${MAX_PATH} characters`;
  if (hasControlCharacter(path)) return 'holds a NUL or another control character';
  if (!path.startsWith('/')) return 'is relative; it must be an absolute path in the guest';
  if (!isNormalisedAbsolutePath(path)) return 'is not normalised: no "//", ".", ".." or slash at the end';
  if (path === '/') return 'is "/"; a mount cannot replace the whole guest';
  const owner = ownerOfGuestPath(path);
  if (readOnly && path === '/home')
    return 'would leave no place for the home directory of the user of the job';
  if (owner !== undefined) return `would cover or lie in ${owner}, which the supervisor owns`;
  return null;
}

function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'is empty; every mount needs a name';
  if (hasControlCharacter(name)) return 'holds a NUL or another control character';
  return null;
}

/** Checks one mount of the output at `outputRoot` (absolute, normalised). */
export function validatePayloadMount(
  outputRoot: string,
  mount: PayloadMountRecord,
): Result<ValidatedPayloadMount, PayloadMountFault> {
  const checks = [
    ['name', mount.name, nameProblem(mount.name)],
    ['relative_path', mount.relative_path, relativePathProblem(mount.relative_path)],
    ['guest_path', mount.guest_path, guestPathProblem(mount.guest_path, mount.read_only)],
  ] as const;
  for (const [field, value, problem] of checks) {
    if (problem !== null) return err(fault(field, mount.name, value, problem));
  }
  return ok({
    name: mount.name,
    sourcePath: joinBelow(outputRoot, mount.relative_path),
    guestPath: mount.guest_path,
    readOnly: mount.read_only,
  });
}

/** Checks each mount, then that no two share a name or a place, and that none lies inside another. */
export function validatePayloadMounts(
  outputRoot: string,
  mounts: readonly PayloadMountRecord[],
): Result<ValidatedPayloadMount[], PayloadMountFault> {
  const accepted: ValidatedPayloadMount[] = [];
  for (const mount of mounts) {
    const validated = validatePayloadMount(outputRoot, mount);
    if (validated.isErr()) return err(validated.error);
    if (accepted.some((other) => other.name === mount.name)) {
      return err(fault('name', mount.name, mount.name, 'is taken by another mount of this output'));
    }
    const clash = clashingMount(accepted, validated.value);
    if (clash !== null) return err(clash);
    accepted.push(validated.value);
  }
  return ok(accepted);
}

/** The fault when `mount` would lie on, in, or around one of `others`; null when it is free. Also used across outputs. */
export function clashingMount(
  others: readonly (Pick<ValidatedPayloadMount, 'guestPath' | 'name'> & OfOutput)[],
  mount: ValidatedPayloadMount & OfOutput,
): PayloadMountFault | null {
  const other = others.find(
    (o) => isWithin(o.guestPath, mount.guestPath) || isWithin(mount.guestPath, o.guestPath),
  );
  if (other === undefined) return null;
  const relation = other.guestPath === mount.guestPath ? 'is the same place as' : 'overlaps';
  const problem = `${relation} ${other.guestPath} of the mount "${other.name}"${ofOutput(other)}`;
  const own = ofOutput(mount);
  return fault(
    'guest_path',
    mount.name,
    mount.guestPath,
    own === '' ? problem : `(${own.trim()}) ${problem}`,
  );
}

/** Which output a mount is of, where several are looked at. */
interface OfOutput {
  readonly devicePrefix?: string;
}

function ofOutput({ devicePrefix }: OfOutput): string {
  return devicePrefix === undefined ? '' : ` of the output "${devicePrefix}"`;
}

function fault(
  field: PayloadMountFault['field'],
  mountName: string,
  value: string,
  problem: string,
): PayloadMountFault {
  const shown = JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
  return {
    kind: 'invalid_payload_mount',
    field,
    mountName,
    value,
    message: `mount ${JSON.stringify(mountName.slice(0, 200))}: ${field} ${shown} ${problem}`,
  };
}
