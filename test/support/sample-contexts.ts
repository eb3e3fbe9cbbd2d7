import type {
  RemoteIncusContext,
  RemoteLinuxVmSharedContext,
  RemoteMicrovmContext,
} from '../../src/domain/machine/remote-linux-vm-context.js';

/** What a job `job` of the run `run` has on either backend, written out, so that a test compares against plain text. */
export function sampleRemoteSharedContext(): RemoteLinuxVmSharedContext {
  return {
    runId: 'run',
    jobId: 'job',
    remoteHost: 'ci@host.example',
    remoteWorkDir: '/var/tmp/pikaci',
    remoteRunDir: '/var/tmp/pikaci/runs/run',
    remoteJobDir: '/var/tmp/pikaci/runs/run/jobs/job',
    remoteOwnerFile: '/var/tmp/pikaci/runs/run/jobs/job/owner',
    remoteSnapshotDir: '/var/tmp/pikaci/runs/run/snapshot',
    remoteArtifactsDir: '/var/tmp/pikaci/runs/run/jobs/job/artifacts',
    remoteCargoHomeDir: '/var/tmp/pikaci/cache/cargo-home',
    remoteTargetDir: '/var/tmp/pikaci/cache/cargo-target',
    remoteWorkspaceDepsDir: '/var/tmp/pikaci/runs/run/jobs/job/staged-linux-rust/workspace-deps',
    remoteWorkspaceBuildDir: '/var/tmp/pikaci/runs/run/jobs/job/staged-linux-rust/workspace-build',
  };
}

export function sampleMicrovmContext(): RemoteMicrovmContext {
  return {
    backend: 'microvm',
    shared: sampleRemoteSharedContext(),
    remoteRuntimeDir: '/var/tmp/pikaci/runs/run/jobs/job/vm',
    remoteRuntimeLink: '/var/tmp/pikaci/runs/run/jobs/job/vm/runner',
  };
}

export function sampleIncusContext(): RemoteIncusContext {
  return {
    backend: 'incus',
    shared: sampleRemoteSharedContext(),
    incusProject: 'pikaci',
    incusProfile: 'pikaci-job',
    incusImageAlias: 'pikaci/dev',
    // sha256('run:job') begins with it.
    incusInstanceName: 'pikaci-6fd8c7b5193e',
  };
}
