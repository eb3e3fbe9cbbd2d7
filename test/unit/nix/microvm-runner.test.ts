import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildGuestRequest, guestRequestSchema } from '../../../src/domain/guest-request.js';
import { evaluateNix } from '../../support/nix.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const shape = `{ memMiB = 512; vcpus = 1; mounts = [
  { tag = "workspac-0edb3527171"; guestPath = "/staged/linux-rust/workspace-build"; readOnly = true; }
]; }`;

const runnerSchema = z.object({
  machine: z.object({
    mem: z.number(),
    vcpu: z.number(),
    shares: z.array(
      z.object({
        tag: z.string(),
        source: z.string(),
        mountPoint: z.string(),
        readOnly: z.boolean(),
        proto: z.string(),
      }),
    ),
  }),
  service: z.object({
    unitConfig: z.object({
      RequiresMountsFor: z.array(z.string()),
      SuccessAction: z.string(),
      FailureAction: z.string(),
    }),
    serviceConfig: z.object({ Type: z.string(), TimeoutStartSec: z.string() }),
  }),
});
const runner = async () =>
  runnerSchema.parse(
    await evaluateNix(`
      let made = import (root + "/nix/microvm/runner.nix") { inherit nixpkgs microvm; system = "x86_64-linux"; shape = ${shape}; };
      in { inherit (made) machine; service = made.systemd.services.pikaci-job; }`),
  );

describe('the microVM runner', () => {
  it("has a machine of the job's size, and a share for each mount, read-only where that was declared", async () => {
    const { machine } = await runner();
    expect(machine).toMatchObject({ mem: 512, vcpu: 1 });
    expect(
      machine.shares.map(({ tag, source, mountPoint, readOnly }) => [tag, source, mountPoint, readOnly]),
    ).toEqual([
      ['artifacts', 'shares/artifacts', '/artifacts', false],
      ['control', 'shares/control', '/run/pikaci-control', true],
      ['snapshot', 'shares/snapshot', '/workspace/snapshot', true],
      ['workspac-0edb3527171', 'shares/workspac-0edb3527171', '/staged/linux-rust/workspace-build', true],
    ]);
    expect(machine.shares.every(({ proto }) => proto === 'virtiofs')).toBe(true);
  });

  it('powers its machine off when the job has ended, however it ended, and waits for the shares before it begins', async () => {
    const { service, machine } = await runner();
    expect(service.unitConfig).toEqual({
      RequiresMountsFor: machine.shares.map((share) => share.mountPoint),
      SuccessAction: 'poweroff',
      FailureAction: 'poweroff',
    });
    expect(service.serviceConfig).toEqual({ Type: 'oneshot', TimeoutStartSec: 'infinity' });
  });

  it.each([
    ['with secrets', { TOKEN: 'two words' }],
    ['without secrets', null],
  ])('hands the supervisor one line of request and one of secrets: %s', async (_, secrets) => {
    await using own = await temporaryDirectory();
    const at = (name: string) => join(own.path, name);
    const request = buildGuestRequest({ command: 'echo one\necho "two"', timeoutSecs: 60 });
    await writeFile(at('request.json'), JSON.stringify(request, null, 2));
    if (secrets !== null) await writeFile(at('secrets.json'), `${JSON.stringify(secrets, null, 2)}\n`);
    await writeFile(at('supervisor'), `#!/bin/sh\n[ "$*" = run ] && cat >'${at('input')}'\n`, {
      mode: 0o755,
    });
    const text = z.string().parse(
      await evaluateNix(`
        (nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ (root + "/nix/microvm/guest.nix") {
          pikaci.microvm.requestFile = "${at('request.json')}";
          pikaci.microvm.secretsFile = "${at('secrets.json')}";
        } ]; }).config.systemd.services.pikaci-job.serviceConfig.ExecStart.script`),
    );
    const script = text.replace('/nix/store/stub-pikaci-incus-run/bin/pikaci-incus-run', at('supervisor'));
    await promisify(execFile)('bash', ['-c', script], { timeout: 10_000 });
    const { stdout } = await promisify(execFile)('cat', [at('input')]);
    const [first = '', second = '', ...rest] = stdout.split('\n');
    expect(guestRequestSchema.parse(JSON.parse(first))).toEqual(request);
    expect(second === '' ? null : JSON.parse(second)).toEqual(secrets);
    expect(rest).toEqual(['']);
  });
});
