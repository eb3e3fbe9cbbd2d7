import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reapDocumentSchema } from '../../src/domain/records/reap-document.js';
import { incusInstanceName, type ReapReport } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { EventRecorder } from '../support/event-recorder.js';
import { fill } from '../support/nix-output.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const WAITING = 'echo begun; until [ -e /artifacts/go ]; do sleep 0.02; done; cat hello.txt';
const ALL = { keepDays: 0 };
let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

/** Makes all that is kept look as if nobody had used it for so long. */
const age = (days: number) =>
  site.onHost(
    // What is evicted meanwhile needs no age.
    'find "$1/snapshots" -mindepth 1 -maxdepth 2 -exec touch -chd "$2 days ago" {} + || :',
    site.workDir,
    `${days}`,
  );
const snapshots = async () =>
  (await site.onHost('ls -A "$1/snapshots" || :', site.workDir)).split('\n').filter(Boolean);
const kept = (report: ReapReport) => ({
  evicted: report.kept.evicted.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)),
  failed: report.kept.failed,
});

describe('snapshots on a real host', () => {
  it('stay while a machine mounts them, whatever their age; then they go, and the next job stages its own anew', async () => {
    const events = new EventRecorder();
    const runId = site.newRunId();
    const running = site.finish({ command: WAITING }, { runId, events });
    await events.logged('begun');
    await age(400);
    const [hash = ''] = await snapshots();
    expect(kept(must(await site.pikaci.reap({ keep: ALL })))).toEqual({ evicted: [], failed: [] });
    expect(await snapshots()).toEqual([hash]);
    await site.release(runId);
    expect((await running).log.toString()).toBe('begun\nhello from the workspace\n');

    await writeConfig(site, { retention: { keepDays: 300 } });
    await site.onHost('touch "$1/snapshots/$2/last-use.json"', site.workDir, hash);
    const inUse = await commandLine(site, ['gc', '--remote', '--dry-run', '--output', 'json']).end;
    expect(reapDocumentSchema.parse(JSON.parse(inUse.stdout))).toMatchObject({
      evicted: [],
      kept_entries: 1,
    });
    await age(400);
    const dry = await commandLine(site, ['gc', '--remote', '--dry-run', '--output', 'json']).end;
    const document = reapDocumentSchema.parse(JSON.parse(dry.stdout));
    expect(document).toMatchObject({ evicted: [{ kind: 'snapshot' }], kept_entries: 0, eviction_failed: [] });
    expect(document.freed_bytes).toBeGreaterThan(0);
    expect(await snapshots()).toEqual([hash]);
    const wet = await commandLine(site, ['gc', '--remote']).end;
    expect(wet).toMatchObject({ code: 0, stdout: expect.stringContaining(`snapshots/${hash} (`) });
    expect(await snapshots()).toEqual([]);

    const again = await site.finish({ command: 'cat hello.txt' });
    expect(again.log.toString()).toBe('hello from the workspace\n');
    expect(again.events.of('upload_progress').length).toBeGreaterThan(0);
  });

  it('stay under a machine whose runner was killed, until that is reaped', async () => {
    await writeConfig(site, { leaseSecs: 3600, targets: { t: { jobs: [{ id: 'j', command: WAITING }] } } });
    const runId = site.newRunId();
    const killed = commandLine(site, ['run', '--run-id', runId]);
    await killed.said('begun');
    killed.kill('SIGKILL');
    await killed.end;
    await age(400);
    const name = incusInstanceName(runId, 'j');
    let mounted = '';
    for (const { devices } of must(await site.incus.instances(site.host.project)))
      for (const { source = '' } of Object.values(devices))
        if (source.includes('/snapshots/')) mounted = source;
    const hash = mounted.split('/').at(-2) ?? '';
    const before = must(await site.pikaci.reap({ keep: ALL }));
    expect(before.alive).toContain(name);
    expect(kept(before).evicted).not.toContain(hash);
    await site.endLease(runId);
    const report = must(await site.pikaci.reap({ keep: ALL }));
    expect(report.deleted).toContain(name);
    // In the same call: the machine first, then what it mounted.
    expect(kept(report)).toMatchObject({ evicted: expect.arrayContaining([hash]), failed: [] });
    expect(await snapshots()).toEqual([]);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('may be evicted at any moment of any job: each still passes, and nothing is left half removed', async () => {
    await flood();
    let stop = false;
    let evictions = 0;
    const reapers = [site.open(), site.open()].map(async (pikaci) => {
      while (!stop) {
        const { evicted, failed } = kept(must(await pikaci.reap({ keep: ALL })));
        expect(failed).toEqual([]);
        evictions += evicted.length;
      }
    });
    const job = async (id: string) => {
      const { run, log } = await site.finish({ id, command: 'cat hello.txt && test -e flood/49' });
      expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
      expect(log.toString()).toBe('hello from the workspace\n');
    };
    try {
      for (let round = 0; round < 6 || evictions === 0; round++) {
        // From here on the reapers may take it: before it is looked at, before it is mounted, or not at all.
        const aged = round === 0 ? Promise.resolve('') : age(400);
        await Promise.all([aged, job('one'), aged.then(() => job('two'))]);
      }
    } finally {
      stop = true;
      await Promise.all(reapers);
    }
    await age(400);
    must(await site.pikaci.reap({ keep: ALL }));
    expect(await snapshots()).toEqual([]);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});

/** Enough files that a removal takes a while. */
async function flood(): Promise<void> {
  await mkdir(join(site.workspace, 'flood'));
  for (let n = 0; n < 50; n++) await writeFile(join(site.workspace, `flood/${n}`), `${n}\n`);
}

describe('a path of the Nix store that nobody built for the run', () => {
  it('is not collected while a job mounts it through a profile, and is afterwards', async () => {
    const profile = `${site.workDir}/profile`;
    const added = await site.onHost(
      `mkdir -p "$1/sdk" && cd "$1/sdk" && ${fill('sdk', '.', `echo ${site.newRunId()}`)}
      path=$(nix-store --add "$1/sdk") && ln -s "$path" "$2" && printf %s "$path"`,
      site.workDir,
      profile,
    );
    const target = {
      prepare: [{ id: 'sdk', type: 'path' as const, path: profile }],
      jobs: [{ id: 'j', command: `${WAITING} /opt/sdk/data`, dependsOn: ['sdk'] }],
    };
    const events = new EventRecorder();
    const runId = site.newRunId();
    const input = { target: 't', definition: target, workspace: site.workspace, runId, events };
    const running = site.pikaci.runTarget(input);
    await events.logged('begun');
    await site.onHost('rm "$2"; nix-store --gc 2>&1; ls "$1/data"', added, profile);
    await site.release(runId);
    const run = must(await running);
    must(await run.cleanUp);
    expect(run.record).toMatchObject({ status: 'passed' });
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    await site.onHost('nix-store --gc 2>&1; test ! -e "$1"', added);
  });
});

/** A certificate that is good for one project, or for all with an empty name. */
const restrict = (project: string) =>
  site.onHost(
    `f=$(incus config trust list --format csv --columns nf | sed -n 's/^pikaci-client,//p')
    incus config trust show "$f" </dev/null |
      sed "s/^restricted: .*/restricted: $2/; s/^projects: .*/projects: [$1]/; /^- /d" | incus config trust edit "$f"`,
    project,
    project === '' ? 'false' : 'true',
  );

describe('a runner with a restricted certificate', () => {
  it('sees the machines that its projects have, and evicts what none of them mounts', async () => {
    const { clientCertFile, clientKeyFile, serverCertFile, httpsUrl, project, profile, image } = site.host;
    const transport = { via: 'https', url: httpsUrl, clientCertFile, clientKeyFile, serverCertFile } as const;
    const pikaci = site.open({ incus: { project, profile, image, transport } });
    const events = new EventRecorder();
    const runId = site.newRunId();
    await restrict(project);
    try {
      const running = site.finish({ command: WAITING }, { runId, events }, pikaci);
      await events.logged('begun');
      await age(400);
      expect(kept(must(await pikaci.reap({ keep: ALL })))).toEqual({ evicted: [], failed: [] });
      await site.release(runId);
      await running;
      const { evicted, failed } = kept(must(await pikaci.reap({ keep: ALL })));
      expect([evicted.length, failed]).toEqual([1, []]);
    } finally {
      await restrict('');
    }
  });
});
