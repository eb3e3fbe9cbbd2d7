import { describe, expect, it } from 'vitest';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { MemoryHttpClient } from '../../../../src/adapters/memory/memory-http-client.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { RunEvent } from '../../../../src/domain/events/run-event.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import type { HttpAnswer, HttpPost } from '../../../../src/ports/http-client.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

const HEAD = 'c'.repeat(40);
const TAKEN: HttpAnswer = { status: 201, text: '' };

interface Told {
  readonly target?: TargetConfigInput;
  readonly git?: { readonly head: string | null; readonly dirty: boolean };
  readonly env?: Readonly<Record<string, string>>;
  readonly answer?: (post: HttpPost, tries: number) => HttpAnswer | null | Promise<HttpAnswer | null>;
  readonly changedFiles?: readonly string[];
}

/** One run, and what was told of it. */
async function told({
  target = { jobs: [{ id: 'a', command: 'true' }] },
  git = { head: HEAD, dirty: false },
  env = { T: 'the-token' },
  answer = () => TAKEN,
  changedFiles,
}: Told = {}) {
  const host = new MemoryHost({ script: async ({ request }) => (request.command === 'false' ? 1 : 0) });
  const entries = { f: { content: 'f' } };
  await host.setWorkspace('/tree', entries);
  host.scanner.setWorkspace('/tree', { entries, git });
  const http = new MemoryHttpClient();
  http.answer = (post) => answer(post, http.posts.length);
  const events: RunEvent[] = [];
  const report = [{ to: 'gitlab' as const, url: 'https://f.example', token: { env: 'T' }, repo: 'a/b' }];
  const pikaci = must(
    createPikaci(
      { host: 'local', workDir: '/var/pikaci', stateRoot: '/state', targets: { t: target }, report },
      { adapters: { ...host.adapters, http }, env },
    ),
  );
  const run = must(
    await pikaci.runTarget({
      target: 't',
      workspace: '/tree',
      runId: 'run',
      ...(changedFiles === undefined ? {} : { changedFiles }),
      events: { emit: () => {}, emitRun: (event) => void events.push(event) },
    }),
  );
  must(await run.cleanUp);
  await pikaci.close();
  const states = http.posts.map(({ body }) => {
    const { name, state } = JSON.parse(body) as { readonly name: string; readonly state: string };
    return `${name.slice('pikaci/'.length)} ${state}`;
  });
  const warnings = events.flatMap((event) => (event.type === 'run_warning' ? [event.message] : []));
  return { run, http, states, warnings, events };
}

describe('the states of a run', () => {
  it('are told of each job, the last one at the end', async () => {
    const jobs = [
      { id: 'a', command: 'true' },
      { id: 'b', command: 'false' },
      { id: 'c', command: 'true', dependsOn: ['b'] },
    ];
    const { states, http, warnings, events } = await told({ target: { jobs } });
    const last = new Map(states.map((state) => state.split(' ') as [string, string]));
    expect([...last]).toEqual(
      expect.arrayContaining([
        ['a', 'success'],
        ['b', 'failed'],
        ['c', 'failed'],
      ]),
    );
    expect(http.posts[0]?.url).toContain(HEAD);
    expect(warnings).toEqual([]);
    expect(events.at(-1)?.type).toBe('run_closed');
  });

  it('are tried again, and leave the run as it is', async () => {
    const { run, states, warnings } = await told({ answer: (_, tries) => (tries < 3 ? null : TAKEN) });
    expect(run.record.status).toBe('passed');
    expect(states.at(-1)).toBe('a success');
    expect(warnings).toEqual([]);
  });

  it('are given up with a warning, without the token', async () => {
    const { run, warnings } = await told({ answer: () => ({ status: 401, text: 'no' }) });
    expect(run.record.status).toBe('passed');
    expect(warnings.at(-1)).toBe(
      'the state of the job a (passed) was not told to https://f.example: it answered 401',
    );
    expect(warnings.join()).not.toContain('the-token');
  });

  it.each([
    ['there is no commit', { git: { head: null, dirty: false } }, 'the workspace is of no commit'],
    ['the workspace is another', { git: { head: HEAD, dirty: true } }, 'changes that are in no commit'],
    ['there is no token', { env: {} }, 'the environment variable T is not set'],
  ])('are told to nobody, and that is said, where %s', async (_, given, said) => {
    const { http, warnings } = await told(given);
    expect(http.posts).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(said)]);
  });

  it('are those of a run that has nothing to do, too', async () => {
    const target = { jobs: [{ id: 'a', command: 'true' }], filters: ['src/**'] };
    const { run, states } = await told({ target, changedFiles: ['docs/a.md'] });
    expect(run.record.status).toBe('skipped');
    expect(states.at(-1)).toBe('a skipped');
  });
});
