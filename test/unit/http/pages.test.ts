import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { hostsDocumentSchema } from '../../../src/domain/records/host-documents.js';
import { jobRecord } from '../../support/job-record.js';
import { EARLIER, RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { sampleHosts } from '../../support/sample-hosts.js';
import { served } from '../../support/served.js';

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\ud800\u202e`;
const NOT_ESCAPED = /<script>|<img|onerror=alert\(2\)>|"'>/;
const LOG = `/runs/${RUN_ID}/logs/unit`;

function phases() {
  const timing = (phase: 'launch_guest' | 'wait_for_completion', second: number, ok: boolean) => ({
    phase,
    started_at: `2026-11-23T16:45:0${second}.000Z`,
    finished_at: `2026-11-23T16:45:0${second + 2}.000Z`,
    duration_ms: 2000,
    ok,
  });
  return [timing('launch_guest', 2, true), timing('wait_for_completion', 4, false)];
}

describe('the page of the queue and the hosts', () => {
  it('shows what waits and what each host has, as the JSON does, and lets nothing that others named be more than text', async () => {
    const seen = sampleHosts(HOSTILE);
    const server = await served(null, { hosts: { seen: async () => seen } });
    const { status, text } = await server.get('/hosts');
    expect(status).toBe(200);
    expect(text).not.toMatch(NOT_ESCAPED);
    for (const said of [
      'place 1',
      'priority 5',
      '14.5 of 16 asked for',
      'builder-2',
      'unreachable',
      '3 more are not listed',
    ])
      expect(text).toContain(said);
    expect(text).toMatch(/waits for <a href="\/runs\/first">/);
    const json = await server.get('/news/api/forge/pikaci/hosts');
    expect(hostsDocumentSchema.parse(JSON.parse(json.text)).hosts.map(({ state }) => state)).toEqual([
      'online',
      'unreachable',
    ]);
    expect((await server.get('/')).text).toContain('href="/hosts"');
  });

  it('says that the hosts are being asked, is behind the token, and is not there unless it is wanted', async () => {
    const server = await served('a-token-of-some-length', { hosts: { seen: async () => null } });
    expect((await server.get('/hosts')).status).toBe(401);
    expect((await server.get('/news/api/forge/pikaci/hosts')).status).toBe(401);
    const authorization = 'Bearer a-token-of-some-length';
    expect((await server.get('/hosts', { authorization })).text).toContain('The hosts are being asked');
    const json = await server.get('/news/api/forge/pikaci/hosts', { authorization });
    expect([json.status, JSON.parse(json.text).error.kind]).toEqual([503, 'not_yet']);
    const without = await served();
    expect((await without.get('/hosts')).status).toBe(404);
    expect((await without.get('/hosts')).text).toContain('serve --hosts');
    expect((await without.get('/')).text).not.toContain('/hosts');
  });
});

describe('the pages', () => {
  it('tell a failure that is allowed from others, and so do the metrics and the badge', async () => {
    const server = await served();
    const failed = { status: 'failed', exit_code: 3, message: 'it said no', allow_failure: true } as const;
    const jobs = [runJobRecord('unit'), runJobRecord('lint', failed)];
    await writeRun(server.stateRoot, runRecord({ jobs }));
    const { text } = await server.get(`/runs/${RUN_ID}`);
    expect(text).toContain(
      '<span class="status allowed"><span aria-hidden="true">!</span> failed, allowed</span>',
    );
    expect(text).toContain('<p class="note"><bdi>it said no</bdi></p>');
    expect((await server.get('/')).text).toContain('2 jobs, 1 allowed to fail');
    expect((await server.get('/metrics')).text).toContain('pikaci_jobs_allowed_to_fail 1\n');
    expect((await server.get('/badge/main.svg')).text).toContain('pikaci: passed, 1 allowed to fail<');
  });

  it('show what a job found in its caches and what became of it, as the metrics count it', async () => {
    const server = await served();
    const found = {
      hit: 'partial',
      restored_key: `npm-${HOSTILE}`,
      restored_bytes: 2048,
      restore_ms: 1500,
    } as const;
    const caches = [
      { path: '/npm', key: 'npm-2', ...found, saved: 'saved', saved_bytes: 4096 } as const,
      { path: '/other', key: 'k', hit: 'miss', restore_ms: 500, saved: 'not_passed' } as const,
    ];
    await writeRun(server.stateRoot, runRecord({ jobs: [runJobRecord('unit', { caches })] }));
    const { text } = await server.get(`/runs/${RUN_ID}`);
    expect(text).toContain('<bdi>npm-2</bdi></code>: <bdi>restored from another key npm-');
    expect(text).toContain('<bdi>k</bdi></code>: <bdi>nothing restored</bdi> · not passed');
    expect(text).not.toMatch(NOT_ESCAPED);
    const metrics = (await server.get('/metrics')).text;
    expect(metrics).toContain('pikaci_job_caches{hit="partial"} 1\n');
    expect(metrics).toContain('pikaci_job_caches{hit="exact"} 0\n');
    expect(metrics).toContain('pikaci_job_caches_saved 1\n');
    expect(metrics).toContain('pikaci_job_cache_restore_seconds 2\n');
  });

  it('show the pools of machines that wait as they were seen last, and where a machine came from, as the metrics do', async () => {
    const server = await served();
    const directory = join(server.stateRoot, 'pools');
    await mkdir(directory);
    const waiting = (instance_name: string, more = {}) => ({
      ...{ type: 'waiting_machine', schema_version: 1, instance_name, pool: 'p', is_up: true },
      ...{ created_at: '2026-11-23T16:00:00Z', ends_at: '2026-11-23T17:00:00Z' },
      ...{ image_fingerprint: 'f00d', template: null, replaced_because: null, ...more },
    });
    const pool = {
      ...{ schema_version: 1, host: 'ci@box', incus_project: 'ci', pool: 'p', size: 3 },
      ...{ instance_type: 'container', image_alias: null, template: 'node' },
      seen_at: '2026-11-23T16:45:00Z',
      waiting: [
        waiting('pikaci-one', { created_at: '2026-11-23T15:00:00Z' }),
        waiting('pikaci-two', { replaced_because: HOSTILE }),
      ],
      problem: `no room ${HOSTILE}`,
    };
    await writeFile(join(directory, 'a.json'), JSON.stringify(pool));
    await writeFile(join(directory, 'b.json'), '{"damaged"');
    const jobs = [
      runJobRecord('unit', { acquired: { from: 'warm' } }),
      runJobRecord('other', { acquired: { from: 'cold', reason: `none waits ${HOSTILE}` } }),
      runJobRecord('third'),
    ];
    await writeRun(server.stateRoot, runRecord({ jobs }));
    const { text } = await server.get('/');
    expect(text).toContain('template <bdi>node</bdi>');
    expect(text).toContain('1 of 3 ready');
    expect(text).toContain('to be replaced: <bdi>');
    expect(text).toContain('<p class="problem"><bdi>no room ');
    expect(text).not.toMatch(NOT_ESCAPED);
    expect((await server.get('/?branch=main')).text).not.toContain('pikaci-one');
    const run = (await server.get(`/runs/${RUN_ID}`)).text;
    expect(run).toContain('machine from the pool');
    expect(run).toContain('machine made for the job: <bdi>none waits ');
    expect(run).not.toMatch(NOT_ESCAPED);
    const metrics = (await server.get('/metrics')).text;
    const labels = 'host="ci@box",incus_project="ci",pool="p",template="node"';
    for (const line of [
      `pikaci_pool_size{${labels}} 3`,
      `pikaci_pool_waiting{${labels},state="up"} 1`,
      `pikaci_pool_waiting{${labels},state="starting"} 0`,
      `pikaci_pool_waiting{${labels},state="to_be_replaced"} 1`,
      `pikaci_pool_oldest_timestamp_seconds{${labels}} ${Date.parse('2026-11-23T15:00:00Z') / 1000}`,
      `pikaci_pool_problem{${labels}} 1`,
      `pikaci_pool_seen_timestamp_seconds{${labels}} ${Date.parse('2026-11-23T16:45:00Z') / 1000}`,
      'pikaci_job_machines{from="warm"} 1',
      'pikaci_job_machines{from="cold"} 1',
    ])
      expect(metrics).toContain(`${line}\n`);
  });

  it('list the runs of a target and those that stand in one way, also together', async () => {
    const server = await served();
    const write = (id: string, more: object) =>
      writeRun(server.stateRoot, runRecord({ run_id: id, target_id: 'unit', ...more }));
    await write('one', { status: 'failed', git_branch: 'topic/a' });
    await write('two', {});
    await write('three', { target_id: 'lint', status: 'failed' });
    const ids = async (query: string) => {
      const { text } = await server.get(`/?${query}`);
      return ['one', 'two', 'three'].filter((id) => text.includes(`/runs/${id}"`));
    };
    expect(await ids('status=failed')).toEqual(['one', 'three']);
    expect(await ids('target=unit&status=')).toEqual(['one', 'two']);
    expect(await ids('branch=topic%2Fa&target=unit&status=failed')).toEqual(['one']);
    const none = await server.get('/?target=lint&status=passed&branch=%3Cb%3E');
    expect(none.text).toContain('There are no such runs.');
    expect(none.text).toContain('<option value="passed" selected>');
    expect(none.text).not.toMatch(NOT_ESCAPED);
    expect((await server.get('/?status=green')).status).toBe(400);
  });

  it('have a badge for each branch, with nothing in it from a record', async () => {
    const server = await served();
    await writeRun(server.stateRoot, runRecord({ run_id: 'a', git_branch: 'topic/a', status: 'failed' }));
    const of = async (path: string) => {
      const { status, text, headers } = await server.get(`/badge/${path}`);
      return [status, headers['content-type'], /aria-label="([^"]*)"/.exec(text)?.[1]];
    };
    const svg = 'image/svg+xml; charset=utf-8';
    expect(await of('topic/a.svg')).toEqual([200, svg, 'pikaci: failed']);
    expect(await of('topic%2Fa.svg?target=t')).toEqual([200, svg, 'pikaci: failed']);
    expect(await of('topic/a.svg?target=other')).toEqual([200, svg, 'pikaci: no runs']);
    expect((await of('..%2f.svg'))[0]).toBe(400);
    expect((await of('topic/a'))[0]).toBe(404);
  });

  it('count how long runs took by the names of OpenTelemetry, for Prometheus', async () => {
    const server = await served();
    const ran = (id: string, secs: number | null, status: 'passed' | 'failed' | 'running') =>
      writeRun(
        server.stateRoot,
        runRecord({
          run_id: id,
          target_id: 'unit',
          status,
          created_at: '2026-01-01T00:00:00.000Z',
          finished_at: secs === null ? null : new Date(Date.UTC(2026, 0, 1, 0, 0, secs)).toISOString(),
        }),
      );
    await ran('one', 4, 'passed');
    await ran('two', 400, 'passed');
    await ran('three', 1, 'failed');
    const { text } = await server.get('/metrics');
    const of = (result: string) =>
      `cicd_pipeline_name="unit",cicd_pipeline_run_state="executing",cicd_pipeline_result="${result}"`;
    const name = 'cicd_pipeline_run_duration_seconds';
    expect(text).toContain(`# TYPE ${name} histogram\n`);
    expect(text).toContain(
      `${name}_bucket{${of('success')},le="2.5"} 0\n${name}_bucket{${of('success')},le="5"} 1\n`,
    );
    expect(text).toContain(
      `${name}_bucket{${of('success')},le="+Inf"} 2\n${name}_sum{${of('success')}} 404\n`,
    );
    expect(text).toContain(`${name}_count{${of('failure')}} 1\n`);
  });

  it('list the runs, newest first, and those of one branch', async () => {
    const server = await served();
    expect((await server.get('/')).text).toContain('There are no runs.');
    const at = (run_id: string, git_branch: string, created_at: string) =>
      writeRun(server.stateRoot, runRecord({ run_id, git_branch, created_at }));
    await at('older', 'main', '2026-11-01T00:00:00.000Z');
    await at('newer', 'feature/x', '2026-11-02T00:00:00.000Z');
    const all = await server.get('/');
    expect(all.status).toBe(200);
    expect(all.headers['content-type']).toBe('text/html; charset=UTF-8');
    expect(all.text.indexOf('/runs/newer')).toBeGreaterThan(0);
    expect(all.text.indexOf('/runs/older')).toBeGreaterThan(all.text.indexOf('/runs/newer'));
    expect(all.text).toContain('href="/?branch=feature%2Fx"');
    const one = await server.get('/?branch=feature%2Fx');
    expect(one.text).toContain('/runs/newer');
    expect(one.text).not.toContain('/runs/older');
    expect((await server.get('/?branch=a..b')).status).toBe(400);
    expect((await server.get('/?branch=')).text).toContain('2 runs');
  });

  it('list all of many runs on pages of 200, each run once, and say how many there are', async () => {
    const server = await served();
    const at = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString();
    const ids = Array.from({ length: 450 }, (_, index) => `run-${index}`);
    for (const [index, run_id] of ids.entries())
      await writeRun(
        server.stateRoot,
        runRecord({ run_id, created_at: at(index), git_branch: index % 2 === 0 ? 'a&b' : 'main' }),
      );
    const listed = async (address: string) => {
      const { text } = await server.get(address);
      return {
        text,
        runs: [...text.matchAll(/class="title" href="\/runs\/(run-\d+)"/g)].map(([, id]) => id),
      };
    };
    const seen: (string | undefined)[] = [];
    let next: string | null = '/';
    const counts: (string | undefined)[] = [];
    while (next !== null) {
      const { text, runs } = await listed(next);
      seen.push(...runs);
      counts.push(/Runs \d+ to \d+ of \d+/.exec(text)?.[0]);
      next = /href="([^"]*)">Older/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? null;
    }
    expect(seen).toEqual([...ids].reverse());
    expect(counts).toEqual(['Runs 1 to 200 of 450', 'Runs 201 to 400 of 450', 'Runs 401 to 450 of 450']);
    const branch = await listed('/?branch=a%26b&page=2');
    expect(branch.runs).toHaveLength(25);
    expect(branch.text).toContain('href="/?branch=a%26b&amp;page=1">Newer');
    expect(branch.text).not.toContain('>Older');
    for (const [page, status] of Object.entries({ 4: 404, 0: 400, x: 400, '-1': 400 }))
      expect([page, (await server.get(`/?page=${page}`)).status]).toEqual([page, status]);
  });

  it('show a run with its jobs, its phases to one scale, and what was prepared', async () => {
    const server = await served();
    const execution = { backend: 'incus' as const, incus_image: null, phases: phases() };
    const jobs = [runJobRecord('unit', { remote_linux_vm_execution: execution })];
    const dir = await writeRun(server.stateRoot, runRecord({ jobs }));
    const output = {
      node_id: 'deps',
      installable: '.#deps',
      output_name: 'out',
      protocol: 'nix_store_path_v1',
    };
    const outputs = [{ ...output, realized_path: '/nix/store/deps' }];
    await writeFile(join(dir, 'prepared-outputs.json'), JSON.stringify({ schema_version: 1, outputs }));
    const { text, status } = await server.get(`/runs/${RUN_ID}`);
    expect(status).toBe(200);
    expect(text).toContain(`href="${LOG}?kind=guest"`);
    expect(text).toContain('/nix/store/deps');
    expect(text).toMatch(/<rect class="bar launch_guest" x="0" y="0" width="500"/);
    expect(text).toMatch(/<rect class="bar not-ok" x="500" y="0" width="500"/);
    expect(text).toContain('wait for completion 2.0 s (failed)');
  });

  it('are loaded again while a run goes on, and not after', async () => {
    const server = await served();
    await writeRun(server.stateRoot);
    expect((await server.get(`/runs/${RUN_ID}`)).text).not.toContain('http-equiv');
    const jobs = [runJobRecord('unit', { status: 'running' })];
    await writeRun(server.stateRoot, runRecord({ status: 'running', finished_at: null, jobs }));
    for (const path of ['/', `/runs/${RUN_ID}`, LOG])
      expect((await server.get(path)).text).toContain('http-equiv="refresh"');
  });

  it('say in words, as a page, what cannot be shown', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    for (const [path, status] of [
      ['/runs/nobody', 404],
      ['/runs/..%2f..%2fetc', 400],
      [`/runs/${RUN_ID}/logs/nobody`, 404],
      [`/runs/${RUN_ID}/logs/..%2f..%2frun.json`, 404],
      [`${LOG}?part=7`, 404],
      [`${LOG}?part=-1`, 400],
      [`${LOG}?kind=both`, 400],
    ] as const) {
      const answer = await server.get(path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.text).toContain('class="problem"');
    }
    await writeFile(join(dir, 'run.json'), '{');
    expect((await server.get(`/runs/${RUN_ID}`)).status).toBe(500);
    expect((await server.get('/')).text).toContain('cannot be read');
  });

  it('say why something could not be prepared, with the end of what it printed', async () => {
    const server = await served();
    const timing = { started_at: '2026-11-23T16:45:02.000Z', finished_at: '2026-11-23T16:45:03.000Z' };
    const message = 'the command of sdk: make ended with 2:\nno rule to make <all>';
    const prepare_timings = [
      { ...timing, node_id: 'sdk', duration_ms: 1000, ok: false, cached: false, message },
    ];
    await writeRun(server.stateRoot, runRecord({ status: 'failed', prepare_timings }));
    const { text } = await server.get(`/runs/${RUN_ID}`);
    expect(text).toContain('<h2>Could not be prepared</h2>');
    expect(text).toContain('make ended with 2:\nno rule to make &lt;all&gt;</p>');
  });

  it('escape every name and text that a record holds', async () => {
    const server = await served();
    const jobs = [runJobRecord('unit', { message: HOSTILE, description: HOSTILE })];
    const timing = { node_id: HOSTILE, started_at: '2026-11-23T16:45:02.000Z', finished_at: HOSTILE };
    const record = runRecord({
      jobs: [...jobs, runJobRecord('x', { id: HOSTILE, status: 'failed', message: HOSTILE })],
      target_id: HOSTILE,
      git_branch: HOSTILE,
      git_head: HOSTILE,
      host: HOSTILE,
      message: HOSTILE,
      rerun_of: HOSTILE,
      created_at: HOSTILE,
      prepare_timings: [
        { ...timing, duration_ms: 5, ok: true, cached: false, message: HOSTILE },
        { ...timing, duration_ms: 5, ok: false, cached: false, message: HOSTILE },
      ],
    });
    const dir = await writeRun(server.stateRoot, runRecord());
    await writeFile(join(dir, 'run.json'), JSON.stringify(record));
    const output = { node_id: HOSTILE, installable: HOSTILE, output_name: HOSTILE, protocol: 'host_path_v1' };
    const outputs = [{ ...output, realized_path: HOSTILE }];
    await writeFile(join(dir, 'prepared-outputs.json'), JSON.stringify({ schema_version: 1, outputs }));
    await writeFile(join(dir, 'jobs/unit/guest.log'), `${HOSTILE}\n\u001b[31m${HOSTILE}\u001b[0m\n`);
    const q = encodeURIComponent('"><script>');
    for (const path of [
      '/',
      `/runs/${RUN_ID}`,
      LOG,
      `${LOG}?q=${q}`,
      `/runs/${q}`,
      `/runs/${RUN_ID}/logs/${q}`,
      `/?branch=${q}`,
    ]) {
      const { text } = await server.get(path);
      expect(text).toContain('<main>');
      expect(text).not.toMatch(NOT_ESCAPED);
    }
    expect((await server.get(LOG)).text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    const metrics = await server.get('/metrics');
    expect(metrics.text).toContain('target="\\"\'><script>');
  });
});

describe('the page of a log', () => {
  it('has colours as classes of the style sheet, and a link to each line', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    const text =
      'plain\n\u001b[1;31mred\nstill\u001b[0m \u001b[38;5;200mpink\u001b[0m \u001b[48;2;255;0;0mtrue\u001b[0m\nend\n';
    await writeFile(join(dir, 'jobs/unit/guest.log'), text);
    const answer = await server.get(LOG);
    expect(answer.text).toContain('<span class="fg-red bold">red</span>');
    expect(answer.text).toContain('<span class="fg-red bold">still</span>');
    expect(answer.text).toContain('<span class="fg-palette-200">pink</span>');
    expect(answer.text).toContain('<span class="bg-palette-196">true</span>');
    expect(answer.text.match(/id="L\d+"/g)).toEqual(['id="L1"', 'id="L2"', 'id="L3"', 'id="L4"']);
    expect(answer.text).not.toContain('style=');
    const css = (await server.get('/style.css')).text;
    for (const name of ['fg-red', 'fg-palette-200', 'bg-palette-196', 'bold'])
      expect(css).toContain(`.${name} `);
    expect(css).toContain('prefers-color-scheme: dark');
  });

  it('shows what other control characters are there, and no class that a log chose', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    const hostile =
      'a\u0007b\u0000c\rd\u001b]0;title\u0007\u001b[38;5;999mx\u001b[38;2;a;b;cm"y\r\n\u001b[2Jz';
    await writeFile(
      join(dir, 'jobs/unit/guest.log'),
      Buffer.concat([Buffer.from(hostile), Buffer.from([0xff, 0xfe])]),
    );
    const { text } = await server.get(LOG);
    const plain = text.replace(/<[^>]*>/g, ' ');
    expect(plain).toContain('a BEL b NUL c CR d ESC ]0;title BEL ');
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
    for (const [, classes] of text.matchAll(/class="([^"]*)"/g)) expect(classes).toMatch(/^[a-z0-9_ -]+$/i);
  });

  it('says at its end, and nowhere else, that the log was cut there', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    await writeFile(join(dir, 'jobs/unit/guest.log'), `${'line\n'.repeat(200_000)}last`);
    const record = jobRecord({}, []);
    const sizes = { log_bytes: 3 * 1024 * 1024, kept_log_bytes: 1_000_004, log_cut: true };
    const write = (more: object) =>
      writeFile(
        join(dir, 'jobs/unit/job.json'),
        JSON.stringify({ ...record, outcome: { ...record.outcome, ...more } }),
      );
    await write(sizes);
    const CUT =
      /The log is cut here: 976\.6 KiB of the 3\.0 MiB that the job wrote are kept \(maxLogBytes\)\./;
    expect((await server.get(LOG)).text).toMatch(CUT);
    expect((await server.get(`${LOG}?part=0`)).text).not.toContain('cut here');
    expect((await server.get(`${LOG}?kind=host`)).text).not.toContain('cut here');
    expect((await server.get(`${LOG}/raw?kind=guest`)).text).not.toContain('cut here');
    await write({ ...sizes, log_cut: false });
    expect((await server.get(LOG)).text).not.toContain('cut here');
  });

  it('says on the page of the run, too, that a log was cut, and of a job that goes on as soon as it is', async () => {
    const server = await served();
    const unit = { status: 'running', finished_at: null, exit_code: null } as const;
    const jobs = [runJobRecord('unit', unit), runJobRecord('other', unit)];
    const dir = await writeRun(server.stateRoot, runRecord({ status: 'running', finished_at: null, jobs }));
    const page = async () => (await server.get(`/runs/${RUN_ID}`)).text.split('id="job-').slice(1);
    await writeFile(join(dir, 'jobs/unit/guest.log'), 'x'.repeat(2048));
    expect((await page()).join()).not.toContain('cut');
    const position = { schema_version: 1, guest_bytes: 3000, kept_bytes: 2048, cut: true };
    await writeFile(join(dir, 'jobs/unit/guest.log.position.json'), JSON.stringify(position));
    const [cut, whole] = await page();
    expect(cut).toContain(
      '<p class="note">The log was cut: 2.0 KiB are kept (maxLogBytes), and nothing of what comes.</p>',
    );
    expect(whole).not.toContain('cut');
    expect((await server.get(LOG)).text).toMatch(
      /The log is cut here: 2\.0 KiB are kept \(maxLogBytes\), and nothing of what comes\. The job goes on\./,
    );
    const record = jobRecord({}, []);
    const outcome = { ...record.outcome, log_bytes: 4096, kept_log_bytes: 2048, log_cut: true };
    await writeFile(join(dir, 'jobs/unit/job.json'), JSON.stringify({ ...record, outcome }));
    expect((await page())[0]).toContain(
      'The log was cut: 2.0 KiB of the 4.0 KiB that the job wrote are kept (maxLogBytes).',
    );
  });

  it('keeps the address of a line while the log grows', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    const log = join(dir, 'jobs/unit/guest.log');
    await writeFile(log, `${'first\n'.repeat(50_000)}`);
    const newest = await server.get(LOG);
    expect(newest.text).toContain('Part 2 of 2');
    expect(newest.text).toContain(`href="?kind=guest&part=1#L43693"`);
    const before = await server.get(`${LOG}?kind=guest&part=0`);
    await appendFile(log, 'last\n');
    expect((await server.get(`${LOG}?kind=guest&part=0`)).text).toBe(before.text);
    expect((await server.get(LOG)).text).toContain('last');
  });

  it('finds lines, and keeps their numbers', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    await writeFile(join(dir, 'jobs/unit/guest.log'), 'one\n\u001b[31mt\u001b[0mwo\nthree\n');
    const { text } = await server.get(`${LOG}?q=two`);
    expect(text.match(/href="[^"]*#L\d+"/g)).toEqual([`href="${LOG}?kind=guest&part=0#L2"`]);
    expect(text).toContain('<mark>two</mark>');
    expect((await server.get(`${LOG}?q=nothing`)).text).toContain('There is nothing to show.');
  });
});

test('a job that was tried again has its attempts, each with its log', async () => {
  const server = await served();
  const jobs = [runJobRecord('unit', { attempt: 2, earlier_attempts: [EARLIER] })];
  const dir = await writeRun(server.stateRoot, runRecord({ jobs }));
  await mkdir(join(dir, 'attempts/unit/1'), { recursive: true });
  await writeFile(join(dir, 'attempts/unit/1/guest.log'), 'the first\n');
  const { text } = await server.get(`/runs/${RUN_ID}`);
  const log = `/runs/${RUN_ID}/logs/unit/raw?kind=guest`;
  expect(text).toContain(`<a href="${log}&attempt=1"><bdi>attempt 1 failed (exit code 7)</bdi></a>`);
  expect(text).toContain('attempt 2 · 7.0 s');
  expect(text).not.toContain('<no>');
  expect((await server.get(`${log}&attempt=1`)).text).toBe('the first\n');
  expect((await server.get(`${log}&attempt=2`)).text).toBe('guest of unit\n');
  expect((await server.get(`${log}&attempt=3`)).status).toBe(404);
  expect((await server.get(`${log}&attempt=../x`)).status).toBe(400);
});
