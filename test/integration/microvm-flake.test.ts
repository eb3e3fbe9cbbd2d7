import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobSpecInput } from '../../src/index.js';
import { mustFail } from '../../src/testing/contract/expect-result.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open({ backend: 'microvm' });
  await site.onHost('mkdir -p "$1/flake" && printf "%s" "$2" >"$1/flake/flake.nix"', site.workDir, flake());
});
afterAll(() => site[Symbol.asyncDispose]());

/** What `flake.nix` of this project exports, without nixpkgs, which is not to be had here: the host's own runner, as a store path. */
const flake = () => `{
  outputs = { self }: {
    lib.microvmRunner = { system, shares, cpus ? 1, memoryMiB ? 1024, diskMiB ? 8192 }: derivation {
      inherit system;
      name = "runner-\${toString memoryMiB}";
      builder = "/bin/sh";
      args = [ "-c" "/bin/mkdir $out && /bin/ln -s ${site.host.microvmRunner}/bin $out/bin" ];
      tags = map (share: "\${share.tag}:\${if share.readOnly then "ro" else "rw"}") shares;
    };
  };
}
`;

/** A store without a network, as root: see the options of nix.conf(5). */
const options = ['--offline', '--option', 'build-users-group', '', '--option', 'sandbox', 'false'];
const pikaci = () =>
  site.open({
    microvm: {
      flake: { url: `path:${site.workDir}/flake`, options: [...options, '--option', 'substituters', ''] },
      bootTimeoutSecs: 300,
    },
  });
const finish = (job: Partial<JobSpecInput> = {}) =>
  site.finish({ ...job, command: 'echo ran' }, {}, pikaci());
const built = () => site.onHost('cat "$1"/runner-flakes/*/pikaci-runner.json', site.workDir);

describe('a runner that Nix builds on the host', () => {
  it('is made for the shape of a job, kept from the garbage collector, and used again', async () => {
    const { run, log } = await finish({ limits: { memory: '600MiB' } });
    expect(log.toString()).toBe('ran\n');
    expect(run.outcome.status).toBe('passed');
    const first = await built();
    expect(JSON.parse(first)).toMatchObject({
      schema_version: 1,
      store_path: expect.stringMatching(/^\/nix\/store\/[a-z0-9]+-runner-600$/),
      installable: expect.stringMatching(/^path:.*\/runner-flakes\/[0-9a-f]{64}#runner$/),
    });
    await site.onHost('nix-store --gc >/dev/null 2>&1');
    expect((await finish({ limits: { memory: '600MiB' } })).run.outcome.status).toBe('passed');
    expect(await built()).toBe(first);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('is another one for another shape', async () => {
    expect((await finish({ limits: { memory: '700MiB' } })).run.outcome.status).toBe('passed');
    expect(await built()).toContain('runner-700');
    expect(await built()).toContain('runner-600');
  });

  it('is refused when what is kept of it is not what its name says', async () => {
    await site.onHost(
      'for file in "$1"/runner-flakes/*/pikaci-runner.json; do sed -i "s/content_hash\\":\\"..../content_hash\\":\\"beef/" "$file"; done',
      site.workDir,
    );
    const job = { id: 'j', command: 'true', limits: { memory: '600MiB' } };
    const fault = mustFail(await pikaci().runJob({ job, workspace: site.workspace }), 'runner_refused');
    expect(fault.message).toMatch(/was made for the flake beef/);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('that cannot be built fails the job with what Nix said', async () => {
    await site.onHost(
      'rm -rf "$1"/runner-flakes; echo "{ outputs = { self }: { }; }" >"$1/flake/flake.nix"',
      site.workDir,
    );
    const job = { id: 'j', command: 'true' };
    const fault = mustFail(await pikaci().runJob({ job, workspace: site.workspace }), 'prepare_failed');
    expect(fault.message).toMatch(/microvmRunner/);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});
