import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(async () => {
  expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  await site[Symbol.asyncDispose]();
});

const uploads = (events: EventRecorder) => events.of('upload_progress').length;
const staged = async () => (await site.onHost('ls -A "$1/snapshots"', site.workDir)).trim().split('\n');

describe('the staged snapshot', () => {
  it('is used again as long as the workspace does not change, also by another process', async () => {
    const first = await site.finish({ command: 'cat hello.txt' });
    const second = await site.finish({ command: 'cat hello.txt' });
    const other = await site.finish({ command: 'cat hello.txt' }, {}, site.open());
    await writeFile(join(site.workspace, 'hello.txt'), 'changed\n');
    const third = await site.finish({ command: 'cat hello.txt' });
    expect([first, second, other, third].map(({ events }) => uploads(events) > 0)).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([first, second, other, third].map(({ log }) => log.toString())).toEqual([
      ...Array(3).fill('hello from the workspace\n'),
      'changed\n',
    ]);
    expect(await staged()).toHaveLength(2);
  });

  it('is another one after a touch, by as little as a nanosecond', async () => {
    for (const fraction of ['123456789', '123456790']) {
      const time = `2001-02-03 04:05:06.${fraction}`;
      execFileSync('touch', ['-d', `${time} UTC`, join(site.workspace, 'hello.txt')]);
      const { log } = await site.finish({ command: 'stat -c %y hello.txt' });
      expect(log.toString()).toBe(`${time} +0000\n`);
    }
    expect(await staged()).toHaveLength(2);
  });

  it('is uploaded once by jobs that start together', async () => {
    const jobs = await Promise.all([1, 2, 3].map(() => site.finish({ command: 'cat hello.txt' })));
    expect(jobs.map(({ run }) => run.outcome.status)).toEqual(['passed', 'passed', 'passed']);
    expect(jobs.filter(({ events }) => uploads(events) > 0)).toHaveLength(1);
  });

  it('is whole when two processes stage it at once', async () => {
    await writeFile(join(site.workspace, 'large'), Buffer.alloc(4_000_000, 'x'));
    const jobs = await Promise.all(
      [site.open(), site.open()].map((pikaci) => site.finish({ command: 'wc -c <large' }, {}, pikaci)),
    );
    expect(jobs.map(({ log }) => log.toString())).toEqual(['4000000\n', '4000000\n']);
    expect(await staged()).toHaveLength(1);
  });

  const spoilings = [
    [
      'the marker of another content',
      `sed -i 's/"content_hash":"[^"]*"/"content_hash":"0000"/' "$marker"`,
      /other content \("0000"\)/,
    ],
    ['no marker', 'rm "$marker"', /has no pikaci-snapshot\.json/],
    ['a marker that is not JSON', 'echo "{" >"$marker"', /not JSON/],
    ['a marker without its fields', 'echo "{}" >"$marker"', /cannot be read/],
  ] as const;
  for (const [what, spoil, says] of spoilings) {
    it(`with ${what} is refused, and nothing is guessed about it`, async () => {
      await site.finish({ command: 'true' });
      await site.onHost(`marker=$(echo "$1"/snapshots/*/pikaci-snapshot.json); ${spoil}`, site.workDir);
      const job = { id: 'j', command: 'true' };
      const runId = site.newRunId();
      const fault = mustFail(
        await site.pikaci.runJob({ job, workspace: site.workspace, runId }),
        'snapshot_refused',
      );
      expect(fault.message).toMatch(says);
      expect(fault.phase).toBe('stage_workspace_snapshot');
    });
  }

  it('of an upload that was broken off is never believed', async () => {
    await writeFile(join(site.workspace, 'large'), Buffer.alloc(60_000_000, 'x'));
    const events = new EventRecorder();
    const abort = new AbortController();
    void events.until(() => uploads(events) > 2).then(() => abort.abort());
    const job = { id: 'j', command: 'true' };
    const runId = site.newRunId();
    mustFail(
      await site.pikaci.runJob({ job, workspace: site.workspace, runId, events, signal: abort.signal }),
      'cancelled',
    );
    expect(await staged()).toEqual(['']);
    const { run, log } = await site.finish({ command: 'wc -c <large' });
    expect(log.toString()).toBe('60000000\n');
    must(await run.cleanUp);
  });

  it('is none when a file was removed while it was sent: that one is named, and the workspace is to blame', async () => {
    await writeFile(join(site.workspace, 'large'), Buffer.alloc(60_000_000, 'x'));
    await writeFile(join(site.workspace, 'later'), 'sent behind the large one\n');
    const events = new EventRecorder();
    const removed = events.until(() => uploads(events) > 2).then(() => rm(join(site.workspace, 'later')));
    const job = { id: 'j', command: 'true' };
    const run = await site.pikaci.runJob({
      job,
      workspace: site.workspace,
      runId: site.newRunId(),
      events,
    });
    await removed;
    const fault = mustFail(run, 'workspace');
    expect(fault).toMatchObject({ field: 'workspace', phase: 'stage_workspace_snapshot' });
    expect(fault.message).toContain('later was removed');
    expect(await staged()).toEqual(['']);
  });
});
