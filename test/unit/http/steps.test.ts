import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunJobRecord } from '../../../src/domain/records/run-record.js';
import { eventStream } from '../../support/event-stream.js';
import { runningStep, skippedStep, stepRecord, writeSteps } from '../../support/job-steps.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';

const LOG = `/runs/${RUN_ID}/logs/unit`;
const HOSTILE = `"'><script>alert(1)</script>\u202e`;
const STEPS = [
  stepRecord('build', { name: 'Build it', log_start: 0, log_end: 8 }),
  stepRecord('test', { status: 'failed', exit_code: 7, log_start: 8, log_end: 14 }),
  skippedStep('deploy', 'the step test failed'),
  stepRecord('tidy', { status: 'failed', cause: 'timeout', exit_code: 124, log_start: 14, log_end: 14 }),
];
const going = (more: Partial<RunJobRecord> = {}) =>
  runRecord({
    status: 'running',
    finished_at: null,
    jobs: [runJobRecord('unit', { status: 'running', finished_at: null, exit_code: null, ...more })],
  });

async function withSteps(steps = STEPS) {
  const server = await served();
  const jobs = [runJobRecord('unit', { status: 'failed', exit_code: 7, steps })];
  const dir = await writeRun(server.stateRoot, runRecord({ status: 'failed', jobs }));
  await writeFile(join(dir, 'jobs/unit/guest.log'), 'one\ntwo\nthree\n');
  return { server, dir };
}
/** What a fold's first tag and head say, and the lines in it, without markup. */
const foldsIn = (text: string) =>
  [...text.matchAll(/<(details|div) class="step (\w+)" id="([^"]+)"([^>]*)>(.*?)<\/\1>/gs)].map((found) => {
    const [, , status, id, attributes = '', inner = ''] = found;
    return [id, status, attributes.trim(), inner.replace(/<[^>]*>/g, '').trim()];
  });

describe('the page of a run', () => {
  it('lists the steps of each job, each with a link to its place in the log', async () => {
    const { server } = await withSteps();
    const { text } = await server.get(`/runs/${RUN_ID}`);
    const items = [...text.matchAll(/<li><span class="status (\w+)">.*?<\/li>/gs)].map(([whole, status]) => [
      status,
      /href="([^"]*)"/.exec(whole)?.[1],
      whole.replace(/<[^>]*>/g, '').trim(),
    ]);
    expect(items).toEqual([
      ['passed', `${LOG}?kind=guest&step=build#step-build`, '✓ passed Build it exit code 0 · 2.0 s'],
      ['failed', `${LOG}?kind=guest&step=test#step-test`, '✕ failed test exit code 7 · 2.0 s'],
      ['skipped', `${LOG}?kind=guest&step=deploy#step-deploy`, '– skipped deploy the step test failed'],
      ['failed', `${LOG}?kind=guest&step=tidy#step-tidy`, '✕ failed tidy exit code 124 (timeout) · 2.0 s'],
    ]);
  });

  it('has those of a job that runs, and so has the JSON of the run', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot, going());
    await writeSteps(dir, 'unit', [stepRecord('build'), runningStep('test', 0)]);
    expect((await server.get(`/runs/${RUN_ID}`)).text).toContain('step=test#step-test');
    const json = JSON.parse((await server.get(`/news/api/forge/pikaci/run/${RUN_ID}`)).text);
    expect(json.jobs[0].steps).toMatchObject([
      { id: 'build', status: 'passed' },
      { id: 'test', status: 'running' },
    ]);
  });
});

describe('the page of a log of steps', () => {
  it('has a fold for each, open where it did not pass, and a line for one that was skipped', async () => {
    const { server } = await withSteps();
    expect(foldsIn((await server.get(LOG)).text)).toEqual([
      ['step-build', 'passed', 'data-first="1"', '✓ passed Build it exit code 0 · 2.0 s1one\n2two'],
      ['step-test', 'failed', 'data-first="3" open', '✕ failed test exit code 7 · 2.0 s3three'],
      ['step-deploy', 'skipped', '', '– skipped deploy the step test failed'],
      ['step-tidy', 'failed', 'data-first="4" open', '✕ failed tidy exit code 124 (timeout) · 2.0 s'],
    ]);
    expect(foldsIn((await server.get(`${LOG}?kind=host`)).text)).toEqual([]);
  });

  it('is found by the step, which is open then', async () => {
    const { server, dir } = await withSteps();
    const to = async (step: string) => (await server.get(`${LOG}?step=${step}`)).headers.location;
    expect(await to('build')).toBe(`${LOG}?kind=guest&part=0&step=build#step-build`);
    const opened = foldsIn((await server.get(`${LOG}?part=0&step=build`)).text);
    expect(opened[0]?.slice(0, 3)).toEqual(['step-build', 'passed', 'data-first="1" open']);
    // It has no line that it could be found by, and is at the end.
    expect((await server.get(`${LOG}?step=tidy`)).text).toContain('id="step-tidy"');
    expect((await server.get(`${LOG}?step=nobody`)).status).toBe(404);
    await writeFile(join(dir, 'jobs/unit/guest.log'), 'x\n'.repeat(200_000));
    const jobs = [
      runJobRecord('unit', { steps: [stepRecord('late', { log_start: 300_000, log_end: 400_000 })] }),
    ];
    await writeFile(join(dir, 'run.json'), JSON.stringify(runRecord({ jobs })));
    expect(await to('late')).toBe(`${LOG}?kind=guest&part=1&step=late#step-late`);
  });

  it('escapes what a record says of steps', async () => {
    const hostile = [
      stepRecord(HOSTILE, { name: HOSTILE, log_end: 4, started_at: HOSTILE }),
      { ...skippedStep('b', HOSTILE), name: HOSTILE },
    ];
    const { server } = await withSteps(hostile);
    for (const path of [`/runs/${RUN_ID}`, LOG, `${LOG}?step=${encodeURIComponent(HOSTILE)}`]) {
      const { text } = await server.get(path);
      expect(text).not.toMatch(/<script>|"'>|\u202e/);
    }
    expect((await server.get(LOG)).text).toContain('&lt;script&gt;alert(1)');
  });
});

describe('the lines of a log of steps', () => {
  it('come with what changes in the steps, each once, and where it begins', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot, going());
    const log = join(dir, 'jobs/unit/guest.log');
    await writeFile(log, 'one\n');
    await writeSteps(dir, 'unit', [runningStep('build', 0)]);
    const stream = await eventStream(server, `${LOG}/lines`);
    await stream.saw('step-build');
    await appendFile(log, 'two\nthree\n');
    await stream.saw('L3');
    // The step is known of later than its lines.
    const build = stepRecord('build', { log_end: 4 });
    await writeSteps(dir, 'unit', [build, runningStep('test', 4)]);
    await stream.saw('step-test');
    const test = stepRecord('test', { status: 'failed', exit_code: 3, log_start: 4, log_end: 19 });
    // Here it is the other way round.
    await writeSteps(dir, 'unit', [build, test, runningStep('tidy', 19)]);
    await stream.saw('step failed');
    await appendFile(log, 'four\nfive\n');
    await stream.saw('step-tidy');
    const steps = [build, test, stepRecord('tidy', { log_start: 19, log_end: 24 })];
    const jobs = [runJobRecord('unit', { status: 'failed', exit_code: 3, steps })];
    await writeFile(join(dir, 'run.json'), JSON.stringify(runRecord({ status: 'failed', jobs })));
    const events = [...(await stream.ended).matchAll(/^(?:id: (.*)\n)?data: (.*)$/gm)].map(
      ([, id, data = '']) => ({
        id,
        ...JSON.parse(data),
      }),
    );
    const told = events.flatMap(({ id, steps: news = [] }) =>
      news.map(({ first, html }: { first: number; html: string }) => [
        id,
        first,
        ...(foldsIn(html)[0]?.slice(0, 3) ?? []),
      ]),
    );
    expect(told).toEqual([
      [undefined, 1, 'step-build', 'running', 'data-first="1" open'],
      [undefined, 1, 'step-build', 'passed', 'data-first="1"'],
      [undefined, 2, 'step-test', 'running', 'data-first="2" open'],
      [undefined, 2, 'step-test', 'failed', 'data-first="2" open'],
      [undefined, 5, 'step-tidy', 'running', 'data-first="5" open'],
      [undefined, 5, 'step-tidy', 'passed', 'data-first="5"'],
    ]);
  });
});
