import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { jobRecord } from '../../support/job-record.js';
import { RUN_ID, writeRun } from '../../support/recorded-run.js';
import { type Served, served } from '../../support/served.js';

const WRITTEN = new Date('2026-01-02T03:04:05Z');
const LATER = new Date('2026-01-02T03:04:06Z');
const BIG = Buffer.from('0123456789'.repeat(300_000));

describe.each(['a log', 'an artifact'])('%s', (what) => {
  let server: Served;
  let file: string;
  let get: (headers?: Record<string, string>, method?: string) => ReturnType<Served['get']>;

  beforeEach(async () => {
    server = await served();
    const jobDir = join(await writeRun(server.stateRoot), 'jobs/unit');
    await mkdir(join(jobDir, 'artifacts'), { recursive: true });
    await writeFile(join(jobDir, 'job.json'), JSON.stringify(jobRecord({}, ['file'])));
    file = join(jobDir, what === 'a log' ? 'guest.log' : 'artifacts/file');
    const path = what === 'a log' ? 'logs/unit/raw' : 'artifacts/unit?path=file';
    get = (headers, method) => server.get(`/runs/${RUN_ID}/${path}`, headers, method);
    await write('0123456789');
  });

  async function write(content: string | Buffer, at = WRITTEN): Promise<void> {
    await writeFile(file, content);
    await utimes(file, at, at);
  }

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10'],
    ['bytes=5-4000', '56789', 'bytes 5-9/10'],
    ['bytes=-4', '6789', 'bytes 6-9/10'],
    ['bytes=-400', '0123456789', 'bytes 0-9/10'],
  ])('gives the part that %s asks for', async (range, text, contentRange) => {
    const answer = await get({ range });
    expect([answer.status, answer.text]).toEqual([206, text]);
    expect(answer.headers).toMatchObject({
      'content-range': contentRange,
      'content-length': String(text.length),
      'accept-ranges': 'bytes',
    });
  });

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])(
    'says how long it is when %s has none of it',
    async (range) => {
      const answer = await get({ range });
      expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */10']);
      expect(JSON.parse(answer.text).error.kind).toBe('invalid_range');
    },
  );

  it.each(['bytes=4-2', 'bytes=a-b', 'lines=0-3', 'bytes=0-1,4-5', 'bytes=-', '0-3'])(
    'comes whole for %s',
    async (range) => {
      const answer = await get({ range });
      expect([answer.status, answer.text]).toEqual([200, '0123456789']);
    },
  );

  it('has its parts put together to the whole, in whatever pieces it is read', async () => {
    await write(BIG);
    const half = 1_500_000;
    const parts = [await get({ range: `bytes=0-${half - 1}` }), await get({ range: `bytes=${half}-` })];
    expect(parts.map(({ status, text }) => [status, text.length])).toEqual([
      [206, half],
      [206, BIG.length - half],
    ]);
    expect(parts.map(({ text }) => text).join('') === BIG.toString()).toBe(true);
  });

  it('is not sent again to whoever has it', async () => {
    const first = await get();
    const { etag = '', 'last-modified': modified = '' } = first.headers;
    expect([first.status, modified]).toEqual([200, WRITTEN.toUTCString()]);
    for (const headers of [
      { 'if-none-match': etag },
      { 'if-none-match': `"other", W/${etag}` },
      { 'if-none-match': '*' },
      { 'if-modified-since': modified },
      { 'if-none-match': etag, 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT', range: 'bytes=0-1' },
    ] satisfies Record<string, string>[]) {
      const again = await get(headers);
      expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
    }
    for (const headers of [
      { 'if-none-match': '"other"' },
      { 'if-none-match': '"other"', 'if-modified-since': modified },
      { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
      { 'if-modified-since': 'once' },
    ] satisfies Record<string, string>[])
      expect((await get(headers)).status).toBe(200);
  });

  it('is sent again when it has changed, whether it is longer or not', async () => {
    const { etag = '', 'last-modified': modified = '' } = (await get()).headers;
    for (const [content, at] of [
      ['0123456789a', WRITTEN],
      ['9876543210', LATER],
    ] as const) {
      await write(content, at);
      expect((await get({ 'if-none-match': etag })).text).toBe(content);
      // A part of another state would not fit the rest.
      const part = await get({ range: 'bytes=5-', 'if-range': etag });
      expect([part.status, part.text]).toEqual([200, content]);
    }
    expect((await get({ 'if-modified-since': modified })).status).toBe(200);
    const current = (await get()).headers.etag ?? '';
    const part = await get({ range: 'bytes=5-', 'if-range': current });
    expect([part.status, part.text]).toEqual([206, '43210']);
  });

  it('has no date while it is being written, since a date has whole seconds', async () => {
    await write('new', new Date());
    const answer = await get();
    expect(answer.headers['last-modified']).toBeUndefined();
    expect(answer.headers.etag).toMatch(/^"[0-9a-z]+-[0-9a-z]+"$/);
  });

  it('is told of with HEAD, without a byte of it', async () => {
    const answer = await get({}, 'HEAD');
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '10']);
  });
});
