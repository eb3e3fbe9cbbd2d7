import type { Phase } from '../../../domain/machine/phase.js';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';

export interface NotFound {
  readonly fault: IncusFault;
  readonly phase: Phase;
  /** That the call needed, in the order in which they are looked for. */
  readonly profiles: readonly string[];
}

/** Incus says "not found" of whatever is missing first; looks for what that is, and says how to get it. */
export async function whyNotFound(
  api: IncusApi,
  context: Pick<RemoteIncusContext, 'incusProject' | 'incusImageAlias'>,
  { fault, phase, profiles }: NotFound,
  signal: AbortSignal,
): Promise<JobFault> {
  if (fault.kind !== 'not_found') return incusFault(fault, phase);
  const { incusProject: project, incusImageAlias: alias } = context;
  const missing = (kind: JobFault['kind'], message: string): JobFault => ({
    kind,
    phase,
    host: api.host,
    message: `${message} on ${api.host}`,
    cause: fault,
  });
  const found = await api.project(project, { signal });
  if (found.isErr() && found.error.kind === 'not_found') {
    return missing(
      'project_not_found',
      `there is no Incus project "${project}"; "incus project create ${project}" makes it,`,
    );
  }
  // Incus says so of a project that is not there as well, and "not found" of all that a forbidden one holds.
  if (found.isErr() && found.error.kind === 'permission_denied') {
    const denied = incusFault(found.error, phase);
    const message = `this client may not use the Incus project "${project}" of ${api.host} (${found.error.message}); "incus config trust list" there shows for which projects its certificate is`;
    return { ...denied, message };
  }
  const image = await api.imageAlias(project, alias, { signal });
  if (image.isErr() && image.error.kind === 'not_found') {
    return missing(
      'image_not_found',
      `no image has the alias "${alias}" in the project "${project}"; "incus image import" or "incus image alias create" makes it,`,
    );
  }
  for (const profile of profiles) {
    const inherited = await api.profile(project, profile, { signal });
    if (inherited.isErr() && inherited.error.kind === 'not_found') {
      return missing(
        'profile_not_found',
        `there is no profile "${profile}" in the project "${project}"; "incus profile create ${profile} --project ${project}" makes it,`,
      );
    }
  }
  return incusFault(fault, phase);
}
