import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { Site } from '../support/site.js';

/** What another user of the host can read below the work directory. */
const READ_BY_ANOTHER = 'setpriv --reuid "$2" --clear-groups find "$1" -type f -exec cat {} + 2>&1 || :';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it('lets the guest’s user read a private file of the workspace, and nobody else on the host', async () => {
    await writeFile(join(site.workspace, 'private'), 'for the guest alone\n');
    await chmod(join(site.workspace, 'private'), 0o600);
    // As version 0.1 has made it.
    await site.onHost('chmod 0755 "$1"', site.workDir);
    const command = 'id -un; cat private; echo also for nobody else >/artifacts/kept';
    const { log, run } = await site.finish({ command, artifacts: ['/artifacts/**'] });
    expect(run.outcome).toMatchObject({ status: 'passed', artifacts: { collected: [{ path: 'kept' }] } });
    expect(log.toString()).toMatch(/^(?!root)\w+\nfor the guest alone\n$/);
    expect(await site.onHost('stat -c %a:%U "$1"', site.workDir)).toBe('700:root\n');
    expect(await site.onHost('cat "$1"/snapshots/*/snapshot/private', site.workDir)).toBe(
      'for the guest alone\n',
    );
    const { sudoUser } = site.host;
    expect(await site.onHost(READ_BY_ANOTHER, site.workDir, sudoUser)).not.toContain('for the guest');
  });

  it('executes nothing that another user has put there first, and says so', async () => {
    const workDir = `/var/tmp/${site.newRunId()}`;
    const planted = `setpriv --reuid "$2" --clear-groups sh -ec 'mkdir -p "$1/cache/microvm" "$1/snapshots" && chmod 0755 "$1"' sh "$1"`;
    await site.onHost(planted, workDir, site.host.sudoUser);
    const pikaci = site.open({ workDir });
    const job = { id: 'j', command: 'true', timeoutSecs: 60 };
    const fault = mustFail(await pikaci.runJob({ job, workspace: site.workspace }), 'host_files');
    expect(fault.message).toContain(`sudo mv -T ${workDir} ${workDir}.refused`);
    const report = await pikaci.doctor();
    expect(report.checks.find(({ name }) => name === 'work_dir')).toMatchObject({ status: 'failed' });
    expect(await site.onHost('cd "$1" && find . -mindepth 1 | sort; rm -r "$1"', workDir)).toBe(
      './cache\n./cache/microvm\n./snapshots\n',
    );
  });
});
