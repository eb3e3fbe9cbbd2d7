import { describe, expect, it } from 'vitest';
import {
  contextBackend,
  contextShared,
  remoteLinuxVmContext,
} from '../../../../src/domain/machine/remote-linux-vm-context.js';
import {
  sampleIncusContext,
  sampleMicrovmContext,
  sampleRemoteSharedContext,
} from '../../../support/sample-contexts.js';

const input = { runId: 'run', jobId: 'job', remoteHost: 'ci@host.example' };
const incus = { incusProject: 'pikaci', incusProfile: 'pikaci-job', incusImageAlias: 'pikaci/dev' };

describe('the context of a job on its host', () => {
  it('of the Incus backend has the project, profile, image and instance, and no runtime directory', () => {
    expect(remoteLinuxVmContext({ backend: 'incus', ...input, ...incus })).toEqual(sampleIncusContext());
  });

  it('of the microVM backend has the runtime directory and its link, and nothing of Incus', () => {
    expect(remoteLinuxVmContext({ backend: 'microvm', ...input })).toEqual(sampleMicrovmContext());
  });

  it('names its backend, and gives what both backends share', () => {
    for (const context of [sampleIncusContext(), sampleMicrovmContext()]) {
      expect(contextBackend(context)).toBe(context.backend);
      expect(contextShared(context)).toEqual(sampleRemoteSharedContext());
    }
  });

  it('names the instance after the run and the job, so that whoever asks finds the same machine', () => {
    const name = (runId: string, jobId: string) =>
      remoteLinuxVmContext({ backend: 'incus', ...input, ...incus, runId, jobId }).incusInstanceName;
    expect(name('run', 'job')).toBe(name('run', 'job'));
    expect(name('run', 'job')).toMatch(/^pikaci-[0-9a-f]{12}$/);
    expect(new Set([name('run', 'job'), name('run', 'other'), name('other', 'job')]).size).toBe(3);
  });
});
