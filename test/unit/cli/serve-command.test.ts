import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostsDocument } from '../../../src/domain/records/host-documents.js';
import { RUN_ID, runRecord, writeRun } from '../../support/recorded-run.js';
import { sampleHosts } from '../../support/sample-hosts.js';
import { Cli } from './cli-harness.js';

/** The address, once it has been printed. */
async function address(cli: Cli): Promise<string> {
  await expect.poll(() => cli.stdout.text, { timeout: 30_000 }).toMatch(/^http:\/\/\S+\n$/);
  return cli.stdout.text.trim();
}

describe('pikaci serve', () => {
  it('prints where it listens, answers, and frees the port at Ctrl-C', async () => {
    const cli = new Cli();
    const ended = cli.run('serve', '--port', '0', '--state-root', 'state');
    const url = await address(cli);
    const answer = await fetch(`${url}/news/api/forge/pikaci/run/nobody`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { kind: 'no_such_run' } });
    cli.ctrlC();
    expect(await ended).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('wants the token that the environment has', async () => {
    const cli = new Cli({ env: { PIKACI_SERVE_TOKEN: 'a-token-of-some-length' } });
    const ended = cli.run('serve', '--port', '0');
    const url = await address(cli);
    expect((await fetch(url)).status).toBe(401);
    const headers = { authorization: 'Bearer a-token-of-some-length' };
    expect((await fetch(url, { headers })).status).toBe(200);
    cli.ctrlC();
    expect(await ended).toBe(0);
  });

  it('refuses to be reached from elsewhere without a token, or with a short one', async () => {
    const cli = new Cli();
    expect(await cli.run('serve', '--listen', '0.0.0.0', '--port', '0')).toBe(2);
    expect(cli.stderr.text).toContain('$PIKACI_SERVE_TOKEN');
    const short = new Cli({ env: { PIKACI_SERVE_TOKEN: 'short' } });
    expect(await short.run('serve', '--port', '0')).toBe(2);
    expect(short.stderr.text).not.toContain('short ');
  });

  it('says that a port is taken, and which numbers are ports', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const taken = other.address();
    const port = taken !== null && typeof taken === 'object' ? String(taken.port) : '';
    const cli = new Cli();
    expect(await cli.run('serve', '--port', port)).toBe(3);
    expect(cli.stderr.text).toContain('EADDRINUSE');
    other.close();
    expect(await new Cli().run('serve', '--port', '65536')).toBe(2);
  });

  it('runs again what is asked for from a page, one after the other, and says how that ended', async () => {
    const cli = new Cli({ env: { PIKACI_SERVE_TOKEN: 'a-token-of-some-length' } });
    await writeRun(join(cli.folder, '.pikaci'), runRecord({ source_root: cli.folder }));
    const ended = cli.run('serve', '--port', '0', '--actions');
    const url = await address(cli);
    const headers = { authorization: 'Bearer a-token-of-some-length' };
    const post = async (path: string) => {
      const answer = await fetch(`${url}/runs/${path}`, { method: 'POST', headers });
      return [answer.status, (await answer.json()) as { run?: string; error?: object }] as const;
    };
    const [status, body] = await post(`${RUN_ID}/rerun-failed`);
    expect([status, Object.keys(body)]).toEqual([202, ['run']]);
    await expect.poll(() => cli.stderr.text).toContain(`the run ${body.run}: `);
    expect(cli.created).toHaveLength(1);
    const page = await fetch(`${url}/runs/${body.run}`, { headers });
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('there is no run')]);
    // What was not trusted stays so: its folder has the configuration.
    const options = { backend: 'incus', trust: 'untrusted' } as const;
    await writeRun(
      join(cli.folder, '.pikaci'),
      runRecord({ run_id: 'fork', source_root: cli.folder, options }),
    );
    const [, fork] = await post('fork/rerun');
    await expect.poll(() => cli.stderr.text).toMatch(new RegExp(`the run ${fork.run}: .*trust`));
    expect(cli.created).toHaveLength(1);
    expect(await post(`${RUN_ID}/resume`)).toMatchObject([
      409,
      { error: { message: expect.stringContaining('is not interrupted: it is passed') } },
    ]);
    expect(await post(`${RUN_ID}/cancel`)).toMatchObject([
      409,
      { error: { message: expect.stringContaining('it is passed') } },
    ]);
    expect(await post('nope/rerun')).toMatchObject([
      409,
      { error: { message: expect.stringContaining('there is no run nope') } },
    ]);
    cli.ctrlC();
    expect(await ended).toBe(0);
  });

  it('shows the hosts of its configuration, of which one that is silent holds no page up', async () => {
    const cli = new Cli();
    const silent = new Promise<never>(() => undefined);
    let looks = 0;
    cli.pikaci.hosts = ({ signal } = {}) => {
      looks += 1;
      if (looks === 1) return Promise.resolve(sampleHosts());
      return Promise.race([silent, new Promise<never>((_, no) => signal?.addEventListener('abort', no))]);
    };
    const ended = cli.run('serve', '--port', '0', '--hosts');
    const url = await address(cli);
    const seen = async () =>
      (await (await fetch(`${url}/news/api/forge/pikaci/hosts`)).json()) as HostsDocument;
    expect((await seen()).hosts).toHaveLength(2);
    cli.clock.advance(5_000);
    const again = seen();
    await cli.clock.asleepFor(2_000);
    expect(looks).toBe(2);
    cli.clock.advance(2_000);
    expect(await again).toEqual(sampleHosts());
    cli.ctrlC();
    expect(await ended).toBe(0);
    expect(await new Cli({ files: {} }).run('serve', '--port', '0', '--hosts')).toBe(2);
  });

  it('changes nothing from a page without a token, or without a configuration', async () => {
    const cli = new Cli();
    expect(await cli.run('serve', '--port', '0', '--actions')).toBe(2);
    expect(cli.stderr.text).toContain('who may change runs shows a token');
    const open = new Cli();
    expect(await open.run('serve', '--port', '0', '--terminal')).toBe(2);
    expect(open.stderr.text).toContain('a terminal is for whoever shows a token');
    const none = new Cli({ files: {}, env: { PIKACI_SERVE_TOKEN: 'a-token-of-some-length' } });
    expect(await none.run('serve', '--port', '0', '--actions')).toBe(2);
  });
});
