import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NodeProcesses } from '../../../src/adapters/node/node-processes.js';
import { type EventStream, eventStream } from '../../support/event-stream.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { type Served, served } from '../../support/served.js';

const PATH = `/news/api/forge/pikaci/events/${RUN_ID}`;
const line = (n: number) => `${JSON.stringify({ type: 'warning', message: `number ${n}` })}\n`;
const event = (content: object) => `${JSON.stringify(content)}\n`;
const running = () =>
  runRecord({ status: 'running', finished_at: null, jobs: [runJobRecord('unit', { status: 'running' })] });

const stream = (server: Served, headers: Record<string, string> = {}) => eventStream(server, PATH, headers);

describe('the events of a run', () => {
  it('arrive as they are written, and end with the run', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot, running());
    const events = join(dir, 'events.jsonl');
    const stream_ = await stream(server);
    await writeFile(events, line(1));
    await stream_.saw('number 1');
    await appendFile(events, line(2).slice(0, 9));
    await appendFile(events, line(2).slice(9));
    await stream_.saw('number 2');
    await appendFile(events, line(3));
    await writeFile(join(dir, 'run.json'), JSON.stringify(runRecord()));
    const text = await stream_.ended;
    expect(text.match(/number \d/g)).toEqual(['number 1', 'number 2', 'number 3']);
    expect(text).toMatch(/event: end\ndata: \{"reason":"complete"\}\n\n$/);
  });

  it('go on after the run has ended, while its machines are removed, until its last line', async () => {
    const server = await served();
    const runner = { ...(await new NodeProcesses().self()) };
    const dir = await writeRun(server.stateRoot, { ...running(), runner });
    const events = join(dir, 'events.jsonl');
    await writeFile(events, line(1));
    const stream_ = await stream(server);
    await stream_.saw('number 1');
    await writeFile(join(dir, 'run.json'), JSON.stringify({ ...runRecord(), runner }));
    await appendFile(events, event({ type: 'run_ended', status: 'passed' }));
    await stream_.saw('run_ended');
    // Not yet: a machine is being removed, and may stay.
    await appendFile(events, event({ type: 'cleaned_up', ok: false, message: 'it stayed' }));
    await stream_.saw('it stayed');
    await appendFile(events, event({ type: 'run_closed', ok: false }));
    const text = await stream_.ended;
    expect(text).toMatch(/"run_closed","ok":false\}\n\nevent: end\ndata: \{"reason":"complete"\}\n\n$/);
    const last = [...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? '';
    const behind = await (await stream(server, { 'last-event-id': last })).ended;
    expect(behind).toMatch(/^retry: 1000\n\nevent: end\ndata: \{"reason":"complete"\}\n\n$/);
  });

  it.each(['running', 'passed'] as const)(
    'end and say so when the runner of a %s run is gone without a last line',
    async (status) => {
      const server = await served();
      const runner = { ...(await new NodeProcesses().self()), started: '1' };
      const record = status === 'running' ? running() : runRecord();
      await writeFile(
        join(await writeRun(server.stateRoot, { ...record, runner }), 'events.jsonl'),
        line(1) + event({ type: 'phase_started', phase: 'clean_up' }),
      );
      const text = await (await stream(server)).ended;
      expect(text).toContain('clean_up');
      expect(text).toMatch(/event: end\ndata: \{"reason":"runner_gone"\}\n\n$/);
    },
  );

  it('go on where a client left off', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    await writeFile(join(dir, 'events.jsonl'), line(1) + line(2) + line(3));
    const all = await (await stream(server)).ended;
    const [first = ''] = [...all.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id);
    const rest = await (await stream(server, { 'last-event-id': first })).ended;
    expect(rest.match(/number \d/g)).toEqual(['number 2', 'number 3']);
    for (const id of ['-1', 'x', '99999999999999999999', '1e3', '999999']) {
      const again = await (await stream(server, { 'last-event-id': id })).ended;
      expect(again.match(/number \d/g)).toEqual(['number 1', 'number 2', 'number 3']);
    }
  });

  it('are left out where a line is no event, and cannot forge another', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    const hostile = JSON.stringify({ type: 'warning', message: 'x\n\nevent: end\ndata: forged\r\n\u2028' });
    await writeFile(
      join(dir, 'events.jsonl'),
      `{broken\n\n42\n"text"\n${hostile}\n\u0000\n${line(1)}{"type":"cut`,
    );
    const text = await (await stream(server)).ended;
    expect(text.match(/^id: /gm)).toHaveLength(2);
    expect(text.match(/^event: .*$/gm)).toEqual(['event: end']);
    expect(text).toContain('number 1');
  });

  it('arrive whole when one is larger than what is read at once', async () => {
    const server = await served();
    const dir = await writeRun(server.stateRoot);
    const long = 'x'.repeat(700_000);
    await writeFile(
      join(dir, 'events.jsonl'),
      `${line(1)}${JSON.stringify({ type: 'warning', message: long })}\n${line(2)}`,
    );
    const text = await (await stream(server)).ended;
    expect(text).toContain(long);
    expect(text).toContain('number 2');
  });

  it('are no longer read for a client that has gone, nor when the server closes', async () => {
    const server = await served();
    await writeFile(join(await writeRun(server.stateRoot, running()), 'events.jsonl'), line(1));
    const open = async () =>
      Number(/^pikaci_event_streams_open (\d+)$/m.exec((await server.get('/metrics')).text)?.[1]);
    const gone = await stream(server);
    const stays = await stream(server);
    await gone.saw('number 1');
    await stays.saw('number 1');
    expect(await open()).toBe(2);
    gone.leave();
    await gone.ended;
    await expect.poll(open).toBe(1);
    await server.close();
    await stays.ended;
  });

  it('have a bound to their number', async () => {
    const server = await served();
    await writeRun(server.stateRoot, running());
    const streams: EventStream[] = [];
    for (let n = 0; n < 64; n += 1) streams.push(await stream(server));
    const answer = await server.get(PATH);
    expect(answer.status).toBe(503);
    for (const open of streams) open.leave();
  });

  it('are not followed for who asks for the head only', async () => {
    const server = await served();
    await writeRun(server.stateRoot, running());
    const answer = await server.get(PATH, {}, 'HEAD');
    expect(answer.headers['content-type']).toContain('text/event-stream');
    expect((await server.get('/metrics')).text).toContain('pikaci_event_streams_open 0\n');
  });
});
