import { err, ok, Result } from 'neverthrow';
import type { JobCacheRecord } from '../../../domain/job/cache-report.js';
import { GUEST_ARTIFACTS_DIR, GUEST_STEPS_DIR } from '../../../domain/machine/guest-paths.js';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { Trust } from '../../../domain/values/trust.js';
import type { Clock } from '../../../ports/clock.js';
import type { JobFault } from '../../faults/job-fault.js';
import { hostFilesFault } from '../../faults/port-faults.js';
import { type ResolvedMount, resolveMounts } from '../../mounts/resolve-mounts.js';
import type { MicrovmSettings } from '../../settings/microvm-settings.js';
import { withInherited } from '../../supervisor/with-inherited.js';
import { type CacheMount, cachesOfMachine, type MachineCachesPlan } from '../caches-of-machine.js';
import { CLEAN_COPY } from '../clean-copy.js';
import type { InheritedNetwork } from '../inherited/host-network.js';
import type { PlanInput } from '../machine-backend.js';
import { type BootRequest, mountsOf } from '../machine-spec.js';
import { controlFiles } from './inherited-control.js';
import type { MicrovmCacheVolumes } from './microvm-cache-volumes.js';
import type { MicrovmHost, MicrovmHostPorts } from './microvm-host.js';
import { resolveRunner } from './resolve-runner.js';
import { type MicrovmShare, runnerShape } from './runner-shape.js';
import { workspaceExpressions } from './workspace-pattern.js';

const PHASE = 'prepare_runtime';
/** On top of a job's own times: booting, setting aside what is collected of the workspace, powering off. */
const LIFE_MARGIN_SECS = 900;
/** An open machine that nobody ends is ended by its lease; and by its host, should nobody look. */
const OPEN_LIFE_SECS = 7 * 24 * 3600;

/** On top of the time that a machine may take to boot: its own program for certificates has a minute. */
const TRUST_SECS = 75;

/** `/artifacts` and the supervisor's own state are not on the disk, or the guest's script takes them out. */
const CLEAN_LAYER = `set -e\nrm -rf -- ${GUEST_STEPS_DIR}\n${CLEAN_COPY}\n`;

/** The host's script counts in 15 digits. */
const MOST_COUNTED = 999_999_999_999_999;

/** All that the one call needs that boots the machine, but for the lease. */
export interface MicrovmRuntime extends Pick<MachineCachesPlan, 'caches' | 'discard'> {
  /** `KEY=VALUE` words of the launch. */
  readonly options: readonly string[];
  readonly shares: readonly MicrovmShare[];
}

export interface MicrovmParts extends MicrovmHostPorts {
  readonly host: MicrovmHost;
  readonly settings: MicrovmSettings;
  readonly clock: Clock;
  readonly trust: Trust;
  readonly volumes: MicrovmCacheVolumes;
  /** What the machine gets of the network of its host as it boots; null for one that is given it in calls. */
  readonly inherited: InheritedNetwork | null;
}

/**
 * Reads the manifests, realizes the runner, and puts into the machine's directory what its guest is told: the request, the secrets,
 * which shares it mounts where, and what of its workspace it sets aside.
 */
export async function prepareMicrovm(
  parts: MicrovmParts,
  context: RemoteMicrovmContext,
  input: PlanInput,
  signal: AbortSignal,
): Promise<Result<MicrovmRuntime, JobFault>> {
  const { hostFiles, clock, trust, volumes } = parts;
  const resolved = await resolveMounts(hostFiles, mountsOf(input, context.shared), signal);
  if (resolved.isErr()) return err(resolved.error);
  const mountedAt = resolved.value.map(({ mount }) => mount.guestPath);
  const machine = { host: hostFiles.host, volumes, mountedAt, isBounded: trust === 'untrusted' };
  const caches = await cachesOfMachine(clock, machine, input, signal);
  if (caches.isErr()) return err(caches.error);
  const { mounts, ...plan } = caches.value;
  const given = { mounts: resolved.value, caches: mounts, restored: plan.caches?.caches ?? [] };
  const runtime = await runtimeWith(parts, context, input, given, signal);
  if (runtime.isErr()) await plan.discard();
  return runtime.map((made) => ({ ...made, ...plan }));
}

async function runtimeWith(
  parts: MicrovmParts,
  context: RemoteMicrovmContext,
  { place, spec, boot }: PlanInput,
  given: {
    readonly mounts: readonly ResolvedMount[];
    readonly caches: readonly CacheMount[];
    readonly restored: readonly JobCacheRecord[];
  },
  signal: AbortSignal,
): Promise<Result<Omit<MicrovmRuntime, 'caches' | 'discard'>, JobFault>> {
  const { hostFiles, host, settings, volumes, inherited } = parts;
  const { shared, remoteRuntimeDir } = context;
  const kinds = Result.combine(
    await Promise.all(
      given.mounts.map(async ({ source }) => {
        const stat = await hostFiles.stat(source, { signal });
        return stat.map(({ type }) => (type === 'directory' ? ('directory' as const) : ('file' as const)));
      }),
    ),
  );
  if (kinds.isErr()) return err(hostFilesFault(kinds.error, PHASE));
  const own = { kind: 'directory', readOnly: false } as const;
  const shares: MicrovmShare[] = [
    { ...own, tag: 'control', source: `${remoteRuntimeDir}/control`, guestPath: null, readOnly: true },
    { ...own, tag: 'artifacts', source: shared.remoteArtifactsDir, guestPath: GUEST_ARTIFACTS_DIR },
    {
      ...own,
      tag: 'workspace-artifacts',
      source: `${shared.remoteJobDir}/workspace-artifacts`,
      guestPath: null,
    },
    ...(takesCalls(boot)
      ? [{ ...own, tag: 'calls', source: `${shared.remoteJobDir}/calls`, guestPath: null }]
      : []),
    ...given.mounts.map(({ mount, source }, index) => ({
      tag: mount.deviceName,
      kind: kinds.value[index] ?? ('directory' as const),
      source,
      guestPath: mount.guestPath,
      readOnly: mount.readOnly,
    })),
    ...given.caches.map(({ volume, path }, index) => ({
      ...own,
      tag: `pikaci-cache-${index}`,
      source: volumes.dataOf(volume),
      guestPath: path,
    })),
  ];
  const shape = runnerShape(shares, spec.limits);
  const runner = await resolveRunner(parts, context, shape, signal);
  if (runner.isErr()) return err(runner.error);
  const written = await writeControl(parts, context, { place, boot }, shares, signal);
  if (written.isErr()) return err(written.error);
  const linked = await host.runOrFail(['link', shared.remoteJobDir, runner.value], { signal, phase: PHASE });
  if (linked.isErr()) return err(linked.error);
  const keepFailedSecs = boot?.keepFailedSecs ?? 0;
  const isTrusting = (inherited?.certificates ?? []).length > 0;
  const bootSecs = settings.bootTimeoutSecs + (isTrusting ? TRUST_SECS : 0);
  const life = (boot?.lifeSecs ?? OPEN_LIFE_SECS) + keepFailedSecs + bootSecs + LIFE_MARGIN_SECS;
  return ok({
    shares,
    options: [
      `boot_secs=${bootSecs}`,
      `life_secs=${life}`,
      `artifacts_bytes=${settings.artifactsBytes}`,
      ...(given.caches.length === 0 ? [] : [`caches_bytes=${mostInCaches(parts, given.restored)}`]),
      ...(place.base?.copyOf === undefined ? [] : [`layer=${place.base.copyOf.instance}`]),
      ...(boot === null ? ['keep=1'] : []),
      ...(keepFailedSecs === 0 ? [] : [`keep_failed_secs=${Math.ceil(keepFailedSecs)}`]),
      ...(shape.cpus === null ? [] : [`cpus=${shape.cpus}`]),
      ...(shape.memoryMib === null ? [] : [`memory_mib=${shape.memoryMib}`]),
      ...(shape.diskMib === null ? [] : [`disk_mib=${shape.diskMib}`]),
    ],
  });
}

/** What the caches of a machine may take of the host while it runs: those of one that is trusted more than what is kept of them. */
function mostInCaches(
  { trust, settings }: MicrovmParts,
  caches: readonly Pick<JobCacheRecord, 'max_bytes' | 'restored_bytes'>[],
): number {
  const kept = caches.reduce(
    (sum, { max_bytes, restored_bytes = 0 }) => sum + Math.max(max_bytes, restored_bytes),
    0,
  );
  return Math.min(trust === 'untrusted' ? kept : kept + settings.artifactsBytes, MOST_COUNTED);
}

/** Whether its guest is reached while it is up: one that is open, or whose job may fail and leave it for a shell. */
function takesCalls(boot: BootRequest | null): boolean {
  return boot === null || boot.keepFailedSecs > 0;
}

async function writeControl(
  { hostFiles, inherited }: MicrovmParts,
  { remoteRuntimeDir }: RemoteMicrovmContext,
  { place, boot }: Pick<PlanInput, 'place' | 'boot'>,
  shares: readonly MicrovmShare[],
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const control = `${remoteRuntimeDir}/control`;
  const made = await hostFiles.makeDirectory(control, { signal });
  if (made.isErr()) return err(hostFilesFault(made.error, PHASE));
  const mounted = shares.flatMap(({ tag, kind, readOnly, guestPath }) =>
    guestPath === null ? [] : [`${tag}\t${readOnly ? 'ro' : 'rw'}\t${kind}\t${guestPath}\n`],
  );
  const expressions = workspaceExpressions(boot?.artifacts ?? []);
  const files = {
    mounts: mounted.join(''),
    'workspace-artifacts': expressions.wanted,
    'workspace-left-out': expressions.unwanted,
    ...(boot === null
      ? {}
      : {
          'request.json': `${JSON.stringify(withInherited(boot.request, inherited?.variables ?? {}))}\n`,
          'secrets.json': `${JSON.stringify(boot.secrets)}\n`,
        }),
    ...(inherited === null ? {} : controlFiles(inherited)),
    ...(place.keepsDisk === true ? { clean: CLEAN_LAYER } : {}),
  };
  const written = await Promise.all(
    Object.entries(files).map(([name, text]) =>
      hostFiles.writeFile(`${control}/${name}`, Buffer.from(text), { signal, mode: 0o600 }),
    ),
  );
  for (const one of written) if (one.isErr()) return err(hostFilesFault(one.error, PHASE));
  return ok(undefined);
}
