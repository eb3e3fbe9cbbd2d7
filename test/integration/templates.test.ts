import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPikaci, type TargetConfigInput, type TargetRun } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { removeTemplates } from '../support/remove-templates.js';
import { Site } from '../support/site.js';

const SECRET = 'tmpl-s3cr3t-0f-the-setup';
/** What says in a machine that the setup ran: another one each time. */
const SETUP = [
  'mkdir /opt/app',
  'cp hello.txt /opt/app',
  'cat /proc/sys/kernel/random/uuid >/opt/app/made',
  'echo left >/artifacts/left',
  'test "$(wc -c <"$PIKACI_SECRETS_DIR/TOKEN")" -eq 24',
  'cat "$PIKACI_SECRETS_DIR/TOKEN"',
  'ls',
].join('\n');

let site: Site;
let target: TargetConfigInput;
let cacheKey: string;
beforeAll(async () => {
  site = await Site.open();
  const from = site.host.image;
  cacheKey = site.newRunId();
  target = {
    parallel: 3,
    templates: {
      app: {
        from,
        setup: SETUP,
        runAsRoot: true,
        inputs: ['hello.txt'],
        env: { MARK: site.newRunId() },
        secrets: { TOKEN: { env: 'TEMPLATE_TOKEN' } },
      },
      more: {
        from: 'app',
        setup: 'cp /opt/app/made /opt/app/first; echo more >/opt/app/more',
        runAsRoot: true,
      },
      broken: { from, setup: `echo about to fail; exit 7 # ${site.newRunId()}` },
    },
    jobs: [
      {
        id: 'use',
        template: 'app',
        command:
          'cat /opt/app/made /opt/app/hello.txt; ls -d /artifacts/left || :; touch /opt/app/mine; ls /opt/app',
        runAsRoot: true,
        matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
      },
      {
        id: 'fetch',
        template: 'app',
        command:
          '[ -e /var/tmp/cached/made ] || { echo downloaded; cp /opt/app/made /var/tmp/cached; }; cat /var/tmp/cached/made',
        runAsRoot: true,
        caches: [{ path: '/var/tmp/cached', key: cacheKey }],
        matrix: { n: [1, 2] },
      },
      { id: 'nested', template: 'more', command: 'cat /opt/app/made /opt/app/first /opt/app/more' },
      {
        id: 'search',
        template: 'app',
        runAsRoot: true,
        command: `! grep -rqsF "$(echo ${Buffer.from(SECRET).toString('base64')} | base64 -d)" / --exclude-dir=proc --exclude-dir=sys`,
        timeoutSecs: 600,
      },
      { id: 'after-broken', template: 'broken', command: 'true' },
    ],
  };
});
afterAll(async () => {
  must(await site.pikaci.removeCache(cacheKey, { force: true }));
  await removeTemplates(site);
  await site[Symbol.asyncDispose]();
});

async function run(jobs: readonly string[], runId = site.newRunId()): Promise<TargetRun> {
  const pikaci = must(createPikaci(site.config(), { env: { TEMPLATE_TOKEN: SECRET } }));
  const ended = must(
    await pikaci.runTarget({
      target: 't',
      definition: target,
      workspace: site.workspace,
      runId,
      jobs: [...jobs],
    }),
  );
  must(await ended.cleanUp);
  await pikaci.close();
  return ended;
}

const logOf = (runId: string, name: string) => readFile(join(site.stateRoot, 'runs', runId, name), 'utf8');

describe('a template', () => {
  it('is set up once, copied for ten jobs and for another template, and neither set up nor downloaded for again by the next run', async () => {
    const first = await run(['use', 'nested', 'fetch']);
    expect(first.record.status).toBe('passed');
    expect(first.prepares).toMatchObject([{ kind: 'template', cached: false }, { cached: false }]);
    const setup = await logOf(first.runId, 'prepare/app.log');
    expect(setup).toBe('***hello.txt\n');
    const said = await Promise.all(
      first.jobs.flatMap(({ jobId }) =>
        !jobId.startsWith('use') ? [] : [logOf(first.runId, `jobs/${jobId}/guest.log`)],
      ),
    );
    expect(said).toHaveLength(10);
    expect([...new Set(said)]).toEqual(said.slice(0, 1));
    const [made = ''] = (said[0] ?? '').split('\n');
    expect(said[0]).toMatch(/^[0-9a-f-]{36}\nhello from the workspace\n/);
    expect(said[0]).toMatch(/left.*: No such file/);
    expect(said[0]?.match(/^mine$/gm)).toHaveLength(1);
    expect(await logOf(first.runId, 'jobs/nested/guest.log')).toBe(`${made}\n${made}\nmore\n`);

    const second = await run(['use', 'fetch']);
    expect(second.prepares).toMatchObject([{ kind: 'template', cached: true }]);
    const again = await logOf(second.runId, `jobs/${second.jobs[0]?.jobId}/guest.log`);
    expect(again.split('\n')[0]).toBe(made);
    // Of the first run at least one had to download; what it left is what all of the second find.
    const fetched = second.jobs.filter(({ jobId }) => jobId.startsWith('fetch'));
    expect(fetched).toHaveLength(2);
    for (const { jobId } of fetched)
      expect(await logOf(second.runId, `jobs/${jobId}/guest.log`)).toBe(`${made}\n`);
  });

  it('holds nothing of the secrets of its setup, and neither does its instance', async () => {
    const searched = await run(['search']);
    expect(searched.record.status).toBe('passed');
    const end = searched.prepares[0];
    const instance = end?.kind === 'template' ? end.instance : '';
    const found = must(await site.incus.instance(site.host.project, instance)).value;
    expect(JSON.stringify(found)).not.toContain(SECRET);
    expect(found).toMatchObject({ status: 'Stopped', ephemeral: false, devices: {} });
  });

  it('fails its jobs when its setup fails, with its log, and leaves nothing', async () => {
    const before = must(await site.incus.instances(site.host.project)).map(({ name }) => name);
    const failed = await run(['after-broken']);
    expect(failed.record.status).toBe('failed');
    expect(failed.prepares).toMatchObject([
      { kind: 'faulted', fault: { kind: 'template_failed', message: expect.stringContaining('status 7') } },
    ]);
    expect(failed.jobs).toMatchObject([{ jobId: 'after-broken', kind: 'skipped' }]);
    expect(await logOf(failed.runId, 'prepare/broken.log')).toBe('about to fail\n');
    const after = must(await site.incus.instances(site.host.project)).map(({ name }) => name);
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('a template on a microVM', () => {
  it('is a disk that its jobs stand on and cannot change, with nothing of what its setup has removed', async () => {
    await using micro = await Site.open({ backend: 'microvm' });
    const setup = [
      'mkdir /opt/app; cp hello.txt /opt/app; cat /proc/sys/kernel/random/uuid >/opt/app/made; rm /etc/debian_version',
      'cp "$PIKACI_SECRETS_DIR/TOKEN" /opt/token; sync; rm /opt/token; (sleep 1000 &)',
    ];
    const app = {
      ...{ from: micro.image, setup: setup.join('\n'), runAsRoot: true, inputs: ['hello.txt'] },
      ...{ secrets: { TOKEN: { env: 'TEMPLATE_TOKEN' } }, limits: { disk: '128MiB' } },
    };
    const command = `cat /opt/app/made /opt/app/hello.txt; cat /etc/debian_version || echo removed; rm /opt/app/made
      dd if=/dev/zero of=/dev/vdc bs=4096 count=1 || echo refused`;
    const definition: TargetConfigInput = {
      templates: { app },
      jobs: [{ id: 'use', template: 'app', runAsRoot: true, command, timeoutSecs: 300 }],
    };
    const pikaci = micro.open({}, { env: { TEMPLATE_TOKEN: SECRET } });
    const input = { target: 't', definition, workspace: micro.workspace };
    const ended = must(await pikaci.runTarget({ ...input, runId: 'made' }));
    must(await ended.cleanUp);
    expect(ended.prepares).toMatchObject([{ kind: 'template', cached: false }]);
    const log = await readFile(join(micro.stateRoot, 'runs/made/jobs/use/guest.log'), 'utf8');
    expect(log).toMatch(/^[0-9a-f-]{36}\nhello from the workspace\n[\s\S]*\nremoved\n[\s\S]*\nrefused\n$/);
    expect(must(await pikaci.buildTemplates(input))).toMatchObject([{ cached: true }]);
    const [made = ''] = log.split('\n');
    const searched = `cd "$1/cache/layers"; shift; for text; do grep -qaF -e "$text" */0.img && echo found || echo none; done; ls "../../runs"`;
    expect(await micro.onHost(searched, micro.workDir, made, SECRET)).toBe('found\nnone\n');
  });
});

describe('pikaci template', () => {
  const words = (text: string) => text.trimEnd().split('\n');

  async function pikaci(...args: string[]) {
    return await commandLine(site, ['template', ...args], { TEMPLATE_TOKEN: SECRET }).end;
  }

  it('makes what is missing with its log, lists it with its size, opens a copy, and removes it', async () => {
    const setup = `echo setting up; echo mine >/opt/mark # ${site.newRunId()}`;
    const templates = { own: { from: site.host.image, setup, runAsRoot: true } };
    await writeConfig(site, { targets: { t: { templates, jobs: [{ id: 'j', command: 'true' }] } } });
    const info = async () => JSON.parse((await commandLine(site, ['target-info', '--json']).end).stdout);
    expect((await info()).templates).toMatchObject([{ name: 'own', state: 'absent' }]);
    const made = await pikaci('build');
    expect(made).toMatchObject({ code: 0, stderr: '[own] setting up\n' });
    expect(made.stdout).toMatch(/^made own \([0-9a-f]{12}, /);
    expect((await info()).templates).toMatchObject([{ name: 'own', state: 'ready' }]);
    const again = await pikaci('build');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toMatch(/^own was there /);

    const listed = JSON.parse((await pikaci('list', '--json')).stdout).templates;
    const [own] = listed.filter(({ name }: { name: string }) => name === 'own');
    expect(own).toMatchObject({ in_use: true, image: { alias: site.host.image } });
    expect(own.bytes).toBeGreaterThan(1024);
    expect(words((await pikaci('list')).stdout)[0]).toMatch(/^NAME +KEY +IMAGE +SIZE/);

    const before = must(await site.incus.instances(site.host.project)).map(({ name }) => name);
    const shell = must(await site.pikaci.templateShell('own', { columns: 80, rows: 24, runAsRoot: true }));
    let shown = '';
    {
      await using open = shell;
      must(await open.write(Buffer.from('echo "it is $(cat /opt/mark)"; rm /opt/mark; exit 5\n')));
      for await (const { data } of open.output) shown += Buffer.from(data).toString('utf8');
      expect(must(await open.exit).code).toBe(5);
    }
    expect(shown).toContain('it is mine');
    expect(must(await site.incus.instances(site.host.project)).map(({ name }) => name)).toEqual(before);

    const refused = await pikaci('rm', 'own');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('is in use');
    expect(await pikaci('rm', own.key.slice(0, 12), '--force')).toMatchObject({ code: 0 });
    expect((await info()).templates).toMatchObject([{ name: 'own', state: 'absent' }]);
  });

  it('goes into a file and comes out of it under the same key: the next run makes none, and no image stays', async () => {
    const { project } = site.host;
    const setup = `tee /opt/mark </proc/sys/kernel/random/uuid; chmod 600 /opt/mark; chown 1000:1000 /opt/mark # ${site.newRunId()}`;
    const templates = { moved: { from: site.host.image, setup, runAsRoot: true } };
    const job = { id: 'j', template: 'moved', command: 'cat /opt/mark' };
    await writeConfig(site, { targets: { t: { templates, jobs: [job] } } });
    const images = async () =>
      must(await site.incus.images(project))
        .map(({ fingerprint }) => fingerprint)
        .sort();
    const [before, file] = [await images(), join(site.directory, 'moved.tar.gz')];
    const made = await pikaci('build');
    const [mark = 'none'] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(made.stderr) ?? [];

    const exported = await pikaci('export', 'moved', file);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    const [, key = ''] = /^exported moved \(([0-9a-f]{12})\): /.exec(exported.stdout) ?? [];
    expect(exported.stdout).toContain(`sha256 ${sha256}`);
    expect(await pikaci('rm', key, '--force')).toMatchObject({ code: 0 });

    const piped = ['sh', '-c', `exec "$@" <${file}`, 'sh'];
    const imported = await commandLine(site, ['template', 'import', '-'], {}, piped).end;
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(imported.stdout).toContain(`imported moved (${key}, `);
    const ran = await commandLine(site, ['run', 't']).end;
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(mark) });
    expect(await images()).toEqual(before);
  });
});
