import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machineStateLayout, stepStateLayout } from '../../../src/domain/records/machine-layout.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { stepRecord, writeSteps } from '../../support/job-steps.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { memoryRun } from '../application/memory-run.js';
import { Cli, type CliOptions, configWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

/** What a job might write to fool who looks at it; its colour is all that a terminal may get. */
const PIECES = [
  'first\n\x1b]0;a ti',
  'tle\x07\x1b]52;c;cm0gLXJm\x1b',
  '\\\x1b[2J\x1b[1;1H\x1b[3',
  '1mred\x1b[0m \x9b2Jlast\x1b[?1049h\n',
];
const LOG = PIECES.join('');
const SHOWN = 'first\n\x1b[31mred\x1b[0m \\x9b2Jlast\x1b[0m\n';
const LINES = ['first', 'red \\x9b2Jlast'];

const script: JobScript = async (job) => {
  for (const piece of PIECES) job.log(piece);
  return job.end({});
};

interface Case {
  readonly argv: readonly string[];
  readonly cli: (options: CliOptions) => Promise<Cli>;
}

async function recorded(options: CliOptions): Promise<Cli> {
  const cli = new Cli({ files: {}, ...options });
  const jobs = [runJobRecord('a'), runJobRecord('b')];
  const runDir = await writeRun(join(cli.folder, '.pikaci'), runRecord({ jobs }));
  for (const log of ['guest.log', 'host.log']) await writeFile(join(runDir, 'jobs/a', log), LOG);
  const step = stepRecord('build', { log_start: 0, log_end: Buffer.byteLength(LOG) });
  await writeSteps(runDir, 'a', [step]);
  return cli;
}

async function onMachine(options: CliOptions): Promise<Cli> {
  const run = await memoryRun({
    script: async ({ write }) => {
      for (const piece of PIECES) write(piece);
      return 0;
    },
  });
  const machine = must(await run.pikaci.openMachine({ id: 'm1' }));
  must(await machine.leave());
  const other = new Cli();
  other.pikaci.machines = run.another();
  expect(await other.run('machine', 'run', '--step', 'old', 'm1', 'x')).toBe(0);
  const cli = new Cli({ ...options, cwd: other.folder });
  cli.pikaci.machines = run.another();
  return cli;
}

async function withStep(options: CliOptions): Promise<Cli> {
  const cli = new Cli({ files: {}, ...options });
  const layout = stepStateLayout(machineStateLayout(join(cli.folder, '.pikaci'), 'm1'), 's');
  await mkdir(dirname(layout.guestLog), { recursive: true });
  await writeFile(layout.guestLog, LOG);
  return cli;
}

const running = async (options: CliOptions) => new Cli({ ...options, script });

const CASES: Readonly<Record<string, Case>> = {
  'logs of a job': { argv: ['logs', RUN_ID, '--job', 'a'], cli: recorded },
  'logs of the host': { argv: ['logs', RUN_ID, '--job', 'a', '--kind', 'host'], cli: recorded },
  'logs of a step': { argv: ['logs', RUN_ID, '--job', 'a', '--step', 'build'], cli: recorded },
  'logs --follow': { argv: ['logs', RUN_ID, '--job', 'a', '--follow'], cli: recorded },
  run: { argv: ['run'], cli: running },
  attach: { argv: ['attach', RUN_ID, 'a'], cli: running },
  'machine run': { argv: ['machine', 'run', 'm1', 'x'], cli: onMachine },
  'machine logs': { argv: ['machine', 'logs', 'm1', 's'], cli: withStep },
  'machine logs --follow': { argv: ['machine', 'logs', '--follow', 'm1', 'old'], cli: onMachine },
};

describe.each(Object.entries(CASES))('%s', (_name, { argv, cli: made }) => {
  it.each([['plain'], ['live']])('gives a terminal nothing but text and colours (%s)', async (view) => {
    const env: Record<string, string> = view === 'plain' ? { CI: '1' } : {};
    const cli = await made({ terminal: true, env });
    expect(await cli.run(...argv)).toBe(0);
    expect(cli.stdout.text).toContain('\x1b[31mred\x1b[0m');
    if (view === 'plain') expect(cli.stdout.text).toBe(SHOWN);
    const screen = await cli.terminal.everything();
    const at = screen.indexOf('first');
    expect(screen.slice(at, at + 2)).toEqual(LINES);
  });

  it('lets all of it through with --raw, and shows no tree', async () => {
    const cli = await made({ terminal: true });
    const [command = '', ...rest] = argv;
    const words = command === 'machine' ? [rest[0] ?? '', '--raw', ...rest.slice(1)] : ['--raw', ...rest];
    expect(await cli.run(command, ...words)).toBe(0);
    expect(cli.stdout.bytes).toEqual(Buffer.from(LOG));
    expect(cli.stderr.text).not.toContain('\x1b[?2026h');
  });

  it('gives a pipe every byte', async () => {
    const cli = await made({ terminal: true, piped: true });
    expect(await cli.run(...argv)).toBe(0);
    expect(cli.stdout.bytes).toEqual(Buffer.from(LOG));
  });
});

describe('what several jobs share', () => {
  it('logs of a run lead each line by its job, whatever it tried to write over', async () => {
    const cli = await recorded({ terminal: true });
    await writeFile(join(cli.folder, '.pikaci/runs', RUN_ID, 'jobs/b/guest.log'), '\x1b[32mg\rx\x1b[A\n\n');
    expect(await cli.run('logs', RUN_ID)).toBe(0);
    expect(await cli.terminal.screen()).toEqual([...LINES.map((line) => `[a] ${line}`), '[b] x', '[b] ']);
    const raw = new Cli({ cwd: cli.folder, terminal: true });
    expect(await raw.run('logs', RUN_ID, '--raw')).toBe(0);
    expect(raw.stdout.text).toContain('[b] \x1b[32mg\rx\x1b[A\n[b] \n');
  });

  it('a line that a guest has left open in colour ends before a message of pikaci', async () => {
    const cli = new Cli({
      files: { 'pikaci.config.json': configWith(['a']) },
      terminal: true,
      env: { CI: '1', NO_COLOR: '1' },
      script: async (job) => {
        job.log('\x1b[31mhalf');
        job.emit({ type: 'warning', message: 'w' });
        job.log(' and half\n');
        return job.end({});
      },
    });
    expect(await cli.run('run')).toBe(0);
    expect(cli.stdout.text).toBe('\x1b[31mhalf\x1b[0m\x1b[31m and half\x1b[0m\n');
    expect(await cli.terminal.screen()).toEqual(
      expect.arrayContaining(['half', '[a] warning: w', ' and half']),
    );
  });

  it('a message below a step that has left its line open begins a line of its own', async () => {
    const run = await memoryRun({
      script: async ({ write, cancelled }) => {
        write('\x1b[31mhalf');
        await cancelled;
        return 143;
      },
    });
    must(await must(await run.pikaci.openMachine({ id: 'm1' })).leave());
    const cli = new Cli({ terminal: true });
    cli.pikaci.machines = run.another();
    const exit = cli.run('machine', 'run', '--on-interrupt', 'detach', '--step', 's', 'm1', 'x');
    await cli.stdout.shows('half');
    cli.ctrlC();
    expect(await exit).toBe(130);
    expect(cli.stdout.text).toBe('\x1b[31mhalf\x1b[0m');
    expect((await cli.terminal.screen()).at(-1)).toMatch(/^pikaci: the step s goes on: "pikaci machine/);
  });

  it('JSON has nothing but plain text either', async () => {
    const cli = new Cli({
      terminal: true,
      script: async (job) => {
        job.log('\x1b[2J\x9b2J\u202e\x7f\n');
        return job.end({ message: '\x9b2J' });
      },
    });
    expect(await cli.run('run', '--output', 'jsonl')).toBe(0);
    expect(cli.stdout.text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(cli.events.find(({ type }) => type === 'log')).toMatchObject({
      text: '\x1b[2J\x9b2J\u202e\x7f\n',
    });
  });
});
