import { basename } from 'node:path';
import pLimit from 'p-limit';
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

function overHttps(): Partial<PikaciConfigInput> {
  const { httpsUrl: url, clientCertFile, clientKeyFile, serverCertFile } = site.host;
  const transport = { via: 'https', url, clientCertFile, clientKeyFile, serverCertFile } as const;
  return { incus: { ...names(), transport } };
}

// A work directory is one user's own.
const ofSudoer = () => `${site.host.workDir}-${site.host.sudoUser}/${basename(site.workDir)}`;

/** Each stream to the daemon takes one of the sessions that the server allows on a connection. */
function throughSudo(): Partial<PikaciConfigInput> {
  const { host, port, sudoUser, identityFile, knownHostsFile } = site.host;
  const argv = ['sudo', '-n', 'socat', '-', 'UNIX-CONNECT:/var/lib/incus/unix.socket'];
  return {
    host: {
      ssh: `${sudoUser}@${host}:${port}`,
      identityFile,
      knownHostsFile,
      agent: false,
      sshConfigFile: false,
    },
    incus: { ...names(), transport: { via: 'command', argv } },
    workDir: ofSudoer(),
  };
}

afterAll(async () => {
  expect(await site.onHost('stat -c %U "$1"; ls -A "$1/runs"; rm -r "$1"', ofSudoer())).toBe(
    `${site.host.sudoUser}\n`,
  );
});

describe.each([
  ['over HTTPS with a client certificate', overHttps],
  ['for a user who may only run socat through sudo', throughSudo],
])('%s', (_, config) => {
  it('a job runs the same', async () => {
    const pikaci = site.open(config());
    const { run, log } = await site.finish(
      { command, writableWorkspace: true, secrets: { S: 'four' }, artifacts: ['/artifacts/*'] },
      {},
      pikaci,
    );
    expect(log.toString()).toBe('hello from the workspace\nchanged\n4\n');
    expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
    expect(run.outcome.artifacts.collected).toEqual([{ path: 'a', bytes: 2 }]);
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('twenty jobs, four at a time, are followed to their ends', async () => {
    const pikaci = site.open(config());
    const four = pLimit(4);
    const runId = site.newRunId();
    const jobs = Array.from({ length: 20 }, (_, index) => `job-${index}`);
    const ended = await Promise.all(
      jobs.map((id) => four(() => site.finish({ id, command: `echo ${id}; exit 3` }, { runId }, pikaci))),
    );
    expect(ended.map(({ log, run }) => [log.toString(), run.outcome.exit_code])).toEqual(
      jobs.map((id) => [`${id}\n`, 3]),
    );
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });
});
