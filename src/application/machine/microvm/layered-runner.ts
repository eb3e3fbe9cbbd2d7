import { err, ok, type Result } from 'neverthrow';
import type { JobFault } from '../../faults/job-fault.js';
import type { MicrovmSettings } from '../../settings/microvm-settings.js';
import type { MicrovmHost } from './microvm-host.js';

/** A runner whose machines can stand on layers. */
export interface LayeredRunner {
  /** Its directory on the host. */
  readonly path: string;
  /** Names its content: 64 hex digits. */
  readonly identity: string;
}

interface Asked {
  readonly host: MicrovmHost;
  readonly workDir: string;
  readonly settings: Pick<MicrovmSettings, 'runner' | 'flake'>;
}

/** The runner that templates are made with. What it lacks for that is told before anything is started. */
export async function layeredRunner(
  { host, workDir, settings: { runner, flake } }: Asked,
  signal: AbortSignal,
): Promise<Result<LayeredRunner, JobFault>> {
  const fault = (kind: JobFault['kind'], message: string) =>
    err<LayeredRunner, JobFault>({ kind, phase: null, host: host.name, message, field: 'microvm.runner' });
  if (runner === null) {
    if (flake === null)
      return fault(
        'runner_missing',
        'the configuration names no runner: set "microvm.runner" to a directory on the host with bin/microvm-run',
      );
    const message =
      'templates of microVMs need "microvm.runner": a runner that is built of "microvm.flake" is another system for each shape of job, with the mounts of that job in it, so what was set up in one is not for the next';
    return fault('backend_unavailable', message);
  }
  const answer = await host.ask(['runner', workDir, runner], { signal, phase: null });
  if (answer.isErr()) return err(answer.error);
  if (answer.value.name === 'runner_missing') return fault('runner_missing', answer.value.complaint);
  const [identity = '', features = '', hasHoles] = answer.value.stdout.split('\n');
  if (answer.value.code !== 0 || !/^[0-9a-f]{64}$/.test(identity))
    return err(host.refused('runner', answer.value, null));
  if (!features.split(' ').includes('layers')) {
    const message = `the machines of the runner ${runner} take no layers, which templates are: its file "features" has no line "layers" (see "Layers" in microvm/README.md)`;
    return fault('backend_unavailable', message);
  }
  if (hasHoles !== 'yes') {
    const message = `the file system of ${workDir} on ${host.name} takes back no blocks of a file ("fallocate --punch-hole" fails there), so that what a setup has removed would stay in its template: put "workDir" on another, such as ext4, xfs, btrfs or tmpfs`;
    return fault('backend_unavailable', message);
  }
  return ok({ path: runner, identity });
}
