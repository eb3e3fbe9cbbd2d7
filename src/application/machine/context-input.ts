import type { IncusContextInput, MicrovmContextInput } from '../../domain/machine/remote-linux-vm-context.js';
import type { JobSettings } from '../settings/job-settings.js';

/** The configured place of a job; the snapshot's hash is added when it is known. */
export function contextInput(
  settings: JobSettings,
  remoteHost: string,
  session: { readonly runId: string; readonly job: { readonly id: string } },
): IncusContextInput | MicrovmContextInput {
  const place = { runId: session.runId, jobId: session.job.id, remoteHost, remoteWorkDir: settings.workDir };
  switch (settings.backend) {
    case 'incus':
      return {
        backend: 'incus',
        ...place,
        incusProject: settings.incusProject,
        incusProfile: settings.incusProfile,
        incusImageAlias: settings.incusImageAlias,
      };
    case 'microvm':
      return { backend: 'microvm', ...place };
  }
}
