import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otlpReceiver } from '../../support/otlp-receiver.js';
import { playedCommand } from '../../support/played-command.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const OUTER = '00-0123456789abcdef0123456789abcdef-fedcba9876543210-01';
const IDS = Array.from({ length: 10 }, (_, n) => `job-${n}`);
const steps = [
  { id: 'a', command: 'exit 0' },
  { id: 'b', command: 'exit 0' },
];
const CONFIG = {
  host: 'local',
  targets: {
    ten: { parallel: 4, jobs: IDS.map((id) => ({ id, steps })) },
    bad: { jobs: [{ id: 'bad', command: 'exit 7' }] },
  },
};

let command: Awaited<ReturnType<typeof playedCommand>>;
let here: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  command = await playedCommand();
  here = await temporaryDirectory();
  await writeFile(join(here.path, 'pikaci.config.json'), JSON.stringify(CONFIG));
}, 100_000);
afterAll(async () => {
  await here?.[Symbol.asyncDispose]();
  await command?.[Symbol.asyncDispose]();
});

/** The command line as it is, on a host in memory. */
async function run(target: string, env: Record<string, string>) {
  const child = spawn(join(command.folder, 'pikaci'), ['run', target], {
    cwd: here.path,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: here.path, ...env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

describe('the spans of a command', () => {
  it.each(['http/protobuf', 'http/json'])('of a run of ten jobs arrive complete, as %s', async (protocol) => {
    await using receiver = await otlpReceiver();
    const { code, stderr } = await run('ten', {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20abc',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=ci',
      TRACEPARENT: OUTER,
    });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('traces')]);
    expect(new Set(receiver.requests.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
    expect(receiver.requests[0]?.headers['authorization']).toBe('Basic abc');
    const { spans } = receiver;
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['pikaci']));
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([OUTER.split('-')[1]]));
    const [whole] = spans.filter(({ name }) => name === 'RUN ten');
    expect(whole?.parentSpanId).toBe(OUTER.split('-')[2]);
    const below = (id: string | undefined) => spans.filter(({ parentSpanId }) => parentSpanId === id);
    const jobs = below(whole?.spanId);
    expect(jobs.map(({ name }) => name).sort()).toEqual(IDS);
    for (const job of jobs) {
      expect(job.attributes).toMatchObject({
        'cicd.pipeline.task.run.result': 'success',
        'process.exit.code': 0,
      });
      const phases = below(job.spanId);
      expect(phases.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'stage_workspace_snapshot',
          'launch_guest',
          'wait_for_completion',
          'clean_up',
        ]),
      );
      const [waiting] = phases.filter(({ name }) => name === 'wait_for_completion');
      expect(below(waiting?.spanId).map(({ name }) => name)).toEqual(['a', 'b']);
    }
    for (const { startNanos, endNanos } of spans) expect(endNanos >= startNanos).toBe(true);
  });

  it('say what failed, and leave the exit status as it is', async () => {
    await using receiver = await otlpReceiver();
    const { code } = await run('bad', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/own/path` });
    expect(code).toBe(1);
    expect(receiver.requests[0]?.path).toBe('/own/path');
    const [job] = receiver.spans.filter(({ name }) => name === 'bad');
    expect(job).toMatchObject({ error: expect.stringContaining('7'), attributes: { 'error.type': 'exit' } });
  });

  it('are not sent where nobody asks for them', async () => {
    await using receiver = await otlpReceiver();
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    await run('bad', { ...endpoint, OTEL_SDK_DISABLED: 'true' });
    await run('bad', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' });
    expect(receiver.requests).toEqual([]);
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"'],
    ['OTEL_TRACES_EXPORTER', 'zipkin', 'OTEL_TRACES_EXPORTER is "zipkin"'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', 'OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL'],
  ])('are not sent by %s=%s, which is said', async (name, value, said) => {
    await using receiver = await otlpReceiver();
    const { code, stderr } = await run('bad', { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, [name]: value });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`pikaci: ${said}`)]);
    expect(receiver.requests).toEqual([]);
  });

  it.each([
    ['refuses them', { status: 401 } as const, 'traces could not be sent'],
    ['does not answer', 'never' as const, 'traces may not all have been sent'],
  ])('cost a warning where the collector %s', async (_, answer, said) => {
    await using receiver = await otlpReceiver(answer);
    const { code, stderr } = await run('ten', { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect([code, stderr]).toEqual([0, expect.stringContaining(said)]);
  });
});
