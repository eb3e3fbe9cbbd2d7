import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventSink, OpenMachine } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open({ trust: 'untrusted' });
});
afterAll(() => site[Symbol.asyncDispose]());

async function printed(machine: OpenMachine, command: string): Promise<string> {
  let text = '';
  const step = must(
    await machine.run({
      command,
      onOutput: (data) => {
        text += Buffer.from(data).toString();
      },
    }),
  );
  expect([step.exitCode, text]).toEqual([0, text]);
  return text.trim();
}

/** Bash's own way to connect; nothing else is in the image. */
const tryAll = (places: readonly string[]) =>
  `for to in ${places.join(' ')}; do timeout 2 bash -c "echo >/dev/tcp/$to" 2>/dev/null && echo "$to open" || echo "$to closed"; done`;
const LISTEN =
  'use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 5000, Listen => 9, ReuseAddr => 1) or die; while (my $c = $s->accept) { close $c }';
const ADDRESS = 'until ip=$(hostname -I) && [ -n "$ip" ]; do sleep 0.1; done; ip=${ip%% *};';

describe('a machine for what is not trusted', () => {
  it('reaches neither the host nor another such machine', async () => {
    await using one = must(await site.pikaci.openMachine({ runAsRoot: true }));
    await using other = must(await site.pikaci.openMachine({ runAsRoot: true }));
    const stop = new AbortController();
    let said = '';
    let tellAddress: (address: string) => void = () => {};
    const listening = new Promise<string>((resolve) => {
      tellAddress = resolve;
    });
    const server = one.run({
      command: `perl -e '${LISTEN}' & ${ADDRESS} until timeout 2 bash -c "echo >/dev/tcp/$ip/5000" 2>/dev/null; do sleep 0.1; done; echo "$ip listens"; wait`,
      signal: stop.signal,
      onOutput: (data) => {
        said += Buffer.from(data).toString();
        const found = /^(\S+) listens$/m.exec(said);
        if (found !== null) tellAddress(found[1] ?? '');
      },
    });
    const its = await listening;
    await printed(other, ADDRESS);
    const gateways = await site.onHost(
      'ip -4 -oneline address show scope global | sed "s,.* inet \\([0-9.]*\\)/.*,\\1,"',
    );
    const host = gateways.trim().split('\n');
    expect(host.length).toBeGreaterThan(1);
    const hosts = host.flatMap((ip) => [`${ip}/22`, `${ip}/8443`]);

    // They are all there for who may.
    const open = (places: readonly string[]) => places.map((place) => `${place} open`).join('\n');
    expect((await site.onHost(tryAll(hosts))).trim()).toBe(open(hosts));

    const forbidden = [`${its}/5000`, ...hosts];
    expect(await printed(other, tryAll(forbidden))).toBe(
      forbidden.map((place) => `${place} closed`).join('\n'),
    );
    stop.abort();
    await server;
  });

  it.each([
    [
      'the device eth0 has no port isolation',
      'device unset "$1" eth0 security.port_isolation',
      'port_isolation',
    ],
    ['the device eth0 has no MAC filter', 'device unset "$1" eth0 security.mac_filtering', 'mac_filtering'],
    ['its containers are privileged', 'set "$1" security.privileged=true', 'privileged'],
    ['its containers are privileged in other words', 'set "$1" security.privileged=1', 'privileged'],
    [
      'it leads to the daemon',
      'device add "$1" way proxy bind=instance listen=tcp:127.0.0.1:9999 connect=unix:/var/lib/incus/unix.socket',
      'proxy',
    ],
    ['it has a directory of the host', 'device add "$1" etc disk source=/etc path=/host', '"/etc"'],
    ['it sets raw.lxc', 'set "$1" raw.lxc=lxc.log.level=1', 'raw.lxc'],
    ['its network has no ACL', 'device set "$1" eth0 network="$1"', 'security.acls'],
  ])('is not made where the profile is not fit for it: %s', async (_, change, message) => {
    const name = `unfit${randomBytes(4).toString('hex')}`;
    const { project, profile } = site.host;
    await site.onHost(
      `exec </dev/null; export INCUS_PROJECT="$2"
      incus profile copy "$3" "$1" --project "$2" && incus network create "$1" ipv4.address=none ipv6.address=none --project default && incus profile ${change}`,
      name,
      project,
      profile,
    );
    try {
      const incus = { project, profile, image: site.host.image, untrustedProfile: name };
      const pikaci = site.open({ trust: 'untrusted', incus });
      const runId = site.newRunId();
      const job = { id: 'j', command: 'true' };
      const fault = mustFail(await pikaci.runJob({ job, workspace: site.workspace, runId }), 'not_trusted');
      expect(fault.message).toContain(message);
      const profileCheck = (await pikaci.doctor()).checks.find((check) => check.name === 'profile');
      expect(profileCheck).toMatchObject({ status: 'failed', detail: expect.stringContaining(message) });
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    } finally {
      await site.onHost(
        'exec </dev/null; incus profile delete "$1" --project "$2"; incus network delete "$1" --project default',
        name,
        project,
      );
    }
  });
});

describe('a run that is not trusted', () => {
  const job = { id: 'j', command: 'ls "$PIKACI_SECRETS_DIR"; cat "$PIKACI_SECRETS_DIR/FREE"' };

  it('gets the secrets that are meant for it, and is told of the others', async () => {
    const warnings: string[] = [];
    const events: EventSink = {
      emit: () => {},
      emitRun: (event) => {
        if (event.type === 'run_warning') warnings.push(event.message);
      },
    };
    const secrets = { FREE: { env: 'FREE', untrusted: true }, KEPT: { env: 'KEPT' } };
    const run = must(
      await site.pikaci.runTarget({
        target: 't',
        definition: { jobs: [{ ...job, secrets }] },
        workspace: site.workspace,
        runId: site.newRunId(),
        secrets: { j: { FREE: 'free', KEPT: 'never' } },
        events,
      }),
    );
    must(await run.cleanUp);
    const [end] = run.jobs;
    if (end?.kind !== 'ended') throw new Error('the job has not ended');
    expect(end.run.outcome.status).toBe('passed');
    expect((await readFile(end.run.state.guestLog)).toString()).toBe('FREE\n***');
    expect(run.record.options?.trust).toBe('untrusted');
    expect(warnings.join()).toContain('runs without KEPT');
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);

    const trusting = site.open({ trust: 'trusted' });
    expect(mustFail(await trusting.rerun(run.runId), 'not_trusted').message).toContain('--trust untrusted');
  });

  it.each([
    [
      'a prepare node that runs on the host',
      { prepare: [{ type: 'command' as const, id: 'p', command: 'touch /tmp/never' }] },
      'prepare.p',
    ],
    [
      'a build on the host',
      { prepare: [{ type: 'nixBuild' as const, id: 'p', installable: '.#x' }] },
      'prepare.p',
    ],
    ['profiles of its choice', {}, 'jobs.j.extraProfiles'],
  ])('may not have %s', async (what, more, field) => {
    const extraProfiles = what.startsWith('profiles') ? ['default'] : [];
    const runId = site.newRunId();
    const definition = { ...more, jobs: [{ ...job, command: 'true', extraProfiles }] };
    const fault = mustFail(
      await site.pikaci.runTarget({ target: 't', definition, workspace: site.workspace, runId }),
      'not_trusted',
    );
    expect(fault.field).toBe(field);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });
});

it('a microVM for what is not trusted is not made unless somebody says that it is cut off', async () => {
  await using microvms = await Site.open({ backend: 'microvm', trust: 'untrusted' });
  const runId = microvms.newRunId();
  const job = { id: 'j', command: 'true' };
  const fault = mustFail(
    await microvms.pikaci.runJob({ job, workspace: microvms.workspace, runId }),
    'not_trusted',
  );
  expect(fault.message).toContain('"isolatedNetwork": true');
  expect(await microvms.leftovers(runId)).toEqual(NOTHING_LEFT);
});
