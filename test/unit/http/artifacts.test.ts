import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filePath } from '../../../src/streams/name-bytes.js';
import { jobRecord } from '../../support/job-record.js';
import { RUN_ID, writeRun } from '../../support/recorded-run.js';
import { type Served, served } from '../../support/served.js';

async function withArtifacts(
  server: Served,
  paths: readonly string[],
): Promise<{ readonly jobDir: string; get(path: string): ReturnType<Served['get']> }> {
  const jobDir = join(await writeRun(server.stateRoot), 'jobs/unit');
  await mkdir(join(jobDir, 'artifacts/sub'), { recursive: true });
  await writeFile(join(jobDir, 'job.json'), JSON.stringify(jobRecord({}, paths)));
  return {
    jobDir,
    get: (path) => server.get(`/runs/${RUN_ID}/artifacts/unit?path=${encodeURIComponent(path)}`),
  };
}

describe('artifacts', () => {
  it('are files to keep, whatever they hold and however they are named', async () => {
    const server = await served();
    const names = ['sub/page.html', `a "quoted"; name\u00e9'*.svg`, '100%25 #1?.txt'];
    const { jobDir, get } = await withArtifacts(server, names);
    for (const name of names) await writeFile(join(jobDir, 'artifacts', name), `<script>${name}</script>`);
    const page = await server.get(`/runs/${RUN_ID}`);
    for (const name of names) {
      const answer = await get(name);
      expect(answer).toMatchObject({ status: 200, text: `<script>${name}</script>` });
      expect(answer.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
      });
      expect(answer.headers['content-disposition']).toMatch(
        /^attachment; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[A-Za-z0-9._%~!-]+$/,
      );
      const link = `/runs/${RUN_ID}/artifacts/unit?path=${encodeURIComponent(name)}`.replaceAll("'", '&#39;');
      expect(page.text).toContain(`href="${link}"`);
    }
  });

  it('may have names that are not UTF-8, each with a link of its own', async () => {
    const server = await served();
    const names = ['sub/caf\udce9.txt', 'sub/caf\udcea+&.txt'];
    const { jobDir } = await withArtifacts(server, names);
    for (const [at, name] of names.entries())
      await writeFile(filePath(join(jobDir, 'artifacts'), name), `odd ${at}`);
    const { text } = await server.get(`/runs/${RUN_ID}`);
    expect(text).toContain('caf<span class="unseen">\\xE9</span>.txt');
    const links = [...text.matchAll(/href="(\/runs\/[^"]*\/artifacts\/[^"]*)"/g)].map(
      ([, link = '']) => link,
    );
    expect(links.map((link) => link.split('=')[1])).toEqual(['sub%2Fcaf%E9.txt', 'sub%2Fcaf%EA%2B%26.txt']);
    for (const [at, link] of links.entries())
      expect(await server.get(link)).toMatchObject({ status: 200, text: `odd ${at}` });
    const { headers } = await server.get(links[0] ?? '');
    expect(headers['content-disposition']).toBe(
      `attachment; filename="caf_.txt"; filename*=UTF-8''caf%25E9.txt`,
    );
    expect((await server.get(`/runs/${RUN_ID}/artifacts/unit?path=sub%2Fcaf%EB.txt`)).status).toBe(404);
  });

  it('arrive whole when they are large', async () => {
    const server = await served();
    const { jobDir, get } = await withArtifacts(server, ['big']);
    const big = 'pikaci '.repeat(200_000);
    await writeFile(join(jobDir, 'artifacts/big'), big);
    const answer = await get('big');
    expect(answer.headers['content-length']).toBe(String(big.length));
    expect(answer.text === big).toBe(true);
  });

  it('of a record that has names with control characters are to be had as well', async () => {
    const server = await served();
    const name = 'two\nlines \u001b[31m\u0085';
    const { jobDir, get } = await withArtifacts(server, [name]);
    await writeFile(join(jobDir, 'artifacts', name), 'odd');
    expect((await server.get(`/runs/${RUN_ID}`)).text).toContain(`path=${encodeURIComponent(name)}"`);
    const answer = await get(name);
    expect([answer.status, answer.text]).toEqual([200, 'odd']);
    expect(answer.headers['content-disposition']).toContain("filename*=UTF-8''two%0Alines%20%1B%5B31m%C2%85");
  });

  it('that are not there are told to programs as JSON, and to people as a page', async () => {
    const server = await served();
    const { get } = await withArtifacts(server, []);
    const forProgram = await get('gone');
    expect([forProgram.status, JSON.parse(forProgram.text).error.kind]).toEqual([404, 'no_such_artifact']);
    const path = `/runs/${RUN_ID}/artifacts/unit?path=gone`;
    const browser = {
      accept: 'text/html,*/*',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate',
    };
    const forPerson = await server.get(path, browser);
    expect([forPerson.status, forPerson.headers['content-type']]).toEqual([404, 'text/html; charset=UTF-8']);
  });

  it('never lead out of the job, even when its record says so', async () => {
    const server = await served();
    const paths = [
      '../job.json',
      '/etc/passwd',
      'link',
      'sub/../../job.json',
      'way/job.json',
      '.',
      '',
      'sub',
      'a\u0000b',
      'gone',
    ];
    const { jobDir, get } = await withArtifacts(server, paths);
    await symlink('/etc/passwd', join(jobDir, 'artifacts/link'));
    await symlink('..', join(jobDir, 'artifacts/way'));
    for (const path of paths) {
      const answer = await get(path);
      expect([404, 500]).toContain(answer.status);
      expect(answer.text).not.toMatch(/root:|schema_version/);
    }
  });

  it('are only what the record lists', async () => {
    const server = await served();
    const { jobDir, get } = await withArtifacts(server, ['listed']);
    await writeFile(join(jobDir, 'artifacts/other'), 'x');
    expect((await get('other')).status).toBe(404);
    expect((await server.get(`/runs/${RUN_ID}/artifacts/..%2f..?path=listed`)).status).toBe(400);
    expect((await server.get(`/runs/${RUN_ID}/artifacts/unit`)).status).toBe(404);
  });
});
