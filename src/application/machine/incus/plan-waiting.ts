import { randomBytes } from 'node:crypto';
import { remoteLinuxVmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import { waitingPlace } from '../../../domain/machine/warm-mark.js';
import type { JobPorts } from '../../settings/job-ports.js';
import type { JobSettings } from '../../settings/job-settings.js';
import type { MachineBaseSource } from '../machine-spec.js';
import { prepareIncusRuntime } from './prepare-runtime.js';

interface PlanParts {
  readonly ports: Pick<JobPorts, 'incus' | 'hostFiles' | 'shell'>;
  readonly settings: Pick<
    JobSettings,
    'trust' | 'warm' | 'incusProject' | 'incusProfile' | 'incusLimits' | 'workDir'
  >;
}

/** What the daemon is to make for a machine that waits: one under ids of its own, whose description says nothing. */
export async function planWaiting(
  { ports, settings }: PlanParts,
  { pool, source }: { readonly pool: string; readonly source: MachineBaseSource },
  signal: AbortSignal,
) {
  const ids = waitingPlace(pool, randomBytes(8).toString('hex'));
  const context = remoteLinuxVmContext({
    backend: 'incus',
    ...ids,
    remoteHost: ports.shell.host,
    remoteWorkDir: settings.workDir,
    incusProject: settings.incusProject,
    incusProfile: settings.incusProfile,
    incusImageAlias: source.image.alias,
  });
  const spec = {
    limits: {},
    instanceType: settings.warm?.instanceType ?? 'container',
    extraProfiles: [],
    preparedOutputs: [],
    writableWorkspace: false,
  };
  const from = { image: source.image, limits: settings.incusLimits, trust: settings.trust };
  const place = { ...ids, acquisition: null, pool, base: source };
  const runtime = await prepareIncusRuntime(ports, context, { spec, place }, from, signal);
  return runtime.map((planned) => ({ context, ids, runtime: planned }));
}
