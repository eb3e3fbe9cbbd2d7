import { describe, expect, it } from 'vitest';
import { remoteLayout, snapshotHomeDir } from '../../../../src/domain/machine/remote-layout.js';
import { jobStateLayout } from '../../../../src/domain/records/run-layout.js';
import { isNormalisedAbsolutePath } from '../../../../src/domain/values/path-rules.js';

describe('the layout on the host', () => {
  it('keeps artifacts and staged outputs of a job under its run', () => {
    const layout = remoteLayout({ runId: 'run', jobId: 'job' });
    expect(layout.remoteArtifactsDir).toBe('/var/tmp/pikaci/runs/run/jobs/job/artifacts');
    expect(layout.remoteWorkspaceDepsDir).toBe(
      '/var/tmp/pikaci/runs/run/jobs/job/staged-linux-rust/workspace-deps',
    );
    expect(layout.remoteWorkspaceBuildDir).toBe(
      '/var/tmp/pikaci/runs/run/jobs/job/staged-linux-rust/workspace-build',
    );
  });

  it('shares caches between runs', () => {
    const first = remoteLayout({ runId: 'a', jobId: 'x' });
    const second = remoteLayout({ runId: 'b', jobId: 'y' });
    expect(first.remoteCargoHomeDir).toBe('/var/tmp/pikaci/cache/cargo-home');
    expect(first.remoteTargetDir).toBe('/var/tmp/pikaci/cache/cargo-target');
    expect([second.remoteCargoHomeDir, second.remoteTargetDir]).toEqual([
      first.remoteCargoHomeDir,
      first.remoteTargetDir,
    ]);
  });

  it('shares a snapshot that has a content hash, and gives the run its own without one', () => {
    const of = (runId: string, snapshotHash?: string) =>
      remoteLayout({ runId, jobId: 'job', ...(snapshotHash === undefined ? {} : { snapshotHash }) })
        .remoteSnapshotDir;
    expect(of('a', 'abc')).toBe('/var/tmp/pikaci/snapshots/abc/snapshot');
    expect(of('b', 'abc')).toBe(of('a', 'abc'));
    expect(of('a')).toBe('/var/tmp/pikaci/runs/a/snapshot');
  });

  it('has nothing that two runs could both change, apart from the caches', () => {
    const changed = (runId: string) => {
      const { remoteWorkDir, remoteCargoHomeDir, remoteTargetDir, ...rest } = remoteLayout({
        runId,
        jobId: 'j',
      });
      return { shared: [remoteWorkDir, remoteCargoHomeDir, remoteTargetDir], own: Object.values(rest) };
    };
    expect(changed('a').own.every((path) => `${path}/`.startsWith('/var/tmp/pikaci/runs/a/'))).toBe(true);
    expect(changed('b').own.some((path) => changed('a').own.includes(path))).toBe(false);
  });

  it('takes another work directory, with or without a slash at its end', () => {
    for (const remoteWorkDir of ['/srv/ci', '/srv/ci/', '/srv/ci//']) {
      expect(remoteLayout({ runId: 'run', jobId: 'job', remoteWorkDir }).remoteJobDir).toBe(
        '/srv/ci/runs/run/jobs/job',
      );
    }
  });

  it('is made of normalised paths, even at the root', () => {
    for (const remoteWorkDir of ['/', '/srv/ci/']) {
      const layout = remoteLayout({ runId: 'run', jobId: 'job', remoteWorkDir, snapshotHash: 'abc' });
      expect(Object.values(layout).filter((path) => !isNormalisedAbsolutePath(path))).toEqual([]);
    }
    expect(snapshotHomeDir('/', 'abc')).toBe('/snapshots/abc');
  });
});

describe('the state of a job on the runner', () => {
  it('lies under its run, with both logs and the artifacts', () => {
    const layout = jobStateLayout('.pikaci', 'run', 'job');
    expect(layout.runDir).toBe('.pikaci/runs/run');
    expect(layout.hostLog).toBe('.pikaci/runs/run/jobs/job/host.log');
    expect(layout.guestLog).toBe('.pikaci/runs/run/jobs/job/guest.log');
    expect(layout.artifactsDir).toBe('.pikaci/runs/run/jobs/job/artifacts');
  });

  it('does not care for slashes at the end of the state root', () => {
    expect(jobStateLayout('/state//', 'run', 'job')).toEqual(jobStateLayout('/state', 'run', 'job'));
    expect(jobStateLayout('/', 'run', 'job').runDir).toBe('/runs/run');
  });
});
