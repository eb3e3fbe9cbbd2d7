import { err, ok, type Result } from 'neverthrow';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import { quoteWord } from '../../../domain/values/shell-words.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusDevice, IncusProfile } from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';

const PHASE = 'prepare_runtime' as const;

/** Whether a machine for what is not trusted would be kept to itself by its profile: no privileges, and no way to the host or to other machines. */
export async function checkIsolation(
  incus: IncusApi,
  { incusProject: project, incusProfile: name }: Pick<RemoteIncusContext, 'incusProject' | 'incusProfile'>,
  profile: IncusProfile,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const field = 'incus.untrustedProfile';
  const refuse = (message: string) =>
    err({ kind: 'not_trusted' as const, phase: PHASE, host: incus.host, message, field });
  const problem = privileges(profile);
  if (problem !== null) return refuse(`the profile "${name}" ${problem}`);
  for (const [device, nic] of Object.entries(profile.devices)) {
    const reaches = whyReaches(device, nic);
    if (reaches !== null) return refuse(`the profile "${name}" ${reaches}`);
    if (nic['type'] !== 'nic') continue;
    const open = await whyOpen({ incus, project, name, device, nic }, signal);
    if (open.isErr()) return err(open.error);
    if (open.value === null) continue;
    return refuse(
      `${open.value}: a run that is not trusted could reach the host or other machines (docs/trust.md has a profile that keeps it from that)`,
    );
  }
  return ok(undefined);
}

function privileges({ config }: IncusProfile): string | null {
  if (isTrue(config['security.privileged'])) return 'makes privileged containers, whose root is the host’s';
  const risky = Object.keys(config).find(
    (key) =>
      key.startsWith('raw.') || (key.startsWith('security.syscalls.intercept.') && isTrue(config[key])),
  );
  return risky === undefined ? null : `sets ${risky}, which may undo what separates a guest from the host`;
}

/** As the daemon reads it. */
function isTrue(value: string | undefined): boolean {
  return /^(true|1|yes|on)$/i.test(value ?? '');
}

/** Disks of a storage pool, networks and a TPM are a machine's own; all else is something of the host's. */
function whyReaches(device: string, options: IncusDevice): string | null {
  const { type = '', pool, source } = options;
  if (['nic', 'none', 'tpm'].includes(type)) return null;
  if (type === 'disk' && pool !== undefined && source === undefined) return null;
  const what = type === 'disk' ? `the disk "${source ?? ''}"` : `a device of type "${type}"`;
  return `has ${what} ("${device}"), by which a run that is not trusted could reach the host`;
}

interface Nic {
  readonly incus: IncusApi;
  readonly project: string;
  /** Of the profile. */
  readonly name: string;
  readonly device: string;
  readonly nic: IncusDevice;
}

/** Between machines on one bridge `security.port_isolation` stands; between them and everything else the network's ACL (a bridge's ACLs are looked at on its border only). */
async function whyOpen(
  { incus, project, name, device, nic }: Nic,
  signal: AbortSignal,
): Promise<Result<string | null, JobFault>> {
  const which = `the network device "${device}" of the profile "${name}"`;
  for (const key of ['security.port_isolation', 'security.mac_filtering']) {
    if (isTrue(nic[key])) continue;
    const remedy = ['incus', 'profile', 'device', 'set', name, device, `${key}=true`, '--project', project];
    return ok(`${which} has no ${key}; ${remedy.map(quoteWord).join(' ')} sets it`);
  }
  const network = nic['network'];
  if (network === undefined) return ok(`${which} is on no network that Incus manages`);
  const found = await incus.network(project, network, { signal });
  if (found.isErr()) return err(incusFault(found.error, PHASE));
  const { managed, config } = found.value;
  // Each that is managed has some; a certificate that is restricted to projects is shown none.
  if (managed && Object.keys(config).length === 0)
    return ok(
      `the network "${network}" of ${which} shows this client none of its configuration, as its certificate is restricted to projects, and so not whether it has an ACL`,
    );
  if (!managed || (config['security.acls'] ?? '').trim() === '')
    return ok(`the network "${network}" of ${which} has no ACL (security.acls)`);
  const key = 'security.acls.default.ingress.action';
  return ok(config[key] === 'allow' ? `the network "${network}" has ${key}=allow` : null);
}
