import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type RemoteIncusContext,
  type RemoteLinuxVmContext,
  type RemoteMicrovmContext,
  remoteLinuxVmContext,
} from '../../../../src/domain/machine/remote-linux-vm-context.js';
import { sampleIncusContext, sampleMicrovmContext } from '../../../support/sample-contexts.js';

type IncusOnly = Exclude<keyof RemoteIncusContext, 'backend' | 'shared'>;
type MicrovmOnly = Exclude<keyof RemoteMicrovmContext, 'backend' | 'shared'>;

// `tsc` compiles this file; each `@ts-expect-error` fails the build as soon as the line below it becomes allowed.
describe('the type of a context', () => {
  it('does not let an Incus-only field be read from a microVM context', () => {
    const context = sampleMicrovmContext();
    // @ts-expect-error -- Incus only
    expect(context.incusProject).toBeUndefined();
    // @ts-expect-error -- Incus only
    expect(context.incusProfile).toBeUndefined();
    // @ts-expect-error -- Incus only
    expect(context.incusImageAlias).toBeUndefined();
    // @ts-expect-error -- Incus only
    expect(context.incusInstanceName).toBeUndefined();
    expectTypeOf<IncusOnly & keyof RemoteMicrovmContext>().toBeNever();
  });

  it('does not let a microVM-only field be read from an Incus context', () => {
    const context = sampleIncusContext();
    // @ts-expect-error -- microVM only
    expect(context.remoteRuntimeDir).toBeUndefined();
    // @ts-expect-error -- microVM only
    expect(context.remoteRuntimeLink).toBeUndefined();
    expectTypeOf<MicrovmOnly & keyof RemoteIncusContext>().toBeNever();
  });

  it('lets neither be read before the backend is known', () => {
    expectTypeOf<keyof RemoteLinuxVmContext>().toEqualTypeOf<'backend' | 'shared'>();
    const read = (context: RemoteLinuxVmContext) =>
      context.backend === 'incus' ? context.incusInstanceName : context.remoteRuntimeDir;
    expect(read(sampleMicrovmContext())).toBe(sampleMicrovmContext().remoteRuntimeDir);
  });

  it('is the variant whose backend was asked for', () => {
    const place = { runId: 'run', jobId: 'job', remoteHost: 'host' };
    expectTypeOf(
      remoteLinuxVmContext({ backend: 'microvm', ...place }),
    ).toEqualTypeOf<RemoteMicrovmContext>();
    // @ts-expect-error -- an Incus context needs its project, profile and image
    remoteLinuxVmContext({ backend: 'incus', ...place });
  });
});
