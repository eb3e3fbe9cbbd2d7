import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type EventStream, eventStream } from '../../support/event-stream.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { served } from '../../support/served.js';

const PATH = `/runs/${RUN_ID}/logs/unit/lines`;
const RUNNING = runRecord({
  status: 'running',
  finished_at: null,
  jobs: [runJobRecord('unit', { status: 'running' })],
});

/** The numbers of whole lines in what was sent, in their order. */
const numbersIn = (text: string) =>
  [...text.matchAll(/class=\\"line\\" id=\\"L(\d+)\\"/g)].map(([, number]) => Number(number));
const lastId = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';

async function growing() {
  const server = await served();
  const dir = await writeRun(server.stateRoot, RUNNING);
  const log = join(dir, 'jobs/unit/guest.log');
  await writeFile(log, 'one\ntwo\n');
  const open = (headers: Record<string, string> = {}, query = ''): Promise<EventStream> =>
    eventStream(server, PATH + query, headers);
  const end = () => writeFile(join(dir, 'run.json'), JSON.stringify(runRecord()));
  return { server, log, open, end };
}

describe('the lines of a log', () => {
  it('come as they are written, and end with the job', async () => {
    const { log, open, end } = await growing();
    const stream = await open();
    await stream.saw('L2');
    await appendFile(log, '\u001b[31mthree');
    await stream.saw('line tail');
    await appendFile(log, '\nfour');
    await stream.saw('L4');
    await end();
    const text = await stream.ended;
    expect(numbersIn(text)).toEqual([1, 2, 3]);
    expect(text).toContain('<span class=\\"fg-red\\">four</span>');
    expect(lastId(text)).toBe('19.4.38;5;1');
    expect(text).toMatch(/event: end\ndata: \{\}\n\n$/);
  });

  it('go on where a client left off, by header or by address, with neither loss nor double', async () => {
    const { log, open, end } = await growing();
    const first = await open();
    await first.saw('L2');
    await appendFile(log, 'thr');
    await first.saw('line tail');
    first.leave();
    const id = lastId(await first.ended);
    expect(id).toBe('8.3.');
    await appendFile(log, 'ee\nfour\n');
    await end();
    expect(numbersIn(await (await open({ 'last-event-id': id })).ended)).toEqual([3, 4]);
    expect(numbersIn(await (await open({}, `?from=${id}`)).ended)).toEqual([3, 4]);
    expect(numbersIn(await (await open({ 'last-event-id': id }, '?from=0.1.')).ended)).toEqual([3, 4]);
    expect(numbersIn(await (await open({}, '?from=nonsense')).ended)).toEqual([1, 2, 3, 4]);
    expect(numbersIn(await (await open({}, '?from=999999.7.')).ended)).toEqual([]);
  });

  it('neither miss nor double a line when an attach cuts the log back and writes it again', async () => {
    const { log, open, end } = await growing();
    const stream = await open();
    await appendFile(log, 'three\nfou');
    await stream.saw('fou');
    await truncate(log, 6);
    await appendFile(log, 'o\nthree\n');
    await appendFile(log, 'four\nfive\n');
    await stream.saw('L5');
    await end();
    expect(numbersIn(await stream.ended)).toEqual([1, 2, 3, 4, 5]);
  });

  it('are refused for what is not there', async () => {
    const { server } = await growing();
    for (const [path, status] of [
      [`/runs/nobody/logs/unit/lines`, 404],
      [`/runs/${RUN_ID}/logs/nobody/lines`, 404],
      [`${PATH}?kind=both`, 400],
      [`/runs/..%2f..%2fetc/logs/unit/lines`, 400],
    ] as const)
      expect((await server.get(path)).status).toBe(status);
    expect((await server.get(PATH, {}, 'HEAD')).headers['content-type']).toContain('text/event-stream');
  });
});
