import type { RemoteLinuxVmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { MicrovmSettings } from '../../settings/microvm-settings.js';
import { stagedFlake } from './runner-flake.js';
import type { RunnerShape } from './runner-shape.js';

/**
 * What has to be realized on the host before a machine can be launched: for a microVM the installable of its declared runner (null
 * where a runner directory is configured), nothing for Incus.
 */
export function remoteLinuxVmPrepareArtifact(
  context: RemoteLinuxVmContext,
  { runner, flake }: Pick<MicrovmSettings, 'runner' | 'flake'>,
  shape: RunnerShape,
): string | null {
  switch (context.backend) {
    case 'incus':
      return null;
    case 'microvm':
      if (runner !== null || flake === null) return null;
      return stagedFlake(context.shared.remoteWorkDir, flake, shape).installable;
  }
}
