import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../src/composition/serve.js';
import { listRuns, loadRunBundle, type TargetConfigInput } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { fill, flakeThatSays, OFFLINE } from '../support/nix-output.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const WAITS = 'echo waits here; until [ -e /artifacts/go ]; do sleep 0.02; done; cat /opt/built/data';
const TARGET: TargetConfigInput = {
  prepare: [
    { id: 'built', type: 'nixBuild', installable: '.#packages.x86_64-linux.tool', options: OFFLINE },
    {
      id: 'made',
      type: 'command',
      command: fill('made', '$PIKACI_OUTPUT', 'echo made'),
      inputs: ['hello.txt'],
    },
  ],
  jobs: [
    { id: 'nix', command: 'cat /opt/built/data', dependsOn: ['built'] },
    { id: 'made-too', command: 'cat /opt/made/data', dependsOn: ['made'] },
    { id: 'both', command: 'cat /opt/*/data', dependsOn: ['nix', 'made-too', 'built', 'made'] },
    { id: 'waits', command: WAITS, dependsOn: ['nix', 'made-too', 'built'] },
  ],
};
const STATUSES = ['nix passed', 'made-too passed', 'both passed', 'waits passed'];

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await writeConfig(site, { targets: { t: TARGET } });
  await writeFile(join(site.workspace, 'flake.nix'), flakeThatSays(`built for ${site.newRunId()}`));
});
afterAll(() => site[Symbol.asyncDispose]());

/** The server-sent events of a run, read as they come. */
async function eventsOf(url: string) {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage];
  response.setEncoding('utf8');
  let text = '';
  response.on('data', (piece: string) => {
    text += piece;
  });
  return {
    until: async (said: string) => {
      while (!text.includes(said)) await once(response, 'data');
    },
    ended: once(response, 'end').then(() =>
      text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : [])),
    ),
  };
}
const ended = async (args: string[]) => {
  const { code, stdout, stderr } = await commandLine(site, args).end;
  expect({ args, code, stderr }).toMatchObject({ code: 0 });
  return stdout;
};
const statuses = async (runId: string) =>
  must(await loadRunBundle(site.stateRoot, runId)).run.jobs.map(({ id, status }) => `${id} ${status}`);

it('a run of two levels is listed and followed while it goes on, keeps what it uses, is run again, and collected', async () => {
  const runId = site.newRunId();
  const run = commandLine(site, ['run', 't', '--run-id', runId]);
  await run.said('waits here');

  // Listed and followed, by a terminal and by a browser.
  const listed = JSON.parse(await ended(['list', '--output', 'json']));
  expect(listed.runs).toMatchObject([{ run_id: runId, status: 'running' }]);
  const serving = must(await serve(site.stateRoot, { host: '127.0.0.1', port: 0, token: null }));
  const events = await eventsOf(new URL(`/news/api/forge/pikaci/events/${runId}`, serving.url).href);
  await events.until('"waits"');
  const logs = commandLine(site, ['logs', runId, '--follow']);
  await logs.said('waits here');

  // Everything that nobody uses is collected under its feet.
  const built = must(await loadRunBundle(site.stateRoot, runId)).preparedOutputs?.outputs.find(
    ({ node_id: id }) => id === 'built',
  )?.realized_path;
  expect(built).toMatch(/^\/nix\/store\/[^/]+-tool$/);
  expect(await site.onHost('readlink "$1"/runs/*/holds/*/gc-roots/built/root', site.workDir)).toBe(
    `${built}\n`,
  );
  await site.onHost('nix-store --gc 2>&1 && ls "$1/data"', built ?? '');
  await ended(['gc', '--remote', '--keep-days', '0', '--keep-bytes', '0']);

  await site.release(runId, 'waits');
  expect(await run.end).toMatchObject({ code: 0 });
  expect(await statuses(runId)).toEqual(STATUSES);
  expect((await logs.end).stdout).toContain('built for');
  const told = await events.ended;
  const finished = told.flatMap(({ type, node_id, status }) =>
    type === 'node_finished' ? [[node_id, status]] : [],
  );
  expect(Object.fromEntries(finished)).toEqual(
    Object.fromEntries(['built', 'made', 'nix', 'made-too', 'both', 'waits'].map((id) => [id, 'passed'])),
  );
  expect(told.filter(({ type }) => type === 'run_ended')).toMatchObject([{ status: 'passed' }]);
  await serving.close();
  expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);

  // Run again: the store has lost nothing that was used, and the command's output is the one from before.
  const again = site.newRunId();
  const rerun = commandLine(site, ['rerun', runId, '--run-id', again]);
  await rerun.said('waits here');
  await site.release(again, 'waits');
  expect(await rerun.end).toMatchObject({ code: 0 });
  expect(await statuses(again)).toEqual(STATUSES);
  const { run: record } = must(await loadRunBundle(site.stateRoot, again));
  expect(record).toMatchObject({ rerun_of: runId, status: 'passed' });
  expect(record.prepare_timings.find(({ node_id: id }) => id === 'made')?.cached).toBe(true);

  // Collected, here and there.
  await ended(['gc', '--keep-runs', '0']);
  expect(must(await listRuns(site.stateRoot)).runs).toEqual([]);
  expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  await site.onHost('nix-store --gc 2>&1; test ! -e "$1"', built ?? '');
  await site.onHost('find "$1/snapshots" "$1/prepared" -exec touch -hd "31 days ago" {} +', site.workDir);
  expect(await ended(['gc', '--remote'])).toMatch(/2 snapshots and outputs removed, .* freed, 0 kept/);
  expect(await site.onHost('find "$1/snapshots" "$1/prepared" -mindepth 1', site.workDir)).toBe('');
});
