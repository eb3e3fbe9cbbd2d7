import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PikaciConfigInput } from '../../src/index.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

const names = () => ({ project: site.host.project, profile: site.host.profile, image: site.host.image });
const command =
  'cat hello.txt; echo changed >hello.txt && cat hello.txt; cat "$PIKACI_SECRETS_DIR/S" | wc -c; echo a >/artifacts/a';

async function runsOver(config: Partial<PikaciConfigInput>): Promise<void> {
  const pikaci = site.open(config);
  const { run, log } = await site.finish(
    { command, writableWorkspace: true, secrets: { S: 'four' }, artifacts: ['/artifacts/*'] },
    {},
    pikaci,
  );
  expect(log.toString()).toBe('hello from the workspace\nchanged\n4\n');
  expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
  expect(run.outcome.artifacts.collected).toEqual([{ path: 'a', bytes: 2 }]);
  expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
}

describe('a job runs the same', () => {
  it('over HTTPS with a client certificate', async () => {
    const { httpsUrl: url, clientCertFile, clientKeyFile, serverCertFile } = site.host;
    const transport = { via: 'https', url, clientCertFile, clientKeyFile, serverCertFile } as const;
    await runsOver({ incus: { ...names(), transport } });
  });

  it('for a user who may only run socat through sudo', async () => {
    const { host, port, sudoUser, identityFile, knownHostsFile, workDir } = site.host;
    // A work directory is one user's own.
    const ofSudoer = `${workDir}-${sudoUser}/${basename(site.workDir)}`;
    const argv = ['sudo', '-n', 'socat', '-', 'UNIX-CONNECT:/var/lib/incus/unix.socket'];
    await runsOver({
      host: {
        ssh: `${sudoUser}@${host}:${port}`,
        identityFile,
        knownHostsFile,
        agent: false,
        sshConfigFile: false,
      },
      incus: { ...names(), transport: { via: 'command', argv } },
      workDir: ofSudoer,
    });
    expect(await site.onHost('stat -c %U "$1"; ls -A "$1/runs"; rm -r "$1"', ofSudoer)).toBe(`${sudoUser}\n`);
  });
});
