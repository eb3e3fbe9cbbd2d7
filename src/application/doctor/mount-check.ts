import { randomBytes } from 'node:crypto';
import { leaseConfig } from '../../domain/machine/lease.js';
import type { FileStore } from '../../ports/file-store.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import { newOwner } from '../lease/owner.js';
import { failed, passed, quoted, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';
import { describeFault } from './incus-check.js';

/** After it a reaper removes what this could not. */
const LEASE_MS = 10 * 60_000;

export interface MountProbe {
  readonly files: FileStore;
  readonly incus: IncusApi;
  readonly settings: { readonly project: string; readonly profile: string; readonly workDir: string };
  /** On the host, ms since the epoch. */
  readonly hostNowMs: number;
  readonly signal: AbortSignal;
}

/**
 * Whether Incus sees what is put into the work directory: a file there, mounted into an instance without an image, which is never
 * started. It does not when the daemon is on another machine than the files.
 */
export async function checkMounts(probe: MountProbe): Promise<DoctorCheck> {
  const { files, incus, settings, signal } = probe;
  const mark = randomBytes(6).toString('hex');
  const file = `${settings.workDir.replace(/\/+$/, '')}/.pikaci-doctor-${mark}`;
  const name = `pikaci-doctor-${mark}`;
  const written = await files.writeFile(file, new Uint8Array(), { signal });
  if (written.isErr()) return failed('mounts', `${file}: ${written.error.message}`, 'pikaci doctor');
  const lease = {
    runId: 'doctor',
    jobId: mark,
    owner: newOwner(),
    expiresAtMs: probe.hostNowMs + LEASE_MS,
  };
  const made = await incus.createInstance(
    settings.project,
    {
      name,
      type: 'container',
      ephemeral: false,
      start: false,
      source: 'none',
      profiles: [settings.profile],
      config: leaseConfig(lease),
      devices: { mark: { type: 'disk', source: file, path: '/pikaci-doctor', readonly: 'true' } },
    },
    { signal },
  );
  // Without the signal: what was made has to go, also after an interrupt. Each call has a bound of its own.
  const [removed, gone] = await Promise.all([
    files.remove(file),
    removeInstance(incus, settings.project, name),
  ]);
  if (made.isErr()) return unseen(made.error, probe);
  if (removed.isErr()) return warned('mounts', `${file}: ${removed.error.message}`, `rm ${quoted(file)}`);
  if (gone !== null) {
    const remedy = `incus delete --force ${name} --project ${quoted(settings.project)}`;
    return warned('mounts', `${name} could not be removed: ${gone.message}`, remedy);
  }
  return passed('mounts', `Incus sees what is in ${settings.workDir}`);
}

async function removeInstance(incus: IncusApi, project: string, name: string): Promise<IncusFault | null> {
  const deleted = await incus.deleteInstance(project, name);
  return deleted.isErr() && deleted.error.kind !== 'not_found' ? deleted.error : null;
}

function unseen(fault: IncusFault, { files, settings }: MountProbe): DoctorCheck {
  if (!/missing source path/i.test(fault.message))
    return failed('mounts', describeFault(fault), 'incus monitor --pretty');
  const { workDir } = settings;
  return failed(
    'mounts',
    `Incus does not see what is put into ${workDir} on ${files.host}: its daemon is on another machine, or sees other files there`,
    'let "host" and "incus.transport" in the configuration name one machine',
  );
}
