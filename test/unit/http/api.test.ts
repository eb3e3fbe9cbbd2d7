import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveRuns } from '../../../src/adapters/http/serve.js';
import { MemoryProcesses } from '../../../src/adapters/memory/memory-processes.js';
import { loadRunBundle } from '../../../src/application/records/load-run-bundle.js';
import * as source from '../../../src/composition/run-state.js';
import { brokenPreparedOutputs, denyingFiles } from '../../support/broken-prepared-outputs.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { served } from '../../support/served.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const BRANCH_LOGS = '/news/api/forge/branch/main/logs';
const PREPARED = {
  schema_version: 1,
  outputs: [
    {
      node_id: 'deps',
      installable: '.#deps',
      output_name: 'out',
      protocol: 'nix_store_path_v1',
      realized_path: '/nix/store/x',
    },
  ],
};

describe('the JSON interface', () => {
  it('gives the record of a run, and which logs it has', async () => {
    const server = await served();
    await writeRun(server.stateRoot);
    const run = await server.get(`/news/api/forge/pikaci/run/${RUN_ID}`);
    expect(run.status).toBe(200);
    expect(run.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(run.text)).toMatchObject({ run_id: RUN_ID, git_branch: 'main', status: 'passed' });
  });

  it('gives the logs of one job and one kind, as asked', async () => {
    const server = await served();
    const jobs = [runJobRecord('unit'), runJobRecord('lint')];
    await writeRun(server.stateRoot, runRecord({ jobs }));
    const logs = async (query: string) =>
      JSON.parse((await server.get(`/news/api/forge/pikaci/logs/${RUN_ID}${query}`)).text);
    expect(await logs('?job=lint&kind=guest')).toMatchObject({
      job: 'lint',
      guest: 'guest of lint\n',
      host: null,
    });
    expect((await logs('')).host).toContain('==> unit <==\nhost of unit\n');
    expect((await logs('?kind=nonsense')).error.kind).toBe('invalid_request');
    expect((await logs('?job=nobody')).error.kind).toBe('no_such_job');
    expect((await logs('?job=..%2F..%2Fetc')).error.kind).toBe('invalid_id');
  });

  it('gives the prepared outputs, and 404 where there are none', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    const path = `/news/api/forge/pikaci/prepared-outputs/${RUN_ID}`;
    expect((await server.get(path)).status).toBe(404);
    await writeFile(join(dir, 'prepared-outputs.json'), JSON.stringify(PREPARED));
    expect(JSON.parse((await server.get(path)).text)).toMatchObject(PREPARED);
  });

  it('gives the newest run of a branch, also of one with slashes', async () => {
    const server = await served();
    const run = (run_id: string, git_branch: string, created_at: string) =>
      writeRun(server.stateRoot, runRecord({ run_id, git_branch, created_at }));
    await run('old', 'feature/x', '2026-11-01T00:00:00.000Z');
    await run('new', 'feature/x', '2026-11-02T00:00:00.000Z');
    await run('other', 'main', '2026-11-03T00:00:00.000Z');
    await run('called-logs', 'feature/logs', '2026-11-04T00:00:00.000Z');
    const logs = await server.get('/news/api/forge/branch/feature/logs/logs');
    expect(JSON.parse(logs.text).pikaci_run.run_id).toBe('called-logs');
    for (const branch of ['feature/x', 'feature%2Fx', 'feature%2fx']) {
      const answer = await server.get(`/news/api/forge/branch/${branch}/logs`);
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text).pikaci_run.run_id).toBe('new');
    }
    const none = await server.get('/news/api/forge/branch/nobody/logs');
    expect(none.status).toBe(404);
    expect(JSON.parse(none.text).error.message).toContain('nobody');
  });

  it.each(['a..b', '%2e%2e', '..%2f..%2fetc', 'a%00b', 'a%20b', '-x', 'a%5Cb', 'x.lock', 'a%0Ab', '%ff'])(
    'refuses what is not the name of a branch: %s',
    async (branch) => {
      const server = await served();
      const answer = await server.get(`/news/api/forge/branch/${branch}/logs`);
      expect([400, 404]).toContain(answer.status);
      expect(JSON.parse(answer.text).error.kind).toMatch(/invalid_request|not_found/);
    },
  );

  it.each([
    '..',
    '%2e%2e',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '..%2f..%2fetc%2fpasswd',
    '..%5c..%5cetc',
    '%252e%252e%252fetc',
    '....//....//etc/passwd',
    'x%00.json',
    '.hidden',
    '/etc/passwd',
    '%c0%ae%c0%ae%c0%af',
  ])('does not leave the state root for the run %s', async (id) => {
    const server = await served();
    await writeRun(server.stateRoot);
    await writeFile(join(server.stateRoot, 'run.json'), JSON.stringify(runRecord({ message: 'outside' })));
    for (const kind of ['run', 'logs', 'prepared-outputs', 'events']) {
      const answer = await server.get(`/news/api/forge/pikaci/${kind}/${id}`);
      expect([400, 404]).toContain(answer.status);
      expect(answer.text).not.toContain('outside');
    }
  });

  it('says which run is not there, and which record is damaged', async () => {
    const server = await served();
    const missing = await server.get('/news/api/forge/pikaci/run/nobody');
    expect(missing.status).toBe(404);
    expect(JSON.parse(missing.text).error).toEqual({
      kind: 'no_such_run',
      message: 'there is no run nobody',
    });
    const dir = await writeRun(server.stateRoot);
    await writeFile(join(dir, 'run.json'), '{');
    const damaged = await server.get(`/news/api/forge/pikaci/run/${RUN_ID}`);
    expect(damaged.status).toBe(500);
    expect(JSON.parse(damaged.text).error.kind).toBe('damaged');
  });
});

describe('the addresses for programs', async () => {
  const docs = await readFile(join(repositoryRoot, 'docs/serve.md'), 'utf8');
  const addresses = [...docs.matchAll(/^\| `GET ([^`]+)` \|/gm)].map(([, address = '']) => address);
  /** What some clients send that are no browsers. */
  const accept = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';

  it('are in the table', () => expect(addresses).toHaveLength(10));

  it.each(addresses.filter((address) => !/^\/(metrics$|badge\/|.*\/hosts$)/.test(address)))(
    'answer errors of %s as JSON',
    async (address) => {
      const server = await served();
      const dir = await writeRun(server.stateRoot);
      const of = (run: string) =>
        server.get(address.replace('RUN', run).replace('JOB', 'unit').replace('BRANCH', run), { accept });
      for (const [run, status] of [
        ['nobody', 404],
        ['.hidden', 400],
      ] as const) {
        const answer = await of(run);
        expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json']);
        expect(JSON.parse(answer.text).error).toMatchObject({
          kind: expect.any(String),
          message: expect.any(String),
        });
      }
      if (address.includes('BRANCH')) return;
      await writeFile(join(dir, 'run.json'), '{');
      const damaged = await of(RUN_ID);
      expect(JSON.parse(damaged.text).error.kind).toMatch(/^(damaged|no_such_artifact|no_such_job)$/);
    },
  );

  it.each(['/news/api/forge/pikaci/run/', '/news/api/forge/nothing', '/news/'])(
    'answer as JSON also where there is none: %s',
    async (address) => {
      const answer = await (await served()).get(address, { accept });
      expect([answer.status, JSON.parse(answer.text).error.kind]).toEqual([404, 'not_found']);
    },
  );
});

describe('GET /news/api/forge/branch/:branch/logs', () => {
  it('api forge branch logs keeps run metadata when prepared outputs are invalid', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    await writeFile(join(dir, 'prepared-outputs.json'), '{ this is not json');
    const answer = await server.get(BRANCH_LOGS);
    expect(answer.status).toBe(200);
    const body = JSON.parse(answer.text);
    expect(body.branch).toBe('main');
    expect(body.pikaci_run).toMatchObject({ run_id: RUN_ID, status: 'passed' });
    expect(body.pikaci_log_metadata.jobs).toMatchObject([{ id: 'unit', guest_log_exists: true }]);
    expect(body.pikaci_prepared_outputs).toBeNull();
  });

  it.each(Object.entries(brokenPreparedOutputs))(
    'answers 200 when the prepared outputs are %s',
    async (_, breakIt) => {
      const server = await served();
      const dir = await writeRun(server.stateRoot);
      await breakIt(join(dir, 'prepared-outputs.json'));
      const answer = await server.get(BRANCH_LOGS);
      expect(answer.status).toBe(200);
      const body = JSON.parse(answer.text);
      expect(body.pikaci_run.run_id).toBe(RUN_ID);
      expect(body.pikaci_log_metadata.jobs).toMatchObject([{ id: 'unit', guest_log_exists: true }]);
      expect(body.pikaci_prepared_outputs).toBeNull();
      expect((await server.get(`/runs/${RUN_ID}`)).status).toBe(200);
    },
  );

  it('answers 200 when the prepared outputs may not be read', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(await writeRun(root.path), 'prepared-outputs.json'), JSON.stringify(PREPARED));
    const denied = {
      ...source,
      loadRunBundle: (stateRoot: string, runId: string) =>
        loadRunBundle({ files: denyingFiles(), processes: new MemoryProcesses() }, { stateRoot, runId }),
    };
    const runs = { stateRoot: root.path, source: denied };
    const options = { host: '127.0.0.1', port: 0, token: null };
    await using serving = (await serveRuns(runs, options))._unsafeUnwrap();
    const answer = await fetch(serving.url + BRANCH_LOGS);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      pikaci_run: { run_id: RUN_ID },
      pikaci_prepared_outputs: null,
    });
  });

  it('gives prepared outputs that can be read', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    await writeFile(join(dir, 'prepared-outputs.json'), JSON.stringify(PREPARED));
    expect(JSON.parse((await server.get(BRANCH_LOGS)).text).pikaci_prepared_outputs).toMatchObject(PREPARED);
  });
});
