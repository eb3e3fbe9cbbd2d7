import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PikaciConfigInput } from '../../src/index.js';
import { mustFail } from '../../src/testing/contract/expect-result.js';
import { EventRecorder } from '../support/event-recorder.js';
import { repositoryRoot } from '../support/repository-root.js';
import { NOTHING_LEFT, Site } from '../support/site.js';
import { makeKey, publicKey } from '../support/sshd.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

async function failing(config: Partial<PikaciConfigInput>, job: { extraProfiles?: string[] } = {}) {
  const pikaci = site.open(config);
  const runId = site.newRunId();
  const events = new EventRecorder();
  const spec = { id: 'j', command: 'true', ...job };
  const run = await pikaci.runJob({ job: spec, workspace: site.workspace, runId, events });
  expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  expect(events.of('instance_created')).toEqual([]);
  return run;
}

describe.concurrent('what the host does not have is named, with what makes it:', () => {
  const names = () => ({ project: site.host.project, profile: site.host.profile, image: site.host.image });

  it('an image', async () => {
    const fault = mustFail(await failing({ incus: { ...names(), image: 'no/such' } }), 'image_not_found');
    expect(fault.message).toMatch(/no image has the alias "no\/such" in the project "pikaci"; "incus image/);
  });

  it('a project', async () => {
    const fault = mustFail(await failing({ incus: { ...names(), project: 'nowhere' } }), 'project_not_found');
    expect(fault.message).toMatch(/"incus project create nowhere"/);
  });

  it('a project that a restricted certificate was not given', async () => {
    const { httpsUrl: url, serverCertFile } = site.host;
    const clientCertFile = join(repositoryRoot, 'test/fixtures/tls/client.crt');
    const clientKeyFile = join(repositoryRoot, 'test/fixtures/tls/client.key');
    await site.onHost(
      'f=$(mktemp); printf %s "$1" >"$f"; incus config trust add-certificate "$f" --restricted --projects "$2"; rm "$f"',
      await readFile(clientCertFile, 'utf8'),
      site.host.project,
    );
    const transport = { via: 'https', url, clientCertFile, clientKeyFile, serverCertFile } as const;
    const incus = { ...names(), project: 'default', transport };
    const fault = mustFail(await failing({ incus }), 'incus');
    expect(fault.message).toMatch(/may not use the Incus project "default".*"incus config trust list"/);
    expect(fault.cause).toMatchObject({ kind: 'permission_denied' });
    expect(mustFail(await site.open({ incus }).reap(), 'incus').cause).toMatchObject({
      kind: 'permission_denied',
    });
  });

  it('a profile', async () => {
    const fault = mustFail(await failing({ incus: { ...names(), profile: 'nobody' } }), 'profile_not_found');
    expect(fault.message).toMatch(/no profile "nobody" in the project "pikaci"/);
  });

  it('an extra profile of the job', async () => {
    const fault = mustFail(await failing({}, { extraProfiles: ['extra'] }), 'profile_not_found');
    expect(fault.message).toMatch(/no profile "extra"/);
  });
});

describe.concurrent('a host whose key', () => {
  const ssh = (knownHostsFile: string, more: object = {}): PikaciConfigInput['host'] => ({
    ssh: `${site.host.user}@${site.host.host}:${site.host.port}`,
    identityFile: site.host.identityFile,
    knownHostsFile,
    agent: false,
    sshConfigFile: false,
    ...more,
  });

  it('is another than the known one is refused', async () => {
    const file = join(site.directory, 'known_hosts_wrong');
    const other = publicKey(makeKey(join(site.directory, 'other')));
    await writeFile(file, `[127.0.0.1]:${site.host.port} ${other}\n`);
    const fault = mustFail(await failing({ host: ssh(file) }), 'host');
    expect(fault.cause).toMatchObject({ kind: 'host_key_refused', reason: 'mismatch', knownHostsFile: file });
    expect(fault.message).toMatch(/SHA256:/);
  });

  it('is not known is refused, and not added', async () => {
    const file = join(site.directory, 'known_hosts_empty');
    await writeFile(file, '');
    const fault = mustFail(await failing({ host: ssh(file) }), 'host');
    expect(fault.cause).toMatchObject({ kind: 'host_key_refused', reason: 'unknown' });
    expect(await readFile(file, 'utf8')).toBe('');
  });

  it('is known, but that does not know the user’s key, is said to have refused it', async () => {
    const identityFile = makeKey(join(site.directory, 'stranger'));
    const fault = mustFail(await failing({ host: ssh(site.host.knownHostsFile, { identityFile }) }), 'host');
    expect(fault.cause).toMatchObject({ kind: 'authentication_failed' });
  });
});

describe('a run id', () => {
  it('is not used twice for one job', async () => {
    const { run } = await site.finish({ command: 'true' });
    const job = { id: 'j', command: 'true' };
    mustFail(await site.pikaci.runJob({ job, workspace: site.workspace, runId: run.runId }), 'run_exists');
    expect(run.outcome.status).toBe('passed');
  });

  it('that another runner is using is refused, and the other’s job is not disturbed', async () => {
    const events = new EventRecorder();
    const runId = site.newRunId();
    const first = site.finish(
      { command: 'echo begun; until [ -e /artifacts/go ]; do sleep 0.05; done' },
      { runId, events },
    );
    await events.logged('begun');
    const elsewhere = site.open({ stateRoot: join(site.directory, 'another-state') });
    const job = { id: 'j', command: 'true' };
    mustFail(await elsewhere.runJob({ job, workspace: site.workspace, runId }), 'run_exists');
    expect((await site.leftovers(runId)).directories).toEqual([runId]);
    await site.release(runId);
    expect((await first).run.outcome.status).toBe('passed');
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });
});
